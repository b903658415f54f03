/* SPDX-License-Identifier: Apache-2.0 */
#include "controlplane/signaling/greeting.h"

#include <string.h>

#include "controlplane/base/json.h"
#include "controlplane/signaling/json_dialect.h"

static void clear(struct cp_greeting *e)
{
	cp_text_release(e->text);
	cJSON_Delete(e->capabilities);
	memset(e, 0, sizeof(*e));
}

static bool print(struct cp_greeting *e, const struct cp_router *r)
{
	cJSON *json = cp_router_capabilities(r);
	char *text = json ? cp_json_print(json) : NULL;

	cJSON_Delete(json);
	e->router = *r;
	/*
	 * A raw item holds printed text: each client's answer copies it and prints nothing again.
	 */
	e->capabilities = text ? cJSON_CreateRaw(text) : NULL;
	cJSON_free(text);
	e->text = e->capabilities ? cp_json_greeting(cJSON_Duplicate(e->capabilities, true)) : NULL;
	return e->text;
}

const struct cp_greeting *cp_greeting_of(struct cp_greetings *g, const struct cp_router *r)
{
	struct cp_greeting *e;

	for (unsigned i = 0; i < CP_GREETINGS; i++) {
		e = &g->kept[i];
		if (e->capabilities && cp_router_equal(&e->router, r))
			return e;
	}
	e = &g->kept[g->next];
	g->next = (g->next + 1) % CP_GREETINGS;
	clear(e);
	if (print(e, r))
		return e;
	clear(e);
	return NULL;
}

void cp_greetings_clear(struct cp_greetings *g)
{
	for (unsigned i = 0; i < CP_GREETINGS; i++)
		clear(&g->kept[i]);
}

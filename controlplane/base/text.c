/* SPDX-License-Identifier: Apache-2.0 */
#include "controlplane/base/text.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "controlplane/base/json.h"

struct cp_text *cp_text_make(size_t len)
{
	struct cp_text *t = malloc(sizeof(*t) + CP_TEXT_HEAD + len + 1);

	if (!t)
		return NULL;
	t->references = 1;
	t->len = len;
	t->data[CP_TEXT_HEAD + len] = '\0';
	return t;
}

struct cp_text *cp_text_copy(const char *chars, size_t len)
{
	struct cp_text *t = cp_text_make(len);

	if (t)
		memcpy(cp_text_chars(t), chars, len);
	return t;
}

struct cp_text *cp_text_json(const cJSON *json)
{
	/* Nearly every message fits, so that cJSON need not grow a buffer step by step. */
	char most[4096], *chars;
	struct cp_text *t;

	if (!json || !cp_json_complete())
		return NULL;
	/* The function only reads `json`, although its argument is not const. */
	if (cJSON_PrintPreallocated((cJSON *)(uintptr_t)json, most, sizeof(most), false))
		return cp_text_copy(most, strlen(most));
	chars = cp_json_print(json);
	t = chars ? cp_text_copy(chars, strlen(chars)) : NULL;
	cJSON_free(chars);
	return t;
}

struct cp_text *cp_text_hold(struct cp_text *t)
{
	t->references++;
	return t;
}

void cp_text_release(struct cp_text *t)
{
	if (t && --t->references == 0)
		free(t);
}

/* SPDX-License-Identifier: Apache-2.0 */

/* The admission hook's question and answer as JSON (docs/hooks.md). */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "controlplane/base/json.h"
#include "controlplane/hooks/gate.h"

char *cp_hook_gate_print(const struct cp_gate_question *q)
{
	cJSON *json = cJSON_CreateObject();
	char *printed, *text;

	cJSON_AddStringToObject(json, "action", "join");
	cJSON_AddStringToObject(json, "room", q->room);
	if (q->user[0] != '\0')
		cJSON_AddStringToObject(json, "user", q->user);
	cJSON_AddBoolToObject(json, "userProven", q->user_proven);
	cJSON_AddStringToObject(json, "address", q->address);
	cJSON_AddStringToObject(json, "client", q->client);
	cJSON_AddBoolToObject(json, "publish", q->publish);
	cJSON_AddBoolToObject(json, "subscribe", q->subscribe);
	printed = cp_json_print(json);
	text = printed ? strdup(printed) : NULL;
	cJSON_free(printed);
	cJSON_Delete(json);
	return text;
}

/* True if `reason` can be shown to a client. */
static bool is_sayable(const char *reason)
{
	return reason && cp_name_valid(reason) && strlen(reason) < CP_GATE_REASON_SIZE;
}

/* The value of a member that may be absent: true then. */
static bool member(const cJSON *answer, const char *name, bool *good)
{
	const cJSON *item = cJSON_GetObjectItemCaseSensitive(answer, name);

	*good = *good && (!item || cJSON_IsBool(item));
	return !item || cJSON_IsTrue(item);
}

static void read_json(struct cp_ticket *t, const cJSON *answer)
{
	const char *reason = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(answer, "reason"));
	bool good = cJSON_IsBool(cJSON_GetObjectItemCaseSensitive(answer, "allow"));
	bool allow = member(answer, "allow", &good);
	bool publish = member(answer, "publish", &good), subscribe = member(answer, "subscribe", &good);

	if (!good)
		return;
	t->state = CP_TICKET_ANSWERED;
	t->publish = t->publish && allow && publish;
	t->subscribe = t->subscribe && allow && subscribe;
	if (is_sayable(reason))
		snprintf(t->reason, sizeof(t->reason), "%s", reason);
}

void cp_hook_gate_read(struct cp_ticket *t, const struct cp_fetched *answer)
{
	cJSON *json;

	t->state = CP_TICKET_SILENT;
	if (answer->status == 401 || answer->status == 403) {
		t->state = CP_TICKET_ANSWERED;
		t->publish = t->subscribe = false;
	}
	if (answer->status != 200)
		return;
	json = cJSON_ParseWithLength(answer->body, answer->len);
	if (cJSON_IsObject(json))
		read_json(t, json);
	cJSON_Delete(json);
}

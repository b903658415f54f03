/* SPDX-License-Identifier: Apache-2.0 */

/* Writes /healthz, which an answer makes true by itself, and /readyz. */

#include "controlplane/base/json.h"
#include "controlplane/operator/pages.h"

#include <cjson/cJSON.h>

#include "controlplane/operator/readiness.h"

static char *print(cJSON *json)
{
	char *text = cp_json_print(json);

	cJSON_Delete(json);
	return text;
}

char *cp_health_text(const struct cp_view *v)
{
	cJSON *json = cJSON_CreateObject();

	cJSON_AddStringToObject(json, "status", "ok");
	cJSON_AddStringToObject(json, "dataplane", v->stats->map ? "connected" : "away");
	return print(json);
}

char *cp_readiness_text(const struct cp_view *v, bool *ready)
{
	struct cp_unready reason[CP_UNREADY_MAX];
	unsigned count = cp_unready_reasons(v, reason);
	cJSON *json = cJSON_CreateObject(), *list;

	*ready = count == 0;
	cJSON_AddStringToObject(json, "status", *ready ? "ready" : "unavailable");
	list = cJSON_AddArrayToObject(json, "reasons");
	for (unsigned i = 0; i < count; i++) {
		cJSON *entry = cJSON_CreateObject();

		cJSON_AddStringToObject(entry, "code", reason[i].code);
		cJSON_AddStringToObject(entry, "message", reason[i].message);
		cJSON_AddItemToArray(list, entry);
	}
	return print(json);
}

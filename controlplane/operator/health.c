/* SPDX-License-Identifier: Apache-2.0 */

/* Writes /healthz and /readyz. That there is an answer says that the event loop works. */

#include "controlplane/base/json.h"
#include "controlplane/operator/pages.h"

#include <cjson/cJSON.h>

#include "controlplane/operator/readiness.h"
#include "controlplane/webrtc/webrtc.h"

static char *print(cJSON *json)
{
	char *text = cp_json_print(json);

	cJSON_Delete(json);
	return text;
}

enum { STUCK_MS = 10000 /* a DTLS thread's longest work takes a fraction of a second */ };

bool cp_is_healthy(const struct cp_view *v)
{
	const struct cp_webrtc_server *webrtc = v->webrtc ? *v->webrtc : NULL;

	return !webrtc || cp_webrtc_server_stuck_ms(webrtc) < STUCK_MS;
}

char *cp_health_text(const struct cp_view *v)
{
	cJSON *json = cJSON_CreateObject();
	bool healthy = cp_is_healthy(v);

	cJSON_AddStringToObject(json, "status", healthy ? "ok" : "failing");
	if (!healthy)
		cJSON_AddStringToObject(json, "reason", "a DTLS thread hangs");
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

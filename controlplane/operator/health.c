/* SPDX-License-Identifier: Apache-2.0 */

/* Writes /healthz: whether the data plane is connected, and whether its agent still runs. */

#include "controlplane/operator/pages.h"

#include <cjson/cJSON.h>

/* The agent updates its tick every 100 ms; after so long without an update it counts as stalled. */
enum { STALLED_MS = 5000 };

char *cp_health_text(const struct cp_view *v, bool *healthy)
{
	const char *dataplane = "connected";
	cJSON *json = cJSON_CreateObject();
	char *text;

	if (!v->stats->map)
		dataplane = "away";
	else if (sh_stats_tick_age_ms(v->stats) > STALLED_MS)
		dataplane = "stalled";
	*healthy = dataplane[0] == 'c';
	cJSON_AddStringToObject(json, "status", *healthy ? "ok" : "unavailable");
	cJSON_AddStringToObject(json, "dataplane", dataplane);
	text = cJSON_PrintUnformatted(json);
	cJSON_Delete(json);
	return text;
}

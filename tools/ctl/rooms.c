/* SPDX-License-Identifier: Apache-2.0 */
#include "spatectl.h"

#include <stdio.h>

int ctl_rooms(const struct ctl_options *o)
{
	static const char *const columns[] = {
		"ROOM", ">PEERS", ">HOSTS", ">TRANSPORTS", ">PRODUCERS", ">CONSUMERS"};
	static const char *const counts[] = {"peers", "hosts", "transports", "producers", "consumers"};
	char err[CTL_ERR_MAX];
	cJSON *answer = ctl_ask(o, "rooms", err);
	const cJSON *rooms = cJSON_GetObjectItemCaseSensitive(answer, "rooms"), *room;
	struct ctl_table t;

	if (answer == NULL) {
		fprintf(stderr, "spatectl: %s\n", err);
		return CTL_NO_CONTROLPLANE;
	}
	if (o->json) {
		cJSON_DeleteItemFromObject(answer, "ok");
		ctl_json_print(answer);
		return CTL_OK;
	}
	ctl_table_init(&t, columns, sizeof(columns) / sizeof(columns[0]));
	cJSON_ArrayForEach(room, rooms)
	{
		char name[64];

		ctl_cell(&t, "%s", ctl_text(name, room, "name"));
		for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
			if (cJSON_HasObjectItem(room, counts[i]))
				ctl_cell(&t, "%.0f", ctl_number(room, counts[i]));
			else
				ctl_cell(&t, "-");
		}
	}
	ctl_table_print(&t);
	cJSON_Delete(answer);
	return CTL_OK;
}

/* SPDX-License-Identifier: Apache-2.0 */

/* Implements "spatectl rooms" and "spatectl room close". */

#include "tools/ctl/spatectl.h"

#include <stdio.h>
#include <string.h>

/* Adds a cell with the room's state: "open", "closing", "grace 7 s". */
static void add_state(struct ctl_table *t, const cJSON *room)
{
	char text[CTL_TEXT_MAX];

	ctl_text(text, room, "state");
	if (cJSON_HasObjectItem(room, "closes_in_s"))
		ctl_cell(t, "%s %.0f s", text, ctl_number(room, "closes_in_s"));
	else
		ctl_cell(t, "%s", text);
}

int ctl_rooms(const struct ctl_options *o)
{
	static const char *const columns[] = {
		"ROOM", "STATE", ">PEERS", ">HOSTS", ">TRANSPORTS", ">PRODUCERS", ">CONSUMERS"};
	static const char *const counts[] = {"peers", "hosts", "transports", "producers", "consumers"};
	char err[CTL_ERR_MAX];
	cJSON *answer = ctl_ask(o, "rooms", err);
	const cJSON *rooms = cJSON_GetObjectItemCaseSensitive(answer, "rooms"), *room;
	struct ctl_table t;

	if (!answer) {
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
		char name[CTL_TEXT_MAX];

		ctl_cell(&t, "%s", ctl_text(name, room, "name"));
		add_state(&t, room);
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

int ctl_room(const struct ctl_options *o)
{
	enum { NAME_MAX_LEN = 255 };
	const char *verb = o->argument[0], *name = o->argument[1];
	cJSON *request, *said;
	char err[CTL_ERR_MAX];
	int code;

	if (strcmp(verb, "close") != 0) {
		fputs("spatectl: room: what can be done with a room is: room close NAME\n", stderr);
		return CTL_USAGE;
	}
	if (name[0] == '\0' || strlen(name) > NAME_MAX_LEN) {
		fprintf(stderr, "spatectl: a room's name has 1 to %d bytes\n", NAME_MAX_LEN);
		return CTL_USAGE;
	}
	request = cJSON_CreateObject();
	cJSON_AddStringToObject(request, "cmd", "room-close");
	cJSON_AddStringToObject(request, "room", name);
	code = ctl_tell(o, request, err);
	cJSON_Delete(request);
	if (code != CTL_OK) {
		fprintf(stderr, "spatectl: %s\n", err);
	} else if (o->json) {
		said = cJSON_CreateObject();
		cJSON_AddStringToObject(said, "closing", name);
		ctl_json_print(said);
	} else {
		printf("room %s is closing\n", name);
	}
	return code;
}

/* SPDX-License-Identifier: Apache-2.0 */

/* Implements "spatectl rooms", "spatectl room close" and "spatectl peer close". */

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

/*
 * Tells the control plane to close something, {"cmd": `cmd`, `member`: `name`}, and prints `said`
 * as a line or {"closing": `name`}.
 */
static int close_named(const struct ctl_options *o, const char *cmd, const char *member, const char *name,
	const char *said)
{
	cJSON *request = cJSON_CreateObject(), *json;
	char err[CTL_ERR_MAX];
	int code;

	cJSON_AddStringToObject(request, "cmd", cmd);
	cJSON_AddStringToObject(request, member, name);
	code = ctl_tell(o, request, err);
	cJSON_Delete(request);
	if (code != CTL_OK) {
		fprintf(stderr, "spatectl: %s\n", err);
	} else if (o->json) {
		json = cJSON_CreateObject();
		cJSON_AddStringToObject(json, "closing", name);
		ctl_json_print(json);
	} else {
		printf("%s %s is closing\n", said, name);
	}
	return code;
}

int ctl_room(const struct ctl_options *o)
{
	enum { NAME_MAX_LEN = 255 };
	const char *verb = o->argument[0], *name = o->argument[1];

	if (strcmp(verb, "close") != 0) {
		fputs("spatectl: room: what can be done with a room is: room close NAME\n", stderr);
		return CTL_USAGE;
	}
	if (name[0] == '\0' || strlen(name) > NAME_MAX_LEN) {
		fprintf(stderr, "spatectl: a room's name has 1 to %d bytes\n", NAME_MAX_LEN);
		return CTL_USAGE;
	}
	return close_named(o, "room-close", "room", name, "room");
}

int ctl_peer(const struct ctl_options *o)
{
	if (strcmp(o->argument[0], "close") != 0 || o->argument[1][0] == '\0') {
		fputs("spatectl: peer: what can be done with a peer is: peer close PEER\n", stderr);
		return CTL_USAGE;
	}
	return close_named(o, "peer-close", "peer", o->argument[1], "peer");
}

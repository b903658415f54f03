/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Writes /rooms, the web page's list of the rooms that are not closing: live rooms first, then by
 * the number of viewers, then by name. The list is limited to LISTED_MAX rooms.
 */

#include "controlplane/base/json.h"
#include "controlplane/operator/pages.h"
#include "controlplane/rooms/model.h"
#include "controlplane/rooms/producer.h"
#include "controlplane/rooms/room.h"

#include <string.h>

enum { LISTED_MAX = 200 };

struct entry {
	const struct cp_room *room;
	bool live; /* it has a live producer now */
	uint32_t viewers;
};

struct list {
	struct entry entries[LISTED_MAX]; /* sorted by precedes() */
	unsigned count;
	uint32_t more; /* rooms that are not in the list */
};

static bool is_live(const struct cp_room *room)
{
	const struct cp_producer *p;

	TAILQ_FOREACH(p, &room->producers, in_room)
	if (p->live)
		return true;
	return false;
}

static bool precedes(const struct entry *a, const struct entry *b)
{
	if (a->live != b->live)
		return a->live;
	if (a->viewers != b->viewers)
		return a->viewers > b->viewers;
	return strcmp(a->room->name, b->room->name) < 0;
}

static void insert(struct list *list, const struct entry *e)
{
	unsigned at = list->count;

	if (list->count == LISTED_MAX) {
		list->more++;
		if (!precedes(e, &list->entries[LISTED_MAX - 1]))
			return;
		at--;
	} else {
		list->count++;
	}
	for (; at > 0 && precedes(e, &list->entries[at - 1]); at--)
		list->entries[at] = list->entries[at - 1];
	list->entries[at] = *e;
}

static cJSON *entry_json(const struct entry *e)
{
	cJSON *json = cJSON_CreateObject();

	cJSON_AddStringToObject(json, "name", e->room->name);
	cJSON_AddNumberToObject(json, "hosts", e->room->host_count);
	cJSON_AddNumberToObject(json, "viewers", e->viewers);
	cJSON_AddBoolToObject(json, "live", e->live);
	return json;
}

char *cp_room_list_text(const struct cp_view *v, size_t *len)
{
	struct list list = {.count = 0};
	const struct cp_room *room;
	cJSON *json, *rooms;
	char *text;

	TAILQ_FOREACH(room, &v->model->room_list, in_model)
	{
		const struct entry e = {room, is_live(room), room->peer_count - room->host_count};

		if (room->state != CP_ROOM_CLOSING)
			insert(&list, &e);
	}
	json = cJSON_CreateObject();
	rooms = cJSON_AddArrayToObject(json, "rooms");
	for (unsigned i = 0; i < list.count; i++)
		cJSON_AddItemToArray(rooms, entry_json(&list.entries[i]));
	cJSON_AddNumberToObject(json, "more", list.more);
	text = cp_json_print(json);
	*len = text ? strlen(text) : 0;
	cJSON_Delete(json);
	return text;
}

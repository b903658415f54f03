/* SPDX-License-Identifier: Apache-2.0 */
#include "controlplane/hooks/event.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "controlplane/base/id.h"
#include "controlplane/base/json.h"
#include "controlplane/negotiation/codecs.h"
#include "controlplane/rooms/producer.h"
#include "controlplane/rooms/room.h"
#include "controlplane/rooms/transport.h"

/* RFC 3339 in UTC with milliseconds, as in the log. */
static void write_time(char *out, size_t size)
{
	struct timespec now;
	struct tm utc;
	size_t len;

	clock_gettime(CLOCK_REALTIME, &now);
	gmtime_r(&now.tv_sec, &utc);
	len = strftime(out, size, "%Y-%m-%dT%H:%M:%S", &utc);
	snprintf(out + len, size - len, ".%03ldZ", now.tv_nsec / 1000000);
}

cJSON *cp_hook_event(const char *name, uint64_t sequence)
{
	cJSON *event;
	char id[CP_ID_SIZE], at[40];

	event = cJSON_CreateObject();
	cp_id_make(id);
	write_time(at, sizeof(at));
	cJSON_AddStringToObject(event, "id", id);
	cJSON_AddNumberToObject(event, "sequence", (double)sequence);
	cJSON_AddStringToObject(event, "event", name);
	cJSON_AddStringToObject(event, "at", at);
	return event;
}

void cp_hook_add_room(cJSON *event, const struct cp_room *room)
{
	cJSON_AddStringToObject(event, "room", room->name);
}

void cp_hook_add_producer(cJSON *event, const struct cp_producer *p)
{
	const struct cp_peer *peer = p->transport->peer;

	cp_hook_add_room(event, peer->room);
	cJSON_AddStringToObject(event, "producer", p->id);
	cJSON_AddStringToObject(event, "kind", cp_kind_name(p->consumable.kind));
	cJSON_AddStringToObject(event, "codec", strchr(p->consumable.router.codec->mime, '/') + 1);
	cJSON_AddStringToObject(event, "peer", peer->id);
	if (peer->user[0] != '\0')
		cJSON_AddStringToObject(event, "user", peer->user);
}

char *cp_hook_print(cJSON *event)
{
	char *printed = cp_json_print(event), *text = printed ? strdup(printed) : NULL;

	cJSON_free(printed);
	cJSON_Delete(event);
	return text;
}

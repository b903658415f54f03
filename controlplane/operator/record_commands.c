/* SPDX-License-Identifier: Apache-2.0 */
#include "controlplane/operator/record_commands.h"

#include <string.h>

#include "controlplane/base/clock.h"
#include "controlplane/negotiation/codecs.h"
#include "controlplane/operator/recordings.h"
#include "controlplane/rooms/model.h"
#include "controlplane/rooms/producer.h"
#include "controlplane/rooms/room.h"
#include "controlplane/rooms/transport.h"

static uint64_t now_ms(void)
{
	return cp_now_ns() / 1000000;
}

static void add_producer(cJSON *list, const struct cp_producer *p)
{
	const struct cp_router_codec *codec = &p->consumable.router;
	const struct cp_peer *peer = p->transport->peer;
	cJSON *entry = cJSON_CreateObject();

	cJSON_AddStringToObject(entry, "id", p->id);
	cJSON_AddStringToObject(entry, "room", peer->room->name);
	cJSON_AddStringToObject(entry, "peer", peer->id);
	cJSON_AddStringToObject(entry, "user", peer->user);
	cJSON_AddStringToObject(entry, "kind", cp_kind_name(p->consumable.kind));
	cJSON_AddStringToObject(entry, "codec", strchr(codec->codec->mime, '/') + 1);
	cJSON_AddNumberToObject(entry, "clock_rate", codec->codec->clock_rate);
	cJSON_AddNumberToObject(entry, "channels", codec->codec->channels);
	cJSON_AddNumberToObject(entry, "payload_type", codec->pt);
	cJSON_AddItemToArray(list, entry);
}

static bool is_there(const struct cp_producer *p)
{
	return p->live && !p->ended && !cp_transport_is_lost(p->transport);
}

/* A room that is not there has none. */
static void list_producers(const struct cp_view *v, const cJSON *request, cJSON *list)
{
	const char *room_name = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(request, "room"));
	const char *id = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(request, "producer"));
	const struct cp_room *room = room_name ? cp_room_find(v->model, room_name) : NULL;
	const struct cp_producer *p = id ? cp_index_find(&v->model->producers, id) : NULL;

	if (p && is_there(p))
		add_producer(list, p);
	if (!room)
		return;
	TAILQ_FOREACH(p, &room->producers, in_room)
	if (is_there(p))
		add_producer(list, p);
}

bool cp_admin_record(const struct cp_view *v, const char *cmd, const cJSON *request, cJSON *reply,
	const char **error)
{
	*error = NULL;
	if (strcmp(cmd, "producers") == 0)
		list_producers(v, request, cJSON_AddArrayToObject(reply, "producers"));
	else if (strcmp(cmd, "record-report") == 0)
		(void)cp_recordings_report(v->recordings, request, now_ms(), reply, error);
	else if (strcmp(cmd, "record-list") == 0)
		cp_recordings_list(v->recordings, now_ms(), cJSON_AddArrayToObject(reply, "recordings"));
	else if (strcmp(cmd, "record-stop") == 0)
		*error = cp_recordings_stop(v->recordings, request, now_ms()) ? NULL
									      : "id: no recording has it";
	else
		return false;
	return true;
}

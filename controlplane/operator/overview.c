/* SPDX-License-Identifier: Apache-2.0 */
#include "controlplane/operator/overview.h"

#include <errno.h>

#include "controlplane/rooms/consumer.h"
#include "controlplane/rooms/drain.h"
#include "controlplane/rooms/model.h"
#include "controlplane/rooms/room.h"
#include "controlplane/rooms/transport.h"

/* --- rooms and drops ------------------------------------------------------------------------------- */

/* Puts the room among the largest, which are sorted. */
static void insert(const struct cp_room *largest[CP_OVERVIEW_ROOMS], unsigned *count,
	const struct cp_room *room)
{
	unsigned at = *count < CP_OVERVIEW_ROOMS ? (*count)++ : CP_OVERVIEW_ROOMS - 1;

	if (at < *count - 1 || (largest[at] && largest[at]->peer_count >= room->peer_count))
		return;
	for (; at > 0 && largest[at - 1]->peer_count < room->peer_count; at--)
		largest[at] = largest[at - 1];
	largest[at] = room;
}

static cJSON *room_json(const struct cp_room *room)
{
	cJSON *entry = cJSON_CreateObject();

	cJSON_AddStringToObject(entry, "name", room->name);
	cJSON_AddStringToObject(entry, "state", cp_room_state_name(room->state));
	cJSON_AddNumberToObject(entry, "peers", room->peer_count);
	cJSON_AddNumberToObject(entry, "hosts", room->host_count);
	cJSON_AddNumberToObject(entry, "producers", room->producer_count);
	cJSON_AddNumberToObject(entry, "consumers", room->consumer_count);
	return entry;
}

static void add_rooms(const struct cp_view *v, cJSON *reply)
{
	const struct cp_room *largest[CP_OVERVIEW_ROOMS] = {NULL}, *room;
	cJSON *list = cJSON_AddArrayToObject(reply, "list");
	unsigned count = 0;

	TAILQ_FOREACH(room, &v->model->room_list, in_model)
	insert(largest, &count, room);
	for (unsigned i = 0; i < count; i++)
		cJSON_AddItemToArray(list, room_json(largest[i]));
	cJSON_AddNumberToObject(reply, "more", v->model->rooms.count - count);
}

/* What was dropped since the data plane's start, by reason; what was not is left out. */
static void add_drops(const struct cp_view *v, cJSON *reply)
{
	cJSON *list = cJSON_AddArrayToObject(reply, "drops");

	for (unsigned reason = 0; reason < SH_DROP_COUNT && v->stats->map; reason++) {
		const struct sh_drop_text *text = sh_drop_text(reason);
		uint64_t total = 0;
		cJSON *entry;

		for (uint32_t i = 0; i < v->stats->workers; i++)
			total += __atomic_load_n(&sh_stats_worker(v->stats, i)->drop[reason],
				__ATOMIC_RELAXED);
		if (total == 0)
			continue;
		entry = cJSON_CreateObject();
		cJSON_AddStringToObject(entry, "reason", text->name);
		cJSON_AddStringToObject(entry, "meaning", text->meaning);
		cJSON_AddBoolToObject(entry, "own", text->local);
		cJSON_AddNumberToObject(entry, "total", (double)total);
		cJSON_AddItemToArray(list, entry);
	}
}

void cp_admin_overview(const struct cp_view *v, cJSON *reply)
{
	add_rooms(v, cJSON_AddObjectToObject(reply, "largest_rooms"));
	cJSON_AddNumberToObject(reply, "viewers", cp_drain_viewers(v->model));
	add_drops(v, reply);
}

/* --- the peers of a room --------------------------------------------------------------------------- */

/* How well a peer's consumers receive, by the slots in which their statistics were last found. */
static void add_reception(const struct cp_view *v, const struct cp_peer *peer, cJSON *entry)
{
	uint64_t bps = 0, due = 0, missing = 0, rtt_us = 0;
	const struct cp_transport *t;
	const struct cp_consumer *c;
	struct sh_consumer_stats s;

	TAILQ_FOREACH(t, &peer->transports, on_peer)
	TAILQ_FOREACH(c, &t->consumers, on_transport)
	{
		uint64_t dropped = 0;

		if (!v->stats->map || c->stats_slot >= v->stats->consumers ||
			!sh_stats_consumer(v->stats, c->stats_slot, &s) || s.id != c->dp_id)
			continue;
		for (unsigned i = 0; i < SH_LOSS_COUNT; i++)
			dropped += s.dropped[i];
		bps += s.bitrate_bps;
		due += s.packets + s.lost_before + dropped;
		missing += s.lost_before + dropped + s.lost_after - s.repaired;
		rtt_us = s.rtt_us > rtt_us ? s.rtt_us : rtt_us;
	}
	cJSON_AddNumberToObject(entry, "bps", (double)bps);
	cJSON_AddNumberToObject(entry, "lost_percent", due > 0 ? 100.0 * (double)missing / (double)due : 0);
	cJSON_AddNumberToObject(entry, "rtt_ms", (double)rtt_us / 1000);
}

static cJSON *peer_json(const struct cp_view *v, const struct cp_peer *peer)
{
	cJSON *entry = cJSON_CreateObject();

	cJSON_AddStringToObject(entry, "id", peer->id);
	if (peer->user[0])
		cJSON_AddStringToObject(entry, "user", peer->user);
	cJSON_AddBoolToObject(entry, "host", peer->host);
	cJSON_AddBoolToObject(entry, "of_operator", peer->of_operator);
	cJSON_AddNumberToObject(entry, "producers", peer->producer_count);
	cJSON_AddNumberToObject(entry, "consumers", peer->consumer_count);
	add_reception(v, peer, entry);
	return entry;
}

int cp_admin_peers(const struct cp_view *v, const cJSON *request, cJSON *reply)
{
	const char *name = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(request, "room"));
	const cJSON *given = cJSON_GetObjectItemCaseSensitive(request, "offset");
	double offset = cJSON_IsNumber(given) ? given->valuedouble : 0, at = 0;
	const struct cp_room *room = name ? cp_room_find(v->model, name) : NULL;
	const struct cp_peer *peer;
	cJSON *list;

	if (!room)
		return ENOENT;
	cJSON_AddStringToObject(reply, "room", room->name);
	cJSON_AddNumberToObject(reply, "count", room->peer_count);
	list = cJSON_AddArrayToObject(reply, "peers");
	TAILQ_FOREACH(peer, &room->peers, in_room)
	{
		if (at >= offset + CP_OVERVIEW_PEERS)
			break;
		if (at++ >= offset)
			cJSON_AddItemToArray(list, peer_json(v, peer));
	}
	return 0;
}

/* SPDX-License-Identifier: Apache-2.0 */

/* Closes rooms in slices, and does the model's work that is due. */

#include <stdio.h>

#include "controlplane/rooms/announce.h"
#include "controlplane/rooms/audio.h"
#include "controlplane/rooms/consumer.h"
#include "controlplane/rooms/model.h"
#include "controlplane/rooms/plain_transport.h"
#include "controlplane/rooms/producer.h"
#include "controlplane/rooms/quality.h"
#include "controlplane/rooms/room_state.h"
#include "controlplane/rooms/saved.h"
#include "controlplane/rooms/transport.h"
#include "controlplane/rooms/transport_walk.h"
#include "controlplane/rooms/user.h"

enum { SLICE = 256 /* most objects and peers per iteration of the event loop, over all closing rooms */ };

enum phase { CONSUMERS, PRODUCERS, TRANSPORTS, PEERS };

int cp_room_close_by(struct cp_peer *peer, struct cp_fault *fault)
{
	int error = cp_user_check(peer, fault);

	if (error != 0)
		return error;
	if (!peer->host)
		return cp_refuse(fault, CP_FORBIDDEN, "room: only a host may close it");
	if (!peer->close)
		return cp_refuse(fault, CP_FORBIDDEN, "close: it was not granted to this peer");
	cp_room_close(peer->room, "its host closed it");
	return 0;
}

/* --- closing ------------------------------------------------------------------------------ */

void cp_room_close(struct cp_room *room, const char *reason)
{
	struct cp_model *m = room->model;

	if (room->state == CP_ROOM_CLOSING)
		return;
	cp_room_unqueue(room);
	cp_announce_stop(room);
	room->state = CP_ROOM_CLOSING;
	room->end.phase = CONSUMERS;
	room->end.next = TAILQ_FIRST(&room->peers);
	room->end.counts = cp_room_counts(room);
	snprintf(room->end.reason, sizeof(room->end.reason), "%s", reason);
	TAILQ_INSERT_TAIL(&m->closing, room, in_queue);
	if (m->closing_count++ == 0)
		cp_model_schedule(m);
}

static bool spend(unsigned *budget)
{
	if (*budget == 0)
		return false;
	--*budget;
	return true;
}

/* Each of the following closes objects of one kind while `budget` lasts. True: none is left. */

static bool end_consumers(struct cp_room *room, unsigned *budget)
{
	struct cp_transport *t;
	struct cp_peer *peer;

	while ((peer = room->end.next)) {
		TAILQ_FOREACH(t, &peer->transports, on_peer)
		while (!TAILQ_EMPTY(&t->consumers)) {
			if (!spend(budget))
				return false;
			cp_consumer_destroy(TAILQ_FIRST(&t->consumers), &cp_room_closing);
		}
		if (!spend(budget))
			return false;
		room->end.next = TAILQ_NEXT(peer, in_room);
	}
	return true;
}

static bool end_producers(struct cp_room *room, unsigned *budget)
{
	while (!TAILQ_EMPTY(&room->producers)) {
		if (!spend(budget))
			return false;
		cp_producer_destroy(TAILQ_FIRST(&room->producers), &cp_room_closing);
	}
	while (!TAILQ_EMPTY(&room->telling.producers)) {
		if (!spend(budget))
			return false;
		cp_announce_forget(room);
	}
	room->end.next = TAILQ_FIRST(&room->peers);
	return true;
}

static bool end_transports(struct cp_room *room, unsigned *budget)
{
	struct cp_peer *peer;

	while ((peer = room->end.next)) {
		while (!TAILQ_EMPTY(&peer->transports)) {
			if (!spend(budget))
				return false;
			cp_transport_destroy(TAILQ_FIRST(&peer->transports), &cp_room_closing);
		}
		if (!spend(budget))
			return false;
		room->end.next = TAILQ_NEXT(peer, in_room);
	}
	/* A peer that is notified of the end may join a new room of this name at once. */
	cp_index_remove(&room->model->rooms, room);
	return true;
}

/* Notifies and frees peers. The last one frees the room, which must not be read afterwards. */
static void end_peers(struct cp_room *room, unsigned *budget)
{
	bool last = false;

	while (!last && spend(budget)) {
		struct cp_peer *peer = TAILQ_FIRST(&room->peers);

		last = room->peer_count == 1;
		peer->listener->room_closed(peer, room->end.reason);
		cp_peer_free(peer);
	}
}

/* Continues to close the room while `budget` lasts. May free the room. */
static void close_slice(struct cp_room *room, unsigned *budget)
{
	static bool (*const end[])(struct cp_room * room, unsigned *budget) = {
		[CONSUMERS] = end_consumers,
		[PRODUCERS] = end_producers,
		[TRANSPORTS] = end_transports,
	};

	while (room->end.phase < PEERS) {
		if (!end[room->end.phase](room, budget))
			return;
		room->end.phase++;
	}
	end_peers(room, budget);
}

void cp_model_run(struct cp_model *m)
{
	unsigned budget = SLICE;
	uint64_t now = m->clock->now_ms(m->clock_arg);
	struct cp_room *room;

	m->alarm_ms = 0;
	while ((room = TAILQ_FIRST(&m->grace)) && room->deadline_ms <= now)
		cp_room_close(room, "its last host left");
	while (budget > 0 && (room = TAILQ_FIRST(&m->closing))) {
		/*
		 * Round robin, so that a small room does not wait for a large one. The room moves
		 * before its slice, which may free it.
		 */
		TAILQ_REMOVE(&m->closing, room, in_queue);
		TAILQ_INSERT_TAIL(&m->closing, room, in_queue);
		close_slice(room, &budget);
	}
	cp_share_run(m);
	cp_saves_run(m);
	cp_announce_run(m);
	cp_quality_run(m);
	cp_audio_run(m);
	cp_transports_close_lost(m);
	cp_transport_walks_run(m);
	cp_plain_run(m);
	cp_model_schedule(m);
}

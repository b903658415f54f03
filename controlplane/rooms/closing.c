/* SPDX-License-Identifier: Apache-2.0 */
#include "controlplane/rooms/internal.h"

#include <stdio.h>

#include "shared/log.h"

/* Between open and gone: the time of grace without a host, and closing in slices. */

enum {
	SLICE = 256, /* objects and peers a turn, for all rooms that close together */
	/* Not 0: a timer of libuv 1.44 that is started so from its own callback runs before anything else. */
	TURN_MS = 1,
};

enum phase { CONSUMERS, PRODUCERS, TRANSPORTS, PEERS };

static const struct cp_closing closing = {
	.tell_owner = false, .why = CP_NOT_FOUND, .reason = "room: it is closing"};

const char *cp_room_state_name(enum cp_room_state state)
{
	static const char *const names[] = {
		[CP_ROOM_OPEN] = "open",
		[CP_ROOM_GRACE] = "grace",
		[CP_ROOM_CLOSING] = "closing",
	};

	return names[state];
}

int cp_room_check(const struct cp_room *room, struct cp_fault *fault)
{
	return room->state != CP_ROOM_CLOSING ? 0 : cp_refuse(fault, closing.why, "%s", closing.reason);
}

enum sh_log_level cp_room_end_level(const struct cp_room *room)
{
	return room->state == CP_ROOM_CLOSING ? SH_LOG_DEBUG : SH_LOG_INFO;
}

/* --- queues and the clock ------------------------------------------------------------- */

static uint64_t now_ms(const struct cp_model *m)
{
	return m->clock->now_ms(m->clock_arg);
}

uint64_t cp_room_grace_left_ms(const struct cp_room *room)
{
	uint64_t now = now_ms(room->model);

	return room->state == CP_ROOM_GRACE && room->deadline_ms > now ? room->deadline_ms - now : 0;
}

void cp_model_wake(const struct cp_model *m)
{
	const struct cp_room *room = TAILQ_FIRST(&m->grace);

	if (!TAILQ_EMPTY(&m->closing) || m->plain_due)
		m->clock->wake_in(m->clock_arg, TURN_MS);
	else if (room)
		m->clock->wake_in(m->clock_arg, cp_room_grace_left_ms(room));
}

/* Out of the queue it is in, if any. A turn that was asked for on its behalf finds nothing to do. */
static void unqueue(struct cp_room *room)
{
	struct cp_model *m = room->model;

	if (room->state == CP_ROOM_GRACE) {
		TAILQ_REMOVE(&m->grace, room, in_queue);
		m->grace_count--;
	} else if (room->state == CP_ROOM_CLOSING) {
		TAILQ_REMOVE(&m->closing, room, in_queue);
		m->closing_count--;
	}
}

/* The grace time is the same for all, so that the end of the queue is the latest deadline. */
static void enter_grace(struct cp_room *room)
{
	struct cp_model *m = room->model;

	room->state = CP_ROOM_GRACE;
	room->deadline_ms = now_ms(m) + m->config->rooms.grace_s * 1000ull;
	TAILQ_INSERT_TAIL(&m->grace, room, in_queue);
	m->grace_count++;
	sh_log(SH_LOG_INFO, "room-without-host room=%s peers=%u grace_s=%u", room->name, room->peer_count,
		m->config->rooms.grace_s);
	if (TAILQ_EMPTY(&m->closing) && !m->plain_due) /* else a turn was asked for, and is not put off */
		cp_model_wake(m);
}

/* --- hosts ------------------------------------------------------------------------------ */

void cp_room_produced(struct cp_peer *peer)
{
	struct cp_room *room = peer->room;

	if (peer->host)
		return;
	peer->host = true;
	room->host_count++;
	if (room->state == CP_ROOM_GRACE) {
		unqueue(room);
		room->state = CP_ROOM_OPEN;
		sh_log(SH_LOG_INFO, "room-has-host room=%s peer=%s", room->name, peer->id);
	}
}

void cp_room_leaving(struct cp_peer *peer)
{
	struct cp_room *room = peer->room;

	if (room->end.next == peer)
		room->end.next = TAILQ_NEXT(peer, in_room);
	if (!peer->host)
		return;
	room->host_count--;
	if (room->host_count == 0 && room->state == CP_ROOM_OPEN && room->peer_count > 1)
		enter_grace(room);
}

int cp_room_close(struct cp_peer *peer, struct cp_fault *fault)
{
	if (!peer->host)
		return cp_refuse(fault, CP_FORBIDDEN, "room: only a host may close it");
	cp_room_end(peer->room, "its host closed it");
	return 0;
}

/* --- closing ------------------------------------------------------------------------------ */

void cp_room_end(struct cp_room *room, const char *reason)
{
	struct cp_model *m = room->model;

	if (room->state == CP_ROOM_CLOSING)
		return;
	unqueue(room);
	room->state = CP_ROOM_CLOSING;
	room->end.phase = CONSUMERS;
	room->end.next = TAILQ_FIRST(&room->peers);
	room->end.counts = cp_room_counts(room);
	snprintf(room->end.reason, sizeof(room->end.reason), "%s", reason);
	TAILQ_INSERT_TAIL(&m->closing, room, in_queue);
	if (m->closing_count++ == 0)
		cp_model_wake(m);
}

void cp_room_forget(struct cp_room *room)
{
	const struct cp_counts *n = &room->end.counts;

	unqueue(room);
	if (room->state == CP_ROOM_CLOSING)
		sh_log(SH_LOG_INFO,
			"room-closed room=%s reason=\"%s\" peers=%u consumers=%u producers=%u transports=%u",
			room->name, room->end.reason, n->peers, n->consumers, n->producers, n->transports);
}

static bool spend(unsigned *budget)
{
	if (*budget == 0)
		return false;
	--*budget;
	return true;
}

/* Each of the following is called until it says that nothing of its kind is left. */

static bool end_consumers(struct cp_room *room, unsigned *budget)
{
	struct cp_transport *t;
	struct cp_peer *peer;

	while ((peer = room->end.next)) {
		TAILQ_FOREACH(t, &peer->transports, on_peer)
		while (!TAILQ_EMPTY(&t->consumers)) {
			if (!spend(budget))
				return false;
			cp_consumer_destroy(TAILQ_FIRST(&t->consumers), &closing);
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
		cp_producer_destroy(TAILQ_FIRST(&room->producers), &closing);
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
			cp_transport_destroy(TAILQ_FIRST(&peer->transports), &closing);
		}
		if (!spend(budget))
			return false;
		room->end.next = TAILQ_NEXT(peer, in_room);
	}
	/* Whoever hears that the room has closed may join one of that name at once. */
	cp_index_take(&room->model->rooms, room);
	return true;
}

/* The room goes with the last of them. */
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

/* As far as the budget goes. */
static void end_some(struct cp_room *room, unsigned *budget)
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
	uint64_t now = now_ms(m);
	struct cp_room *room;

	while ((room = TAILQ_FIRST(&m->grace)) && room->deadline_ms <= now)
		cp_room_end(room, "its last host left");
	while (budget > 0 && (room = TAILQ_FIRST(&m->closing))) {
		/* To the end of the queue, so that a small room does not wait for a large one. */
		TAILQ_REMOVE(&m->closing, room, in_queue);
		TAILQ_INSERT_TAIL(&m->closing, room, in_queue);
		end_some(room, &budget);
	}
	cp_plain_run(m);
	cp_model_wake(m);
}

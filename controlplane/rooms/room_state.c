/* SPDX-License-Identifier: Apache-2.0 */
#include "controlplane/rooms/room_state.h"

#include "controlplane/rooms/audio.h"
#include "controlplane/rooms/model.h"
#include "controlplane/rooms/producer.h"
#include "controlplane/rooms/quality.h"
#include "controlplane/rooms/saved.h"
#include "controlplane/rooms/transport.h"
#include "controlplane/rooms/user.h"

/* Not 0: libuv 1.44 runs a timer that its own callback restarts with 0 again before any I/O. */
enum { ITERATION_MS = 1 };

const struct cp_closing cp_room_closing = {
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
	return room->state != CP_ROOM_CLOSING
		       ? 0
		       : cp_refuse(fault, cp_room_closing.why, "%s", cp_room_closing.reason);
}

enum sh_log_level cp_room_end_level(const struct cp_room *room)
{
	return room->state == CP_ROOM_CLOSING ? SH_LOG_DEBUG : SH_LOG_INFO;
}

/* --- lists and the clock -------------------------------------------------------------- */

static uint64_t now_ms(const struct cp_model *m)
{
	return m->clock->now_ms(m->clock_arg);
}

uint64_t cp_room_grace_left_ms(const struct cp_room *room)
{
	uint64_t now = now_ms(room->model);

	return room->state == CP_ROOM_GRACE && room->deadline_ms > now ? room->deadline_ms - now : 0;
}

/* Time until the model has something to do; UINT64_MAX: nothing. */
static uint64_t due_in(const struct cp_model *m)
{
	const struct cp_room *room = TAILQ_FIRST(&m->grace);
	const struct cp_producer *p = TAILQ_FIRST(&m->recent);
	const struct cp_transport *t = TAILQ_FIRST(&m->transport_list);
	uint64_t now = now_ms(m), due = UINT64_MAX;

	if (!TAILQ_EMPTY(&m->closing) || !TAILQ_EMPTY(&m->telling) || !TAILQ_EMPTY(&m->walks) ||
		!TAILQ_EMPTY(&m->unsaved) || cp_quality_is_due(m) || cp_audio_due_ms(m) == 0 ||
		m->plain_due || (t && cp_transport_is_lost(t)))
		return ITERATION_MS;
	if (room)
		due = room->deadline_ms;
	if (cp_share_due_ms(m) < due)
		due = cp_share_due_ms(m);
	if (p && p->news.state_ms + m->config->rooms.pause_notice_ms < due)
		due = p->news.state_ms + m->config->rooms.pause_notice_ms;
	if (cp_audio_due_ms(m) < due)
		due = cp_audio_due_ms(m);
	if (due == UINT64_MAX)
		return due;
	return due > now ? due - now : 0;
}

/* An earlier alarm stays; otherwise frequent calls would postpone the next run again and again. */
void cp_model_schedule(struct cp_model *m)
{
	uint64_t in = due_in(m), now = now_ms(m);

	if (in == UINT64_MAX || (m->alarm_ms != 0 && m->alarm_ms <= now + in))
		return;
	m->alarm_ms = now + in;
	m->clock->wake_in(m->clock_arg, in);
}

/* Leaves the alarm set: if it was for this room alone, cp_model_run finds nothing to do. */
void cp_room_unqueue(struct cp_room *room)
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

/* The grace time is the same for all rooms, so the new deadline is the latest and goes last. */
static void enter_grace(struct cp_room *room)
{
	static struct sh_log_limit limit = {.event = "room-without-host", .per_second = SH_LOG_CLIENTS};
	struct cp_model *m = room->model;

	room->state = CP_ROOM_GRACE;
	room->deadline_ms = now_ms(m) + m->config->rooms.grace_s * 1000ull;
	TAILQ_INSERT_TAIL(&m->grace, room, in_queue);
	m->grace_count++;
	sh_log_limited(&limit, SH_LOG_INFO, "room-without-host room=%s peers=%u grace_s=%u", room->log_name,
		room->peer_count, m->config->rooms.grace_s);
	cp_model_schedule(m);
}

/* --- hosts ------------------------------------------------------------------------------ */

void cp_room_add_host(struct cp_peer *peer)
{
	static struct sh_log_limit limit = {.event = "room-has-host", .per_second = SH_LOG_CLIENTS};
	struct cp_room *room = peer->room;

	if (peer->host)
		return;
	peer->host = true;
	if (peer->same_user)
		peer->same_user->host = true;
	room->host_count++;
	cp_watch_changed(room);
	cp_peer_save(peer);
	if (room->state == CP_ROOM_GRACE) {
		cp_room_unqueue(room);
		room->state = CP_ROOM_OPEN;
		sh_log_limited(&limit, SH_LOG_INFO, "room-has-host room=%s peer=%s", room->log_name,
			peer->id);
	}
}

void cp_room_restored(struct cp_room *room)
{
	if (room->state == CP_ROOM_OPEN && room->restored && room->host_count == 0)
		enter_grace(room);
	room->restored = false;
}

void cp_room_peer_leaving(struct cp_peer *peer)
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

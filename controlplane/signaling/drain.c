/* SPDX-License-Identifier: Apache-2.0 */
#include "controlplane/signaling/drain.h"

#include <errno.h>
#include <stdio.h>

#include "controlplane/rooms/model.h"
#include "controlplane/rooms/room.h"
#include "controlplane/signaling/session.h"
#include "shared/log.h"

enum {
	TOLD_PER_SLICE = 500, /* clients that one iteration of the event loop tells */
	ENDED_PER_SLICE = 64, /* that it ends: each can close a host's producers */
	SLICE_MS = 10, /* between two slices */
	LOOK_MS = 100, /* between two looks at who is left */
};

/* --- what clients are told ------------------------------------------------------------------ */

static uint64_t now_ms(const struct cp_signaling *s)
{
	return s->model->clock->now_ms(s->model->clock_arg);
}

static cJSON *draining_json(const void *arg)
{
	const struct cp_signaling *s = arg;
	cJSON *data = cJSON_CreateObject();

	cJSON_AddNumberToObject(data, "deadlineMs", (double)cp_drain_left_ms(s));
	if (s->config->drain.url[0] != '\0')
		cJSON_AddStringToObject(data, "url", s->config->drain.url);
	return data;
}

static cJSON *nothing_json(const void *arg)
{
	return cJSON_CreateObject();
}

void cp_drain_tell(struct cp_session *s)
{
	if (s->signaling->model->drain.stage == CP_DRAIN_ON)
		cp_session_notify(s, "draining", draining_json(s->signaling));
}

/* Tells the next clients how things are, in one text for all of them. */
static void tell_some(struct cp_signaling *s)
{
	bool drains = s->model->drain.stage == CP_DRAIN_ON;
	struct cp_drain *d = &s->drain;
	char about[CP_ID_SIZE];

	snprintf(about, sizeof(about), "%x", d->number);
	for (unsigned i = 0; d->next && i < TOLD_PER_SLICE; i++) {
		struct cp_session *session = d->next;

		d->next = TAILQ_NEXT(session, all);
		if (!session->closing)
			cp_session_announce(session, drains ? "draining" : "drainingEnded", about,
				drains ? draining_json : nothing_json, s);
	}
}

/* --- beginning and end ------------------------------------------------------------------------ */

static void restart(struct cp_signaling *s, enum cp_drain_stage stage)
{
	cp_drain_set(s->model, stage);
	s->drain.next = TAILQ_FIRST(&s->sessions);
	s->wake_drain(s->wake_arg);
}

void cp_drain_begin(struct cp_signaling *s, uint32_t deadline_s)
{
	struct cp_drain *d = &s->drain;
	uint64_t now = now_ms(s);
	bool again = s->model->drain.stage == CP_DRAIN_ON;

	if (!again)
		d->began_ms = d->moved_ms = now;
	d->deadline_ms = now + deadline_s * 1000ull;
	d->moves = again ? d->moves : 0;
	d->over = d->restored = false;
	d->number++;
	sh_log(SH_LOG_INFO, "drain-%s deadline_s=%u peers=%u viewers=%u", again ? "changed" : "begun",
		deadline_s, s->model->peer_count, cp_drain_viewers(s->model));
	restart(s, CP_DRAIN_ON);
}

int cp_drain_restore(struct cp_signaling *s, uint64_t began_ms, uint64_t deadline_ms)
{
	struct cp_drain *d = &s->drain;
	uint64_t now = now_ms(s);

	if (began_ms > now || deadline_ms < began_ms || deadline_ms > now + SH_DRAIN_MAX_S * 1000ull)
		return EINVAL;
	*d = (struct cp_drain){.began_ms = began_ms,
		.deadline_ms = deadline_ms,
		.moved_ms = now,
		.number = d->number + 1,
		.restored = true};
	sh_log(SH_LOG_INFO, "drain-continued deadline_s=%u",
		(unsigned)(deadline_ms > now ? (deadline_ms - now) / 1000 : 0));
	restart(s, CP_DRAIN_ON);
	return 0;
}

bool cp_drain_cancel(struct cp_signaling *s)
{
	if (s->model->drain.stage == CP_DRAIN_OFF)
		return false;
	s->drain.number++;
	sh_log(SH_LOG_INFO, "drain-cancelled seconds=%u peers=%u",
		(unsigned)((now_ms(s) - s->drain.began_ms) / 1000), s->model->peer_count);
	restart(s, CP_DRAIN_OFF);
	return true;
}

/* Begins to end everybody who is left. */
static void begin_end(struct cp_signaling *s, const char *why)
{
	sh_log(SH_LOG_INFO, "drain-ending reason=\"%s\" seconds=%u peers=%u viewers=%u", why,
		(unsigned)((now_ms(s) - s->drain.began_ms) / 1000), s->model->peer_count,
		cp_drain_viewers(s->model));
	restart(s, CP_DRAIN_END);
}

/* Ends the next clients, and at last what only the operator has in rooms. */
static void end_some(struct cp_signaling *s)
{
	struct cp_drain *d = &s->drain;
	struct cp_room *room;

	for (unsigned i = 0; d->next && i < ENDED_PER_SLICE; i++) {
		struct cp_session *session = d->next;

		d->next = TAILQ_NEXT(session, all);
		cp_session_dismiss(session, "the server is drained");
	}
	if (d->next)
		return;
	TAILQ_FOREACH(room, &s->model->room_list, in_model)
	cp_room_close(room, "the server is drained");
	d->over = s->model->rooms.count == 0;
	if (d->over)
		sh_log(SH_LOG_INFO, "drained");
}

uint64_t cp_drain_run(struct cp_signaling *s)
{
	struct cp_drain *d = &s->drain;
	bool was_telling = d->next != NULL;

	if (d->restored && s->resumes.unread)
		return LOOK_MS;
	if (s->model->drain.stage == CP_DRAIN_END) {
		if (!d->over)
			end_some(s);
		return d->next ? SLICE_MS : d->over ? 0 : LOOK_MS;
	}
	tell_some(s);
	if (d->next)
		return SLICE_MS;
	if (s->model->drain.stage == CP_DRAIN_OFF)
		return 0;
	/* Whoever was told a moment ago has the time until the next look to read it. */
	if (now_ms(s) >= d->deadline_ms)
		begin_end(s, "deadline");
	else if (!was_telling && cp_drain_viewers(s->model) == 0)
		begin_end(s, "no viewers");
	return LOOK_MS;
}

void cp_drain_forget(const struct cp_session *s)
{
	struct cp_drain *d = &s->signaling->drain;

	if (d->next == s)
		d->next = TAILQ_NEXT(s, all);
}

/* --- players of WHEP ------------------------------------------------------------------------- */

unsigned cp_drain_moves(struct cp_signaling *s)
{
	struct cp_drain *d = &s->drain;
	double rate = s->config->drain.moves_per_second;
	uint64_t now = now_ms(s);

	if (s->model->drain.stage != CP_DRAIN_ON)
		return 0;
	d->moves += rate * (double)(now - d->moved_ms) / 1000;
	d->moved_ms = now;
	if (d->moves > rate) /* what nobody used is not saved up for longer than a second */
		d->moves = rate;
	return (unsigned)d->moves;
}

void cp_drain_moved(struct cp_signaling *s, unsigned players)
{
	s->drain.moves -= players;
	s->drain.moved += players;
}

uint64_t cp_drain_left_ms(const struct cp_signaling *s)
{
	const struct cp_drain *d = &s->drain;
	uint64_t now = now_ms(s);

	return s->model->drain.stage == CP_DRAIN_ON && d->deadline_ms > now ? d->deadline_ms - now : 0;
}

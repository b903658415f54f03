/* SPDX-License-Identifier: Apache-2.0 */
#include "controlplane/signaling/notices.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "controlplane/base/json.h"
#include "controlplane/persist/persist.h"
#include "controlplane/rooms/restore.h"
#include "controlplane/rooms/room.h"
#include "controlplane/rooms/saved.h"
#include "controlplane/signaling/drain.h"
#include "controlplane/signaling/message.h"
#include "shared/log.h"

static void release_current(struct cp_session *s)
{
	cp_message_free(s->current);
	s->current = NULL;
	s->type = NULL;
}

struct cp_session *cp_session_open(struct cp_signaling *signaling, const struct cp_dialect *dialect,
	const struct cp_carrier *calls, void *carrier, const char *ip, struct cp_address *address,
	const struct cp_grant *grant)
{
	struct cp_session *s = calloc(1, sizeof(*s));

	if (!s)
		return NULL;
	s->dialect = dialect;
	s->calls = calls;
	s->carrier = carrier;
	s->signaling = signaling;
	cp_id_make(s->id);
	cp_log_address(s->ip, signaling->config->log_addresses, ip);
	s->address = cp_address_keep(address);
	s->grant = *grant;
	s->may_publish = s->may_subscribe = true;
	TAILQ_INIT(&s->waiting);
	s->messages = cp_address_inherit(address);
	TAILQ_INSERT_TAIL(&signaling->sessions, s, all);
	cp_expiry_add(s);
	return s;
}

static struct cp_join join_of(struct cp_session *s, const char *room)
{
	return (struct cp_join){
		.room = room,
		.id = s->id,
		.user = s->grant.user,
		.publish = s->grant.publish && s->may_publish,
		.subscribe = s->grant.subscribe && s->may_subscribe,
		.address = s->address,
		.user_proven = s->grant.user_proven,
		.close = s->grant.close,
		.listener = &cp_session_listener,
		.session = s,
	};
}

int cp_session_join(struct cp_session *s, const char *room, struct cp_fault *fault)
{
	const struct cp_join join = join_of(s, room);
	bool logs_users = s->signaling->config->log_users == SH_LOG_USERS_FULL;
	char user[CP_NAME_LOG_SIZE];
	static struct sh_log_limit limit = {.event = "peer-joined", .per_second = SH_LOG_CLIENTS};

	if (cp_session_check_room(s, room, fault) != 0)
		return cp_fault_errno(fault);
	s->peer = cp_room_join(s->signaling->model, &join, fault);
	if (!s->peer)
		return cp_fault_errno(fault);
	if (room != s->room) /* equal when the session returns to the room it was in */
		snprintf(s->room, sizeof(s->room), "%s", room);
	sh_log_limited(&limit, SH_LOG_INFO, "peer-joined room=%s peer=%s user=%s address=%s dialect=%s",
		s->peer->room->log_name, s->id, cp_name_log(user, logs_users ? s->grant.user : ""), s->ip,
		s->dialect->name);
	return 0;
}

struct cp_grant cp_session_saved_grant(const struct cp_saved_peer *saved)
{
	struct cp_grant grant = {.publish = saved->publish,
		.subscribe = saved->subscribe,
		.close = saved->close,
		.user_proven = saved->user_proven,
		.expires_s = saved->expires_s};

	memcpy(grant.user, saved->user, sizeof(grant.user));
	if (saved->room_bound)
		memcpy(grant.room, saved->room, sizeof(grant.room));
	return grant;
}

struct cp_peer *cp_session_restore_peer(struct cp_session *s, const struct cp_saved_peer *saved)
{
	const struct cp_join join = join_of(s, saved->room);

	if (s->signaling->gate) { /* the predecessor's gate may have allowed less than the token */
		s->may_publish = saved->publish;
		s->may_subscribe = saved->subscribe;
	}
	s->peer = cp_room_restore(s->signaling->model, &join, saved);
	if (s->peer)
		memcpy(s->room, saved->room, sizeof(s->room));
	return s->peer;
}

int cp_session_enter(struct cp_session *s, const char *room, const cJSON *data, struct cp_fault *fault)
{
	int error;

	if (!s->type->enters)
		return cp_refuse(fault, CP_NOT_FOUND,
			"room: it has closed, and this request does not join it");
	error = s->type->enters(s, data, fault);
	if (error == 0)
		error = cp_session_admit(s, room, fault);
	if (error == 0)
		error = cp_session_join(s, room, fault);
	s->entered = error == 0;
	return error;
}

void cp_session_leave_closed_room(struct cp_session *s)
{
	s->peer = NULL;
	s->entered = s->leaves = false;
}

static void leave(struct cp_session *s)
{
	static struct sh_log_limit left = {.event = "peer-left", .per_second = SH_LOG_CLIENTS};

	sh_log_limited(&left, SH_LOG_INFO, "peer-left room=%s peer=%s", s->peer->room->log_name, s->peer->id);
	cp_room_leave(s->peer);
	cp_session_leave_closed_room(s);
}

void cp_session_drop_waiting(struct cp_session *s)
{
	struct cp_request *r;

	while ((r = TAILQ_FIRST(&s->waiting))) {
		TAILQ_REMOVE(&s->waiting, r, next);
		cp_message_free(r->message);
		free(r);
	}
	s->waiting_count = 0;
	s->waiting_bytes = 0;
}

void cp_session_free(struct cp_session *s)
{
	if (s->peer)
		leave(s);
	if (s->is_ready)
		TAILQ_REMOVE(&s->signaling->ready, s, ready);
	cp_drain_forget(s);
	TAILQ_REMOVE(&s->signaling->sessions, s, all);
	cp_expiry_remove(s);
	cp_resume_forget(s);
	cp_session_forget_ticket(s);
	cp_session_drop_waiting(s);
	release_current(s);
	cJSON_Delete(s->held);
	cp_address_bequeath(s->address, &s->messages);
	cp_address_release(s->address);
	free(s);
}

void cp_session_closing(struct cp_session *s, uint16_t code)
{
	s->closing = true;
	s->ended = !cp_resume_is_loss(code);
}

void cp_session_close(struct cp_session *s, uint16_t code, const char *reason)
{
	s->calls->close(s->carrier, code, reason);
}

void cp_session_removed(struct cp_session *s, const char *reason)
{
	struct cp_fault fault;

	s->peer = NULL;
	if (s->closing)
		return;
	cp_refuse(&fault, CP_FORBIDDEN, "%s", reason);
	cp_session_send_error(s, NULL, &fault);
	cp_session_close(s, CP_CLOSE_POLICY, reason);
}

void cp_session_dismiss(struct cp_session *s, const char *reason)
{
	cp_session_close(s, CP_CLOSE_GOING_AWAY, reason);
	if (s->peer)
		leave(s);
}

void cp_session_end(struct cp_session *s, const char *reason)
{
	if (s->peer)
		cp_room_remove(s->peer, reason);
	else
		cp_session_removed(s, reason);
}

/* --- messages to the client ------------------------------------------------------------- */

/* Before `resumed` nothing is sent: it has the state that any notice could have changed. */
void cp_session_send(struct cp_session *s, struct cp_text *text)
{
	if (s->resume.greets)
		cp_text_release(text);
	else
		s->calls->send(s->carrier, text);
}

void cp_session_notify(struct cp_session *s, const char *type, cJSON *data)
{
	cp_session_send(s, s->dialect->notice(type, data));
}

void cp_session_announce(struct cp_session *s, const char *type, const char *about,
	cJSON *(*data)(const void *arg), const void *arg)
{
	struct cp_announced *last = s->dialect->announced;

	if (s->resume.lost || s->resume.greets)
		return;
	if (!last->text || strcmp(last->type, type) != 0 || strcmp(last->about, about) != 0) {
		cp_text_release(last->text);
		last->type = type;
		snprintf(last->about, sizeof(last->about), "%s", about);
		last->text = s->dialect->notice(type, data(arg));
	}
	cp_session_send(s, last->text ? cp_text_hold(last->text) : NULL);
}

/* True if cp_session_run() has anything to do, perhaps. */
static bool has_work(const struct cp_session *s)
{
	return s->waiting_count > 0 || s->leaves || s->held || s->resume.greets || s->resume.untold;
}

/*
 * The next request begins from the event loop and not from here: this can be a callback of the
 * rooms while they iterate over lists that a request would change.
 */
void cp_session_wake(struct cp_session *s)
{
	if (s->running || s->is_ready || !has_work(s))
		return;
	s->is_ready = true;
	TAILQ_INSERT_TAIL(&s->signaling->ready, s, ready);
	s->signaling->wake(s->signaling->wake_arg);
}

/* The pending request was answered: the next one may begin. */
static void answered(struct cp_session *s)
{
	release_current(s);
	s->resume.orphaned = false;
	cp_session_wake(s);
}

void cp_session_reply(struct cp_session *s, cJSON *data)
{
	if (s->resume.orphaned)
		cJSON_Delete(data);
	else
		s->dialect->reply(s, s->current, data);
	s->entered = false;
	answered(s);
}

static bool is_saved(const struct cp_session *s)
{
	return !s->peer || cp_peer_is_saved(s->peer);
}

void cp_session_reply_saved(struct cp_session *s, cJSON *data)
{
	if (is_saved(s))
		cp_session_reply(s, data);
	else
		s->held = data;
}

static void reply_held(struct cp_session *s)
{
	cJSON *data = s->held;

	if (!data || !is_saved(s))
		return;
	s->held = NULL;
	cp_session_reply(s, data);
}

void cp_session_send_error(struct cp_session *s, const cJSON *message, const struct cp_fault *fault)
{
	s->signaling->counters->error[fault->code]++;
	s->dialect->error(s, message, fault);
}

void cp_session_error(struct cp_session *s, const struct cp_fault *fault)
{
	sh_log(SH_LOG_DEBUG, "request-failed peer=%s code=%s message=\"%s\"", s->id,
		cp_code_name(fault->code), fault->message);
	if (!s->resume.orphaned)
		cp_session_send_error(s, s->current, fault);
	s->leaves = s->entered;
	answered(s);
}

/* --- requests --------------------------------------------------------------------------- */

int cp_session_queue(struct cp_session *s, cJSON *message)
{
	struct cp_request *r = message ? calloc(1, sizeof(*r)) : NULL;

	if (!r) {
		cJSON_Delete(message);
		return ENOMEM;
	}
	r->message = message;
	TAILQ_INSERT_TAIL(&s->waiting, r, next);
	s->waiting_count++;
	cp_session_wake(s);
	return 0;
}

void cp_session_run(struct cp_session *s)
{
	struct cp_request *r;

	s->running = true;
	for (;;) {
		if (s->leaves)
			leave(s);
		reply_held(s);
		cp_resume_tell(s);
		if (s->current || s->ticket || s->closing || s->resume.greets ||
			!(r = TAILQ_FIRST(&s->waiting)))
			break;
		TAILQ_REMOVE(&s->waiting, r, next);
		s->waiting_count--;
		s->waiting_bytes -= r->bytes;
		s->current = r->message;
		s->arrived_ns = r->arrived_ns;
		free(r);
		cp_json_begin();
		s->dialect->request(s, s->current);
	}
	s->running = false;
}

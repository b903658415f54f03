/* SPDX-License-Identifier: Apache-2.0 */
#include "controlplane/engineio/engine.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "controlplane/base/id.h"

struct cp_eio *cp_eio_find(struct cp_eio_server *s, const char *sid, size_t len)
{
	uint32_t hash = cp_hash(sid, len);

	if (len != CP_SID_SIZE - 1)
		return NULL;
	for (struct cp_table_entry *entry = NULL; (entry = cp_table_next(&s->by_sid, hash, entry));) {
		struct cp_eio *e = CP_TABLE_OBJECT(entry, struct cp_eio, by_sid);

		if (memcmp(e->sid, sid, len) == 0)
			return e;
	}
	return NULL;
}

/* --- opening and ending -------------------------------------------------------------------- */

/* The handshake: the "open" packet with the session's parameters. */
static int send_open(struct cp_eio *e)
{
	const struct sh_config *config = e->server->config;
	struct cp_text *text;
	char json[200];

	snprintf(json, sizeof(json),
		"{\"sid\":\"%s\",\"upgrades\":[%s],\"pingInterval\":%u,\"pingTimeout\":%u,\"maxPayload\":%u}",
		e->sid, e->socket ? "" : "\"websocket\"", config->socketio.ping_interval_ms,
		config->socketio.ping_timeout_ms, config->limit.message_bytes);
	text = cp_text_copy(json, strlen(json));
	if (!text)
		return ENOMEM;
	if (!e->socket)
		return cp_eio_queue(e, CP_EIO_OPEN, text);
	e->server->calls->send(e->socket, CP_EIO_OPEN, text);
	return 0;
}

/* Ends a polling session because of the backlog. */
static void cut(struct cp_queued *q)
{
	struct cp_eio *e = (struct cp_eio *)((char *)q - offsetof(struct cp_eio, queued));

	cp_eio_end(e, 1013, "the client is too slow");
}

struct cp_eio *cp_eio_open(struct cp_eio_server *s, void *socket, void *user)
{
	struct cp_eio *e = calloc(1, sizeof(*e));

	if (!e)
		return NULL;
	e->server = s;
	e->user = user;
	e->socket = socket;
	e->queued.cut = cut;
	TAILQ_INIT(&e->out);
	for (unsigned i = 0; i < CP_EIO_DEADLINES; i++)
		e->timers[i].session = e;
	cp_token_make(e->sid, sizeof(e->sid));
	if (send_open(e) != 0) {
		free(e);
		return NULL;
	}
	cp_table_add(&s->by_sid, &e->by_sid, cp_hash(e->sid, sizeof(e->sid) - 1));
	TAILQ_INSERT_TAIL(&s->sessions, e, in_server);
	s->counts.opened++;
	*(socket ? &s->counts.websocket : &s->counts.polling) += 1;
	cp_eio_set_deadline(e, CP_EIO_PING_DUE);
	cp_eio_set_deadline(e, CP_EIO_CONNECT_DUE);
	return e;
}

void cp_eio_expect_connect(struct cp_eio *e, bool expect)
{
	if (e->state != CP_EIO_IS_OPEN || !expect)
		cp_eio_clear_deadline(e, CP_EIO_CONNECT_DUE);
	else
		cp_eio_set_deadline(e, CP_EIO_CONNECT_DUE);
}

void cp_eio_end(struct cp_eio *e, uint16_t code, const char *reason)
{
	const struct cp_eio_calls *calls = e->server->calls;
	bool closing_called = e->state != CP_EIO_IS_OPEN;

	if (e->state == CP_EIO_HAS_ENDED)
		return;
	e->state = CP_EIO_HAS_ENDED;
	cp_eio_count_queue(e, true);
	cp_table_remove(&e->server->by_sid, &e->by_sid);
	TAILQ_REMOVE(&e->server->sessions, e, in_server);
	TAILQ_INSERT_TAIL(&e->server->ended, e, in_server);
	if (!closing_called)
		calls->closing(e, code, reason);
	if (e->candidate)
		cp_eio_abort_upgrade(e, "the session has ended");
	for (unsigned i = 0; i < CP_EIO_DEADLINES; i++)
		cp_eio_clear_deadline(e, i);
	*(e->socket ? &e->server->counts.websocket : &e->server->counts.polling) -= 1;
	cp_eio_release_poll(e, CP_EIO_CLOSE);
	if (e->post)
		calls->forget(e->post);
	if (e->socket)
		calls->close(e->socket, code, reason);
	/* The deadline is due at once: the next cp_eio_run() frees the session. */
	cp_eio_set_deadline(e, CP_EIO_FLUSH_DUE);
}

void cp_eio_close(struct cp_eio *e, uint16_t code, const char *reason)
{
	if (e->state != CP_EIO_IS_OPEN)
		return;
	if (e->socket || cp_eio_queue(e, CP_EIO_CLOSE, NULL) != 0) {
		cp_eio_end(e, code, reason);
		return;
	}
	e->state = CP_EIO_IS_CLOSING;
	e->server->calls->closing(e, code, reason);
	cp_eio_set_deadline(e, CP_EIO_CLOSE_DUE);
	cp_eio_set_deadline(e, CP_EIO_FLUSH_DUE);
}

/* Frees a session that has ended; calls `closed`. */
static void free_session(struct cp_eio *e)
{
	enum cp_eio_type type;

	e->server->calls->closed(e);
	cp_eio_clear_deadline(e, CP_EIO_FLUSH_DUE);
	while (!TAILQ_EMPTY(&e->out))
		cp_text_release(cp_eio_dequeue(e, &type));
	TAILQ_REMOVE(&e->server->ended, e, in_server);
	free(e);
}

static void free_ended(struct cp_eio_server *s)
{
	struct cp_eio *e;

	while ((e = TAILQ_FIRST(&s->ended)))
		free_session(e);
}

void cp_eio_stop(struct cp_eio_server *s)
{
	struct cp_eio *e;

	while ((e = TAILQ_FIRST(&s->sessions)))
		cp_eio_end(e, 1001, "the server is stopping");
	free_ended(s);
	cp_table_free(&s->by_sid);
}

/* --- packets ------------------------------------------------------------------------------- */

static void send_packet(struct cp_eio *e, enum cp_eio_type type, struct cp_text *text)
{
	if (e->socket) {
		e->server->calls->send(e->socket, type, text);
		return;
	}
	if (e->out_bytes + 1 + (text ? text->len : 0) > e->server->config->limit.send_queue_bytes) {
		cp_text_release(text);
		if (e->server->counters)
			e->server->counters->refused[CP_REFUSED_QUEUE]++;
		cp_eio_end(e, 1013, "the client is too slow");
		return;
	}
	if (cp_eio_queue(e, type, text) != 0) {
		cp_eio_end(e, 1011, "out of memory");
		return;
	}
	/*
	 * Answers in the next cp_eio_run(), so that one answer carries all packets sent until then.
	 */
	if (e->poll)
		cp_eio_set_deadline(e, CP_EIO_FLUSH_DUE);
}

void cp_eio_send(struct cp_eio *e, struct cp_text *text)
{
	if (e->state != CP_EIO_IS_OPEN)
		cp_text_release(text);
	else if (!text)
		cp_eio_end(e, 1011, "out of memory");
	else
		send_packet(e, CP_EIO_MESSAGE, text);
}

void cp_eio_handle_packet(struct cp_eio *e, const struct cp_eio_packet *p)
{
	switch (p->type) {
	case CP_EIO_PONG:
		cp_eio_clear_deadline(e, CP_EIO_PONG_DUE);
		cp_eio_set_deadline(e, CP_EIO_PING_DUE);
		break;
	case CP_EIO_MESSAGE:
		e->server->calls->message(e, p->data, p->len);
		break;
	case CP_EIO_CLOSE:
		/*
		 * The client began the close, so a held poll is answered with a noop, not with
		 * "close".
		 */
		cp_eio_release_poll(e, CP_EIO_NOOP);
		cp_eio_end(e, 1000, "the client has closed");
		break;
	case CP_EIO_PING:
		/* In Engine.IO protocol 4 only the server sends pings. */
		cp_eio_end(e, 1002, "a ping from the client");
		break;
	default:
		break;
	}
}

/* --- deadlines ----------------------------------------------------------------------------- */

static uint32_t duration(const struct cp_eio *e, enum cp_eio_deadline kind)
{
	const struct sh_config *config = e->server->config;

	switch (kind) {
	case CP_EIO_PING_DUE:
		return config->socketio.ping_interval_ms;
	case CP_EIO_PONG_DUE:
		return config->socketio.ping_timeout_ms;
	case CP_EIO_CONNECT_DUE:
		return config->socketio.connect_timeout_ms;
	case CP_EIO_UPGRADE_DUE:
		return config->socketio.upgrade_timeout_ms;
	case CP_EIO_NOOP_DUE:
		return CP_EIO_NOOP_MS;
	case CP_EIO_CLOSE_DUE:
		return CP_EIO_CLOSE_WAIT_MS;
	default:
		return 0;
	}
}

void cp_eio_clear_deadline(struct cp_eio *e, enum cp_eio_deadline kind)
{
	struct cp_eio_timer *t = &e->timers[kind];

	if (t->due_ms != 0)
		TAILQ_REMOVE(&e->server->timers[kind], t, next);
	t->due_ms = 0;
}

/* Sets the alarm for `due_ms`, unless it goes off earlier. */
static void wake_at(struct cp_eio_server *s, uint64_t due_ms, uint64_t now_ms)
{
	if (s->wake_ms != 0 && s->wake_ms <= due_ms)
		return;
	s->wake_ms = due_ms;
	s->clock->wake_in(s->clock_arg, due_ms > now_ms ? due_ms - now_ms : 0);
}

void cp_eio_set_deadline(struct cp_eio *e, enum cp_eio_deadline kind)
{
	struct cp_eio_server *s = e->server;
	struct cp_eio_timer *t = &e->timers[kind];
	uint64_t now_ms = s->clock->now_ms(s->clock_arg);

	cp_eio_clear_deadline(e, kind);
	t->due_ms = now_ms + duration(e, kind);
	TAILQ_INSERT_TAIL(&s->timers[kind], t, next);
	wake_at(s, t->due_ms, now_ms);
}

static void expire(struct cp_eio *e, enum cp_eio_deadline kind)
{
	switch (kind) {
	case CP_EIO_PING_DUE:
		cp_eio_set_deadline(e, CP_EIO_PONG_DUE);
		if (e->state == CP_EIO_IS_OPEN)
			send_packet(e, CP_EIO_PING, NULL);
		break;
	case CP_EIO_PONG_DUE:
		cp_eio_end(e, 1013, "ping timeout");
		break;
	case CP_EIO_CONNECT_DUE:
		cp_eio_close(e, 1008, "no namespace was joined");
		break;
	case CP_EIO_UPGRADE_DUE:
		cp_eio_abort_upgrade(e, "the upgrade was not finished");
		break;
	case CP_EIO_NOOP_DUE:
		cp_eio_repeat_noop(e);
		break;
	case CP_EIO_CLOSE_DUE:
		cp_eio_end(e, 1008, "the client did not fetch the end");
		break;
	default:
		cp_eio_flush(e);
		break;
	}
}

void cp_eio_run(struct cp_eio_server *s)
{
	uint64_t now_ms = s->clock->now_ms(s->clock_arg), next_ms = 0;
	struct cp_eio_timer *t;

	/* wake_at() sets no alarm meanwhile: the end of this function sets it for all deadlines. */
	s->wake_ms = now_ms;
	for (unsigned kind = 0; kind < CP_EIO_DEADLINES; kind++) {
		while ((t = TAILQ_FIRST(&s->timers[kind])) && t->due_ms <= now_ms) {
			cp_eio_clear_deadline(t->session, kind);
			expire(t->session, kind);
		}
	}
	free_ended(s);
	for (unsigned kind = 0; kind < CP_EIO_DEADLINES; kind++) {
		t = TAILQ_FIRST(&s->timers[kind]);
		if (t && (next_ms == 0 || t->due_ms < next_ms))
			next_ms = t->due_ms;
	}
	s->wake_ms = 0;
	if (next_ms != 0)
		wake_at(s, next_ms, now_ms);
}

int cp_eio_start(struct cp_eio_server *s, const struct sh_config *config, const struct cp_eio_calls *calls,
	const struct cp_clock *clock, void *clock_arg)
{
	memset(s, 0, sizeof(*s));
	s->config = config;
	s->calls = calls;
	s->clock = clock;
	s->clock_arg = clock_arg;
	TAILQ_INIT(&s->sessions);
	TAILQ_INIT(&s->ended);
	for (unsigned kind = 0; kind < CP_EIO_DEADLINES; kind++)
		TAILQ_INIT(&s->timers[kind]);
	return cp_table_init(&s->by_sid);
}

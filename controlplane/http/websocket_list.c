/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Pings silent WebSockets, and sends the queues of all WebSockets once per iteration of the event
 * loop. libwebsockets can do both, but 4.1 is slow with ten thousand sockets: it keeps a timer for
 * each of them in one sorted list and walks that list whenever a socket receives something; and for
 * every message it waits until the kernel reports that the socket is writable.
 */

#include "controlplane/http/websocket_list.h"

#include "controlplane/http/address.h"
#include "controlplane/http/server.h"
#include "controlplane/http/websocket.h"

enum {
	PULSE_MS = 1000,
	PING_MS = 25000, /* after so long a silent WebSocket is pinged */
	HANGUP_MS = 40000, /* after so long it is closed */
};

/* --- sending, once per iteration of the event loop ----------------------------------------- */

void cp_websockets_schedule(struct cp_websocket *w)
{
	if (w->is_unsent)
		return;
	w->is_unsent = true;
	TAILQ_INSERT_TAIL(&w->server->unsent, w, unsent);
}

static void unschedule(struct cp_websocket *w)
{
	if (w->is_unsent)
		TAILQ_REMOVE(&w->server->unsent, w, unsent);
	w->is_unsent = false;
}

static void flush(uv_prepare_t *prepare)
{
	struct cp_server *s = prepare->data;
	struct cp_websocket *w;

	while ((w = TAILQ_FIRST(&s->unsent))) {
		unschedule(w);
		/* If the socket becomes full, LWS_CALLBACK_SERVER_WRITEABLE continues the queue. */
		if (cp_websocket_writeable(w) != 0)
			lws_set_timeout(w->wsi, PENDING_TIMEOUT_KILLED_BY_PARENT, LWS_TO_KILL_ASYNC);
	}
	/* Only now: until a queue has been sent, it says nothing about its client. */
	s->counters->refused[CP_REFUSED_QUEUE_TOTAL] +=
		cp_backlog_shrink(&s->backlog, s->config->limit.send_queue_total_bytes);
}

/* --- silent WebSockets --------------------------------------------------------------------- */

void cp_websockets_touch(struct cp_websocket *w)
{
	struct cp_server *s = w->server;

	w->received_ms = uv_now(s->loop);
	w->pinged = false;
	TAILQ_REMOVE(&s->websockets, w, by_age);
	TAILQ_INSERT_TAIL(&s->websockets, w, by_age);
}

static void ping_silent(struct cp_server *s)
{
	uint64_t now = uv_now(s->loop);
	struct cp_websocket *w;

	TAILQ_FOREACH(w, &s->websockets, by_age)
	{
		uint64_t silent = now - w->received_ms;

		if (silent < PING_MS)
			return; /* the ones behind it have received something later */
		if (silent >= HANGUP_MS && !w->hung_up) {
			w->hung_up = true; /* only once, because the connection closes later */
			lws_set_timeout(w->wsi, PENDING_TIMEOUT_KILLED_BY_PARENT, LWS_TO_KILL_ASYNC);
		} else if (!w->pinged) {
			w->pinged = w->ping_due = true;
			cp_websockets_schedule(w);
		}
	}
}

static void expire_queues(struct cp_server *s)
{
	uint64_t now = uv_now(s->loop), age = 1000 * (uint64_t)s->config->limit.send_queue_s;

	if (now > age)
		s->counters->refused[CP_REFUSED_QUEUE_AGE] += cp_backlog_expire(&s->backlog, now - age);
}

static void pulse(uv_timer_t *timer)
{
	struct cp_server *s = timer->data;

	ping_silent(s);
	cp_accepted_expire(s);
	expire_queues(s);
	/*
	 * libwebsockets 4.1 checks its timeouts only in its own event handlers, which may not run
	 * at all while only our timers do. This wakes it.
	 */
	lws_cancel_service(s->context);
}

/* --- beginning and end --------------------------------------------------------------------- */

void cp_websockets_add(struct cp_websocket *w)
{
	w->received_ms = uv_now(w->server->loop);
	TAILQ_INSERT_TAIL(&w->server->websockets, w, by_age);
}

void cp_websockets_remove(struct cp_websocket *w)
{
	unschedule(w);
	TAILQ_REMOVE(&w->server->websockets, w, by_age);
}

void cp_websockets_start(struct cp_server *s)
{
	TAILQ_INIT(&s->websockets);
	TAILQ_INIT(&s->unsent);
	cp_backlog_init(&s->backlog);
	uv_prepare_init(s->loop, &s->flush);
	uv_timer_init(s->loop, &s->pulse);
	s->flush.data = s->pulse.data = s;
	uv_prepare_start(&s->flush, flush);
	uv_timer_start(&s->pulse, pulse, PULSE_MS, PULSE_MS);
}

void cp_websockets_stop(struct cp_server *s)
{
	uv_close((uv_handle_t *)&s->flush, NULL);
	uv_close((uv_handle_t *)&s->pulse, NULL);
}

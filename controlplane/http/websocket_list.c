/* SPDX-License-Identifier: Apache-2.0 */

/*
 * What the server does for all its WebSockets. libwebsockets could do either itself, but
 * at ten thousand sockets not cheaply: it keeps a timer each in one sorted list, which it
 * walks whenever a socket is heard from, and it has the kernel say of every socket that it
 * can be written to, for every message.
 */

#include "controlplane/http/websocket_list.h"

#include "controlplane/http/server.h"
#include "controlplane/http/websocket.h"

enum {
	PULSE_MS = 1000,
	PING_MS = 25000, /* a silent one is pinged, ... */
	HANGUP_MS = 40000, /* ... and cut off when it stays silent */
};

/* --- sending, once a turn of the loop ------------------------------------------------------- */

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
		/* Where the socket takes no more, libwebsockets says when it does again. */
		if (cp_websocket_writeable(w) != 0)
			lws_set_timeout(w->wsi, PENDING_TIMEOUT_KILLED_BY_PARENT, LWS_TO_KILL_ASYNC);
	}
}

/* --- whether they live ------------------------------------------------------------------------ */

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
			return; /* and the others are younger */
		if (silent >= HANGUP_MS && !w->hung_up) {
			w->hung_up = true; /* once: it takes its time to go */
			lws_set_timeout(w->wsi, PENDING_TIMEOUT_KILLED_BY_PARENT, LWS_TO_KILL_ASYNC);
		} else if (!w->pinged) {
			w->pinged = w->ping_due = true;
			cp_websockets_schedule(w);
		}
	}
}

static void pulse(uv_timer_t *timer)
{
	struct cp_server *s = timer->data;

	ping_silent(s);
	/* It looks at its timeouts when it was awake itself, and may not be when only our timers run. */
	lws_cancel_service(s->context);
}

/* --- beginning and end ------------------------------------------------------------------------- */

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

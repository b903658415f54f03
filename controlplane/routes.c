/* SPDX-License-Identifier: Apache-2.0 */
#include "controlplane/routes.h"

#include <errno.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "controlplane/entry/engineio_polling.h"
#include "controlplane/entry/json_websocket.h"
#include "controlplane/http/static.h"
#include "controlplane/operator/pages.h"
#include "controlplane/pages.h"
#include "controlplane/signaling/drain.h"

/* --- the operator's pages ----------------------------------------------------------------- */

static int health(void *owner, struct cp_connection *c)
{
	const struct cp_public *p = owner;

	return cp_page_health(p->view, c);
}

static int readiness(void *owner, struct cp_connection *c)
{
	const struct cp_public *p = owner;

	return cp_page_readiness(p->view, c);
}

/*
 * The web page's list of rooms. It does not exist where clients need a token to join, so that a
 * client without a token does not learn the names of rooms.
 */
static int rooms(void *owner, struct cp_connection *c)
{
	struct cp_public *p = owner;

	if (!p->config->http.room_list || cp_auth_required(p->auth))
		return ENOENT;
	return cp_page_reply(p->view, c, &p->rooms, cp_room_list_text, "application/json");
}

/* --- the player ------------------------------------------------------------------------------ */

static int player(void *owner, struct cp_connection *c)
{
	return cp_static_serve_player(c);
}

/* --- signaling ------------------------------------------------------------------------------ */

static int json_upgrade(void *owner, struct lws *wsi)
{
	struct cp_public *p = owner;

	return cp_json_websocket_filter(&p->server, wsi);
}

static int json_opened(void *owner, struct cp_websocket *w)
{
	struct cp_public *p = owner;

	return cp_json_websocket_open(&p->signaling, w);
}

static int socketio_request(void *owner, struct cp_connection *c)
{
	struct cp_public *p = owner;

	return cp_polling_request(&p->socketio, c);
}

static int socketio_upgrade(void *owner, struct lws *wsi)
{
	struct cp_public *p = owner;

	return cp_eio_websocket_filter(&p->socketio, wsi);
}

static int socketio_opened(void *owner, struct cp_websocket *w)
{
	struct cp_public *p = owner;

	return cp_eio_websocket_open(&p->socketio, w);
}

static int whip_request(void *owner, struct cp_connection *c)
{
	struct cp_public *p = owner;

	return cp_whip_request(&p->whip, CP_SDP_PUBLISH, c);
}

static int whep_request(void *owner, struct cp_connection *c)
{
	struct cp_public *p = owner;

	return cp_whip_request(&p->whip, CP_SDP_PLAY, c);
}

static const struct cp_route routes[] = {
	{.path = "/", .upgrade = json_upgrade, .opened = json_opened},
	{.path = CP_SOCKETIO_PATH,
		.request = socketio_request,
		.body = cp_polling_body,
		.body_complete = cp_polling_body_complete,
		.gone = cp_polling_gone,
		.upgrade = socketio_upgrade,
		.opened = socketio_opened},
	{.path = CP_WHIP_PATH,
		.below = true,
		.request = whip_request,
		.body = cp_whip_body,
		.body_complete = cp_whip_body_complete,
		.gone = cp_whip_gone},
	{.path = CP_WHEP_PATH,
		.below = true,
		.request = whep_request,
		.body = cp_whip_body,
		.body_complete = cp_whip_body_complete,
		.gone = cp_whip_gone},
	{.path = "/player", .page = player},
	{.path = "/healthz", .page = health},
	{.path = "/readyz", .page = readiness},
	{.path = "/rooms", .page = rooms},
	{.path = NULL},
};

/* --- start and stop ------------------------------------------------------------------------- */

static void run_ready(uv_idle_t *idle)
{
	struct cp_public *p = idle->data;

	uv_idle_stop(idle);
	cp_signaling_run(&p->signaling);
}

static void wake(void *arg)
{
	struct cp_public *p = arg;

	uv_idle_start(&p->ready, run_ready);
}

enum { EXPIRY_MS = 1000 };

static void expire(uv_timer_t *timer)
{
	struct cp_public *p = timer->data;
	bool more = p->config->auth.end_with_token && cp_signaling_expire(&p->signaling, (int64_t)time(NULL));

	more |= cp_resume_run(&p->signaling);

	uv_timer_start(timer, expire, more ? 1 : EXPIRY_MS, 0);
}

static void run_drain(uv_timer_t *timer)
{
	struct cp_public *p = timer->data;
	unsigned moves = cp_drain_moves(&p->signaling);
	uint64_t ms;

	if (moves > 0)
		cp_drain_moved(&p->signaling, cp_whip_move(&p->whip, moves));
	ms = cp_drain_run(&p->signaling);
	if (ms > 0)
		uv_timer_start(timer, run_drain, ms, 0);
	else
		uv_timer_stop(timer);
}

static void wake_drain(void *arg)
{
	struct cp_public *p = arg;

	uv_timer_start(&p->drain, run_drain, 1, 0);
}

static int start_signaling(struct cp_public *p)
{
	int error;

	p->host[0] = p->host[sizeof(p->host) - 1] = '\0';
	gethostname(p->host, sizeof(p->host) - 1);
	p->signaling = (struct cp_signaling){
		.config = p->config,
		.host = p->host,
		.model = p->model,
		.stats = p->stats,
		.auth = p->auth,
		.gate = p->gate,
		.counters = p->counters,
		.wake = wake,
		.wake_drain = wake_drain,
		.wake_arg = p,
	};
	error = cp_signaling_start(&p->signaling);
	if (error != 0)
		return error;
	error = cp_socketio_start(&p->socketio, p->loop, &p->server, &p->signaling);
	if (error != 0)
		cp_signaling_stop(&p->signaling);
	return error;
}

int cp_public_start(struct cp_public *p, char *err, size_t err_size)
{
	int error = start_signaling(p);

	if (error != 0) {
		snprintf(err, err_size, "out of memory");
		return error;
	}
	uv_idle_init(p->loop, &p->ready);
	uv_timer_init(p->loop, &p->expiry);
	uv_timer_init(p->loop, &p->drain);
	p->ready.data = p->expiry.data = p->drain.data = p;
	uv_timer_start(&p->expiry, expire, EXPIRY_MS, 0);
	p->site = (struct cp_site){.routes = routes,
		.owner = p,
		.port = {.name = "HTTP",
			.members = "http",
			.other = "--http-port",
			.address = p->config->http.address,
			.port = p->config->http.port},
		.hosts = p->config->http.hosts,
		.origins = p->config->http.origins,
		.tls = true,
		.files = true};
	cp_whip_start(&p->whip, p->loop, &p->server, &p->signaling, p->cluster);
	error = cp_server_start(&p->server, p->loop, p->config, &p->site, p->counters, err, err_size);
	if (error != 0) {
		cp_whip_stop(&p->whip);
		cp_socketio_stop(&p->socketio);
		uv_close((uv_handle_t *)&p->ready, NULL);
		uv_close((uv_handle_t *)&p->expiry, NULL);
		uv_close((uv_handle_t *)&p->drain, NULL);
		cp_signaling_stop(&p->signaling);
	}
	return error;
}

void cp_public_farewell(struct cp_public *p)
{
	cp_signaling_farewell(&p->signaling);
}

void cp_public_stop(struct cp_public *p)
{
	cp_socketio_stop(&p->socketio);
	cp_whip_stop(&p->whip);
	cp_server_stop(&p->server);
	cp_page_cache_free(&p->rooms);
	uv_close((uv_handle_t *)&p->ready, NULL);
	uv_close((uv_handle_t *)&p->expiry, NULL);
	uv_close((uv_handle_t *)&p->drain, NULL);
	cp_signaling_stop(&p->signaling);
}

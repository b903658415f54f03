/* SPDX-License-Identifier: Apache-2.0 */

/* Holds what transports share, and finds the transport that an event or punted packet is for. */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "controlplane/webrtc/internal.h"
#include "shared/demux.h"

enum { TICK_MS = 1000 };

static void on_tick(uv_timer_t *timer);

/* --- start and stop ----------------------------------------------------------------------- */

static void free_parts(struct cp_webrtc_server *s)
{
	cp_table_free(&s->ufrags);
	cp_table_free(&s->ids);
	cp_cert_free(&s->cert);
	cp_dp_release(s->dp);
	free(s->tick);
	free(s->probe);
	free(s);
}

/* NULL, or the operator's message with the errno in `error`. */
static const char *make_parts(struct cp_webrtc_server *s, int *error)
{
	*error = ENOMEM;
	s->tick = malloc(sizeof(*s->tick));
	s->probe = malloc(sizeof(*s->probe));
	if (!s->tick || !s->probe || cp_table_init(&s->ufrags) || cp_table_init(&s->ids))
		return "out of memory";
	*error = cp_cert_create(&s->cert);
	if (*error)
		return "the DTLS certificate could not be made";
	*error = cp_dtls_pool_create(&s->pool, s->loop, s->config->dtls_threads, &s->cert);
	return *error ? "the DTLS threads could not be started" : NULL;
}

int cp_webrtc_server_create(struct cp_webrtc_server **out, uv_loop_t *loop, const struct sh_config *config,
	struct cp_dp *dp, char *err, size_t err_size)
{
	struct cp_webrtc_server *s = calloc(1, sizeof(*s));
	const char *reason;
	int error;

	if (!s) {
		snprintf(err, err_size, "out of memory");
		return ENOMEM;
	}
	s->loop = loop;
	s->config = config;
	s->dp = dp;
	cp_dp_hold(dp);
	reason = make_parts(s, &error);
	if (reason) {
		snprintf(err, err_size, "%s", reason);
		free_parts(s);
		return error;
	}
	uv_timer_init(loop, s->tick);
	s->tick->data = s;
	uv_timer_init(loop, s->probe);
	s->probe->data = s;
	uv_timer_start(s->tick, on_tick, TICK_MS, TICK_MS);
	*out = s;
	return 0;
}

static void free_handle(uv_handle_t *h)
{
	free(h);
}

void cp_webrtc_server_destroy(struct cp_webrtc_server *s)
{
	cp_dtls_pool_destroy(s->pool);
	uv_close((uv_handle_t *)s->tick, free_handle);
	uv_close((uv_handle_t *)s->probe, free_handle);
	s->tick = s->probe = NULL;
	free_parts(s);
}

/* --- all transports ------------------------------------------------------------------------- */

/*
 * Calls `visit` for every live transport. `visit` may end this one, and the owner's callback may
 * end any other. Therefore the transports wait for their visit in a list of their own, from which
 * they can be removed, and each moves back to s->alive before its visit.
 */
static void for_each(struct cp_webrtc_server *s, void (*visit)(struct cp_webrtc *t, uint64_t now),
	uint64_t now)
{
	struct cp_webrtc *waiting = s->alive;

	s->alive = NULL;
	if (waiting)
		waiting->link = &waiting;
	while (waiting) {
		struct cp_webrtc *t = waiting;

		waiting = t->next;
		if (waiting)
			waiting->link = &waiting;
		t->next = s->alive;
		t->link = &s->alive;
		if (t->next)
			t->next->link = &t->next;
		s->alive = t;
		cp_webrtc_hold(t);
		visit(t, now);
		cp_webrtc_release(t);
	}
}

static void check_timeouts(struct cp_webrtc *t, uint64_t now)
{
	if (cp_webrtc_is_lost(t)) /* its owner closes it */
		return;
	cp_webrtc_retry(t);
	if (t->dtls && ((t->media_ms && now - t->media_ms >= CP_WEBRTC_LINGER_MS) ||
			       (t->connected_ms && now - t->connected_ms >= CP_WEBRTC_LINGER_MAX_MS)))
		cp_webrtc_dtls_release(t, false);
	if (t->state == CP_WEBRTC_CHECKING && now - t->first_check_ms >= CP_WEBRTC_HANDSHAKE_MS)
		cp_webrtc_end(t, CP_WEBRTC_FAILED,
			t->connect_called ? "DTLS timed out" : "checks came, but no connect");
}

static void on_tick(uv_timer_t *timer)
{
	struct cp_webrtc_server *s = timer->data;

	for_each(s, check_timeouts, uv_now(s->loop));
}

void cp_webrtc_server_lost(struct cp_webrtc_server *s)
{
	s->generation++;
}

struct cp_webrtc *cp_webrtc_find(const struct cp_webrtc_server *s, sh_id id)
{
	for (struct cp_table_entry *e = NULL; (e = cp_table_next(&s->ids, (uint32_t)id, e));) {
		struct cp_webrtc *t = CP_TABLE_OBJECT(e, struct cp_webrtc, by_id);

		if (t->sh_id == id && !cp_webrtc_is_lost(t))
			return t;
	}
	return NULL;
}

const struct cp_webrtc_refusals *cp_webrtc_server_refusals(const struct cp_webrtc_server *s)
{
	return &s->refusals;
}

uint64_t cp_webrtc_server_stuck_ms(const struct cp_webrtc_server *s)
{
	return cp_dtls_pool_stuck_ms(s->pool);
}

/* --- events of the data plane ------------------------------------------------------------------ */

void cp_webrtc_server_connected(struct cp_webrtc_server *s, const struct cp_dp_info *info)
{
	s->info = *info;
}

static void path_changed(struct cp_webrtc *t, const struct sh_addr *remote)
{
	int i = cp_ice_moved(&t->ice, remote, uv_now(t->server->loop));

	if (i >= 0)
		cp_webrtc_select(t, i);
	cp_webrtc_prove(t);
}

bool cp_webrtc_server_event(struct cp_webrtc_server *s, const struct sh_event *event)
{
	struct cp_webrtc *t = cp_webrtc_find(s, event->id);

	if (!t)
		return false;
	cp_webrtc_hold(t);
	switch (event->kind) {
	case SH_EV_TRANSPORT_MEDIA:
		t->media_ms = uv_now(s->loop);
		t->events->reached(t->arg, t, CP_WEBRTC_RECEIVED);
		break;
	case SH_EV_TRANSPORT_SENT:
		t->events->reached(t->arg, t, CP_WEBRTC_SENT);
		break;
	case SH_EV_TRANSPORT_REPORTED:
		t->events->reached(t->arg, t, CP_WEBRTC_REPORTED);
		break;
	case SH_EV_TRANSPORT_IDLE:
		cp_webrtc_end(t, CP_WEBRTC_CLOSED, "consent expired");
		break;
	case SH_EV_TRANSPORT_LOST:
		cp_webrtc_end(t, CP_WEBRTC_CLOSED, "it could not go on after a restart of the data plane");
		break;
	case SH_EV_PATH_CHANGED:
		path_changed(t, &event->remote);
		break;
	default:
		break;
	}
	cp_webrtc_release(t);
	return true;
}

/*
 * The transport that a punted packet is for. A check is for the transport whose user fragment it
 * names, because its address may still be bound to a transport that used it before. If the user
 * fragment is unknown, the transport that the address is bound to responds with an error; strangers
 * get no response. DTLS is for the transport that the address is bound to, and the data plane has
 * found out whose media it is.
 */
static struct cp_webrtc *find_transport(struct cp_webrtc_server *s, const struct sh_packet *p, bool stun)
{
	struct cp_webrtc *t = NULL;
	struct sh_stun m;

	if (stun) {
		if (sh_stun_parse(&m, p->data, p->len))
			return NULL;
		if (m.username)
			t = cp_ice_table_find(&s->ufrags, m.username, m.username_len);
		if (t && cp_webrtc_is_lost(t))
			return NULL;
	}
	return t ? t : cp_webrtc_find(s, p->transport);
}

void cp_webrtc_server_punt(struct cp_webrtc_server *s, const struct sh_packet *p)
{
	enum sh_demux kind = sh_demux(p->data[0]);
	bool stun = kind == SH_DEMUX_STUN;
	struct cp_webrtc *t = find_transport(s, p, stun);

	if (!t)
		return;
	cp_webrtc_hold(t);
	if (stun)
		cp_webrtc_check(t, p);
	else if (kind == SH_DEMUX_DTLS)
		cp_webrtc_dtls(t, p);
	else if (kind == SH_DEMUX_MEDIA)
		cp_webrtc_found(t, p);
	cp_webrtc_release(t);
}

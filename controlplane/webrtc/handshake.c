/* SPDX-License-Identifier: Apache-2.0 */

/* Runs the DTLS session of a transport, and sends its SRTP keys to the data plane. */

#include <errno.h>
#include <stdio.h>

#include <openssl/crypto.h>

#include "controlplane/webrtc/internal.h"

/*
 * True if there is a session. It is opened late, because many transports wait long for connect, and
 * some for ever.
 */
static bool open_session(struct cp_webrtc *t)
{
	if (t->dtls || t->dtls_over)
		return t->dtls != NULL;
	t->dtls = cp_dtls_session_open(t->server->pool, &cp_webrtc_dtls_events, t);
	if (t->dtls)
		cp_webrtc_hold(t);
	return t->dtls != NULL;
}

/* The path for datagrams to the peer: where its DTLS came from, else the selected or first tuple's. */
static const struct sh_path *path_out(const struct cp_webrtc *t)
{
	if (t->has_dtls_path)
		return &t->dtls_path;
	if (t->ice.selected >= 0)
		return &t->ice.tuple[t->ice.selected].path;
	return t->ice.tuple_count ? &t->ice.tuple[0].path : NULL;
}

static bool any_bound(const struct cp_webrtc *t)
{
	for (unsigned i = 0; i < t->ice.tuple_count; i++)
		if (t->ice.tuple[i].bound)
			return true;
	return false;
}

/* A DTLS server can begin when it knows the fingerprints; a client also needs a bound tuple. */
void cp_webrtc_dtls_begin(struct cp_webrtc *t)
{
	if (!t->connect_called || t->dtls_started || (t->role == CP_DTLS_CLIENT && !any_bound(t)))
		return;
	if (!open_session(t))
		return;
	t->dtls_started = true;
	cp_dtls_session_start(t->dtls, t->role, t->fingerprint, t->fingerprint_count);
}

void cp_webrtc_dtls_release(struct cp_webrtc *t, bool notify)
{
	t->dtls_over = true;
	if (t->dtls && t->dtls_connected)
		cp_dtls_session_alert_key(t->dtls, &t->alert_key);
	if (t->dtls)
		cp_dtls_session_close(t->dtls, notify);
	t->dtls = NULL;
}

/* The session is gone. Nothing but the peer's end is of interest. */
static void after_release(struct cp_webrtc *t, const struct sh_packet *p)
{
	if (!cp_dtls_alert_ends(&t->alert_key, p->data, p->len))
		return;
	t->peer_closed = true;
	cp_webrtc_end(t, CP_WEBRTC_CLOSED, "the peer closed DTLS");
}

void cp_webrtc_dtls(struct cp_webrtc *t, const struct sh_packet *p)
{
	struct cp_dtls_source from;
	bool selected;
	int i;

	if (t->dtls_over) {
		after_release(t, p);
		return;
	}
	i = cp_ice_dtls_seen(&t->ice, &p->path, uv_now(t->server->loop), &selected);
	if (i < 0)
		return;
	cp_ice_received(&t->ice, i, p->len);
	from = (struct cp_dtls_source){t->ice.tuple[i].number, t->ice.tuple[i].proven};
	t->dtls_paths |= t->has_dtls_path && !cp_ice_same_path(&t->dtls_path, &p->path);
	t->dtls_path = p->path;
	t->has_dtls_path = true;
	if (selected)
		cp_webrtc_select(t, i);
	cp_webrtc_dtls_begin(t); /* again, in case there was no memory for the session before */
	if (open_session(t)) /* before connect, the session keeps the first datagrams */
		cp_dtls_session_input(t->dtls, &from, p->data, p->len);
}

/* --- callbacks from the pool ------------------------------------------------------------------- */

/*
 * May run after the transport has ended, with close_notify; the server still exists then. What may
 * not be sent is lost, as on the network, and OpenSSL retransmits it.
 */
static void on_send(void *arg, const uint8_t *data, size_t len, uint32_t proven)
{
	struct cp_webrtc *t = arg;
	const struct sh_path *path = path_out(t);
	int i = path ? cp_ice_find(&t->ice, path) : -ENOENT;

	cp_ice_cookie_came(&t->ice, proven);
	if (i < 0)
		return;
	if (cp_ice_may_send(&t->ice, i, len, t->role == CP_DTLS_CLIENT ? CP_WEBRTC_HELLO_BYTES : 0))
		cp_dp_inject(t->server->dp, path, data, len);
	else
		t->server->refusals.unproven_address++;
}

static void keys_done(void *arg, int error)
{
	struct cp_webrtc *t = arg;

	if (error && error != ECONNRESET && error != ECANCELED) {
		cp_webrtc_end(t, CP_WEBRTC_FAILED, "the data plane refused the SRTP keys");
	} else if (!error && t->alive) {
		t->state = CP_WEBRTC_CONNECTED;
		t->events->state(t->arg, t, CP_WEBRTC_CONNECTED, "");
	}
	cp_webrtc_release(t);
}

static void install_keys(struct cp_webrtc *t, const struct sh_transport_keys *keys)
{
	struct sh_cmd cmd = {.op = SH_OP_TRANSPORT_KEYS, .id = t->sh_id};

	if (cp_webrtc_is_lost(t)) { /* the next data plane does not know it */
		cp_webrtc_end(t, CP_WEBRTC_CLOSED, "the data plane was lost");
		return;
	}
	/*
	 * A completed handshake proves that the peer receives on the path of the handshake. If the
	 * handshake used several paths, none is proven: the peer's last flight may have come from
	 * a forged address.
	 */
	if (cp_ice_established(&t->ice, t->dtls_paths ? NULL : &t->dtls_path, uv_now(t->server->loop)))
		cp_webrtc_select(t, t->ice.selected);
	cp_webrtc_prove(t);
	t->dtls_connected = true;
	t->connected_ms = uv_now(t->server->loop);
	cmd.transport_keys = *keys;
	cp_webrtc_hold(t);
	if (cp_dp_send(t->server->dp, &cmd, keys_done, t)) {
		cp_webrtc_end(t, CP_WEBRTC_FAILED, "the data plane is not there for the SRTP keys");
		cp_webrtc_release(t);
	}
	OPENSSL_cleanse(&cmd, sizeof(cmd));
}

static void on_state(void *arg, enum cp_dtls_state state, const struct sh_transport_keys *keys,
	const char *reason)
{
	struct cp_webrtc *t = arg;

	cp_webrtc_hold(t);
	if (state == CP_DTLS_CONNECTED)
		install_keys(t, keys);
	else if (state == CP_DTLS_CLOSED)
		cp_webrtc_end(t, CP_WEBRTC_CLOSED, reason);
	else
		cp_webrtc_end(t, CP_WEBRTC_FAILED, reason);
	cp_webrtc_release(t);
}

static void on_released(void *arg)
{
	cp_webrtc_release(arg);
}

const struct cp_dtls_events cp_webrtc_dtls_events = {
	.send = on_send,
	.state = on_state,
	.released = on_released,
};

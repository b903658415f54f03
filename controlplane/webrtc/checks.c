/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Processes ICE checks that the data plane punts: responds to them, and binds their tuples in the
 * data plane. Media from an unknown address gets its tuple bound as well.
 */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "controlplane/webrtc/internal.h"

/* A pending TRANSPORT_BIND, and the response to the check that led to it. */
struct binding {
	struct cp_webrtc *transport;
	struct sh_path path;
	uint16_t response_len; /* 0: no response is held back */
	uint8_t response[SH_STUN_MAX];
};

static void inject(struct cp_webrtc *t, const struct sh_path *path, const void *data, size_t len)
{
	cp_dp_inject(t->server->dp, path, data, len); /* if it fails, the datagram is lost */
}

/*
 * The data plane does not have the tuple. The peer's next check arrives as a stranger's, creates
 * the tuple again and binds it. If another transport lives at the address, the check may have come
 * from anywhere, so it is not answered.
 */
static void bind_refused(struct cp_webrtc *t, const struct binding *b, int error)
{
	if (error == EADDRINUSE)
		t->server->refusals.address_in_use++;
	cp_ice_forget(&t->ice, &b->path);
}

static void bind_done(void *arg, int error)
{
	struct binding *b = arg;
	struct cp_webrtc *t = b->transport;
	int i = t->alive ? cp_ice_find(&t->ice, &b->path) : -ENOENT;

	if (i >= 0 && error) {
		bind_refused(t, b, error);
	} else if (i >= 0) {
		t->ice.tuple[i].binding = false;
		t->ice.tuple[i].bound = true;
		if (b->response_len)
			inject(t, &b->path, b->response, b->response_len);
		cp_ice_bound(&t->ice, i, uv_now(t->server->loop));
		t->events->reached(t->arg, t, CP_WEBRTC_BOUND);
		cp_webrtc_prove(t);
		cp_webrtc_dtls_begin(t);
	}
	if (i >= 0)
		cp_webrtc_changed(t);
	free(b);
	cp_webrtc_release(t);
}

static void forget(struct cp_webrtc *t, int tuple)
{
	struct sh_path path = t->ice.tuple[tuple].path;

	cp_ice_forget(&t->ice, &path);
}

/*
 * There was no room for the command. A tuple that the data plane has stays, because its checks are
 * answered there and do not arrive here; a new one is forgotten until the peer's next check.
 */
static void bind_unsent(struct cp_webrtc *t, int tuple)
{
	if (t->ice.tuple[tuple].bound)
		t->select_due |= t->ice.selected == tuple;
	else
		forget(t, tuple);
}

/*
 * Binds a tuple in the data plane. The response to the check that led to this (`answer`, or NULL)
 * is held back until the tuple is bound, so that the peer's next packets are not taken for a
 * stranger's.
 */
static void bind_tuple(struct cp_webrtc *t, int tuple, const struct cp_ice_result *answer)
{
	struct sh_cmd cmd = {.op = SH_OP_TRANSPORT_BIND, .id = t->sh_id};
	struct binding *b = calloc(1, sizeof(*b));

	if (!b) {
		bind_unsent(t, tuple);
		return;
	}
	b->transport = t;
	b->path = t->ice.tuple[tuple].path;
	if (answer) {
		b->response_len = answer->response_len;
		memcpy(b->response, answer->response, answer->response_len);
	}
	cmd.transport_bind.path = b->path;
	cmd.transport_bind.selected = t->ice.selected == tuple;
	cmd.transport_bind.unproven = t->ice.established && !t->ice.tuple[tuple].proven;
	if (cp_dp_send(t->server->dp, &cmd, bind_done, b)) {
		bind_unsent(t, tuple);
		free(b);
		return;
	}
	cp_webrtc_hold(t);
	t->ice.tuple[tuple].binding = true;
}

void cp_webrtc_select(struct cp_webrtc *t, int tuple)
{
	bind_tuple(t, tuple, NULL);
}

static void credentials_done(void *arg, int error)
{
	struct cp_webrtc *t = arg;

	if (error && error != ECONNRESET && error != ECANCELED)
		cp_webrtc_end(t, CP_WEBRTC_FAILED, "the data plane refused new ICE credentials");
	cp_webrtc_release(t);
}

/* The peer uses the new credentials: from now on the data plane accepts only these. */
static void use_new_credentials(struct cp_webrtc *t)
{
	cp_ice_table_remove(&t->server->ufrags, &t->ice.previous);
	/* Until the data plane knows them, it punts the checks with them, and consent would expire. */
	t->credentials_due = cp_webrtc_add(t, credentials_done) != 0;
	cp_webrtc_changed(t);
}

void cp_webrtc_retry(struct cp_webrtc *t)
{
	if (t->credentials_due)
		t->credentials_due = cp_webrtc_add(t, credentials_done) != 0;
	if (!t->select_due)
		return;
	t->select_due = false;
	if (t->ice.selected >= 0)
		cp_webrtc_select(t, t->ice.selected);
}

static void check_accepted(struct cp_webrtc *t, const struct sh_packet *p, const struct cp_ice_result *r)
{
	const struct cp_ice_tuple *tuple = &t->ice.tuple[r->tuple];
	/*
	 * The tuple may be bound here and not in the data plane, which may have bound the address
	 * to another transport, or dropped the tuple for a newer one.
	 */
	bool unknown = !tuple->bound || p->transport != t->sh_id;

	cp_ice_received(&t->ice, r->tuple, p->len);
	(void)cp_ice_may_send(&t->ice, r->tuple, r->response_len, 0); /* it is no longer than the check */
	if (r->actions & CP_ICE_CREDENTIALS)
		use_new_credentials(t);
	if (unknown && !tuple->binding) {
		bind_tuple(t, r->tuple, r);
	} else {
		if (r->actions & CP_ICE_SELECT)
			bind_tuple(t, r->tuple, unknown ? r : NULL);
		if (!unknown)
			inject(t, &p->path, r->response, r->response_len);
	}
	if (t->state != CP_WEBRTC_NEW)
		return;
	t->state = CP_WEBRTC_CHECKING;
	t->first_check_ms = uv_now(t->server->loop);
	t->events->state(t->arg, t, CP_WEBRTC_CHECKING, "");
}

void cp_webrtc_check(struct cp_webrtc *t, const struct sh_packet *p)
{
	struct cp_ice_result r;

	cp_ice_input(&t->ice, p->data, p->len, &p->path, uv_now(t->server->loop), &r);
	t->server->refusals.too_many_addresses += r.too_many;
	/* A refused check may have a forged source address, so it never gets more bytes than it has. */
	if (r.code && r.response_len > p->len)
		return;
	if (r.code)
		inject(t, &p->path, r.response, r.response_len);
	else if (r.actions & CP_ICE_RESPOND)
		check_accepted(t, p, &r);
	else if (r.actions & CP_ICE_SELECT)
		cp_webrtc_select(t, r.tuple);
	cp_webrtc_prove(t);
}

void cp_webrtc_found(struct cp_webrtc *t, const struct sh_packet *p)
{
	int i = cp_ice_found(&t->ice, &p->path, uv_now(t->server->loop));

	t->server->refusals.too_many_addresses += i == -EBUSY;
	if (i < 0)
		return;
	if (!t->ice.tuple[i].binding)
		bind_tuple(t, i, NULL);
	cp_webrtc_prove(t);
}

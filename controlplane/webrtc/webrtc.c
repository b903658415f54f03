/* SPDX-License-Identifier: Apache-2.0 */

/* Creates a transport, here and in the data plane, ends it, and counts its references. */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/crypto.h>

#include "controlplane/webrtc/internal.h"

const char *cp_webrtc_state_name(enum cp_webrtc_state state)
{
	static const char *const name[] = {"new", "checking", "connected", "failed", "closed"};

	return name[state];
}

/* --- references --------------------------------------------------------------------------- */

void cp_webrtc_hold(struct cp_webrtc *t)
{
	t->references++;
}

void cp_webrtc_release(struct cp_webrtc *t)
{
	if (--t->references)
		return;
	cp_ice_wipe(&t->ice);
	OPENSSL_cleanse(&t->alert_key, sizeof(t->alert_key));
	free(t);
}

/* --- the data plane's side -------------------------------------------------------------------- */

int cp_webrtc_add(struct cp_webrtc *t, cp_dp_done *done)
{
	const struct cp_ice_credentials *c = &t->ice.current;
	struct sh_cmd cmd = {.op = SH_OP_TRANSPORT_ADD, .id = t->sh_id};
	struct sh_transport_add *a = &cmd.transport_add;
	uint32_t consent_s = t->server->config->media.consent_s;
	int error;

	a->worker = t->worker;
	a->consent_ms = consent_s ? consent_s * 1000 : SH_CONSENT_NO_LIMIT;
	a->ufrag_len = CP_ICE_UFRAG_LEN;
	a->pwd_len = CP_ICE_PWD_LEN;
	memcpy(a->ufrag, c->ufrag, CP_ICE_UFRAG_LEN);
	memcpy(a->pwd, c->pwd, CP_ICE_PWD_LEN);
	error = cp_dp_send(t->server->dp, &cmd, done, t);
	if (!error)
		cp_webrtc_hold(t);
	OPENSSL_cleanse(&cmd, sizeof(cmd));
	return error;
}

/* ECANCELED: the transport ended meanwhile, or cp_dp_destroy was called; `created` is not called. */
static void add_done(void *arg, int error)
{
	struct cp_webrtc *t = arg;

	if (error && t->alive)
		cp_webrtc_take_down(t, error == ECONNRESET ? CP_WEBRTC_CLOSED : CP_WEBRTC_FAILED);
	else if (!t->alive)
		error = ECANCELED;
	if (!t->closed && error != ECANCELED)
		t->events->created(t->arg, t, error);
	cp_webrtc_release(t);
}

/* --- creation --------------------------------------------------------------------------------- */

static void make_ids(struct cp_webrtc *t)
{
	cp_id_make(t->id);
	do
		t->sh_id = cp_dp_id_make();
	while (cp_webrtc_find(t->server, t->sh_id));
}

void cp_webrtc_enlist(struct cp_webrtc *t)
{
	struct cp_webrtc_server *s = t->server;

	t->next = s->alive;
	t->link = &s->alive;
	if (t->next)
		t->next->link = &t->next;
	s->alive = t;
	cp_table_add(&s->ids, &t->by_id, (uint32_t)t->sh_id);
	t->alive = true;
}

struct cp_webrtc *cp_webrtc_allocate(struct cp_webrtc_server *s, uint32_t worker,
	const struct cp_webrtc_events *events, void *arg)
{
	struct cp_webrtc *t = calloc(1, sizeof(*t));

	if (!t)
		return NULL;
	t->server = s;
	t->events = events;
	t->arg = arg;
	t->references = 1;
	t->worker = worker;
	t->generation = s->generation;
	return t;
}

int cp_webrtc_create(struct cp_webrtc **out, struct cp_webrtc_server *s, uint32_t worker,
	const struct cp_webrtc_events *events, void *arg)
{
	struct cp_webrtc *t;
	int error;

	if (!cp_dp_get_info(s->dp))
		return ENOTCONN;
	if (worker >= s->info.workers)
		return EINVAL;
	t = cp_webrtc_allocate(s, worker, events, arg);
	if (!t)
		return ENOMEM;
	make_ids(t);
	error = cp_ice_init(&t->ice);
	if (!error)
		error = cp_webrtc_add(t, add_done);
	if (!error && cp_ice_table_add(&s->ufrags, &t->ice.current, t))
		abort(); /* the same 96 random bits twice: there is no randomness */
	if (error) {
		cp_webrtc_release(t);
		return error;
	}
	cp_webrtc_enlist(t);
	*out = t;
	return 0;
}

/* --- end ---------------------------------------------------------------------------------------- */

void cp_webrtc_take_down(struct cp_webrtc *t, enum cp_webrtc_state state)
{
	struct cp_webrtc_server *s = t->server;
	struct sh_cmd del = {.op = SH_OP_TRANSPORT_DEL, .id = t->sh_id};

	t->alive = false;
	t->state = state;
	*t->link = t->next;
	if (t->next)
		t->next->link = t->link;
	cp_table_remove(&s->ids, &t->by_id);
	cp_ice_table_remove(&s->ufrags, &t->ice.current);
	if (t->ice.has_previous)
		cp_ice_table_remove(&s->ufrags, &t->ice.previous);
	cp_webrtc_stop_proving(t);
	cp_webrtc_dtls_release(t, true);
	if (!cp_webrtc_is_lost(t)) /* otherwise there is nothing to delete */
		cp_dp_send(s->dp, &del, NULL, NULL);
}

void cp_webrtc_end(struct cp_webrtc *t, enum cp_webrtc_state state, const char *reason)
{
	if (!t->alive)
		return;
	cp_webrtc_take_down(t, state);
	t->events->state(t->arg, t, state, reason);
}

void cp_webrtc_close(struct cp_webrtc *t)
{
	if (t->alive)
		cp_webrtc_take_down(t, CP_WEBRTC_CLOSED);
	t->closed = true;
	cp_webrtc_release(t);
}

/* --- requests of signaling ------------------------------------------------------------------------- */

int cp_webrtc_connect(struct cp_webrtc *t, const cJSON *dtls, char *err, size_t err_size)
{
	if (!t->alive) {
		snprintf(err, err_size, "the transport is %s", cp_webrtc_state_name(t->state));
		return EPIPE;
	}
	if (t->connect_called) {
		snprintf(err, err_size, "the transport is connected already");
		return EALREADY;
	}
	if (cp_dtls_parameters_read(t, dtls, err, err_size))
		return EINVAL;
	t->connect_called = true;
	cp_webrtc_dtls_begin(t);
	return 0;
}

int cp_webrtc_restart_ice(struct cp_webrtc *t, cJSON **out)
{
	struct cp_table *table = &t->server->ufrags;
	int error;

	if (!t->alive)
		return EPIPE;
	cp_ice_table_remove(table, &t->ice.current);
	if (t->ice.has_previous)
		cp_ice_table_remove(table, &t->ice.previous);
	error = cp_ice_restart(&t->ice);
	/* As in cp_webrtc_create, random user fragments do not collide. */
	if (cp_ice_table_add(table, &t->ice.current, t))
		abort();
	if (t->ice.has_previous && cp_ice_table_add(table, &t->ice.previous, t))
		abort();
	if (error)
		return error;
	*out = cp_ice_parameters(&t->ice);
	return *out ? 0 : ENOMEM;
}

/* --- its state ------------------------------------------------------------------------------------ */

const char *cp_webrtc_id(const struct cp_webrtc *t)
{
	return t->id;
}

sh_id cp_webrtc_sh_id(const struct cp_webrtc *t)
{
	return t->sh_id;
}

bool cp_webrtc_peer_closed(const struct cp_webrtc *t)
{
	return t->peer_closed;
}

bool cp_webrtc_handshake_failed(const struct cp_webrtc *t)
{
	return t->state == CP_WEBRTC_FAILED && t->dtls_started && !t->dtls_connected;
}

const char *cp_webrtc_dtls_state(const struct cp_webrtc *t)
{
	if (t->state == CP_WEBRTC_FAILED)
		return "failed";
	if (t->state == CP_WEBRTC_CLOSED)
		return "closed";
	if (t->dtls_connected)
		return "connected";
	return t->dtls_started ? "connecting" : "new";
}

const struct sh_path *cp_webrtc_selected(const struct cp_webrtc *t)
{
	return t->ice.selected < 0 ? NULL : &t->ice.tuple[t->ice.selected].path;
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "controlplane/rooms/transport.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "controlplane/persist/persist.h"
#include "controlplane/rooms/announce.h"
#include "controlplane/rooms/call.h"
#include "controlplane/rooms/consumer.h"
#include "controlplane/rooms/model.h"
#include "controlplane/rooms/producer.h"
#include "controlplane/rooms/restore.h"
#include "controlplane/rooms/room_state.h"
#include "controlplane/rooms/saved.h"
#include "controlplane/rooms/transport_walk.h"
#include "controlplane/rooms/user.h"

const char *cp_purpose_name(enum cp_purpose purpose)
{
	return purpose == CP_PURPOSE_SEND ? "send" : "recv";
}

const char *cp_transport_state_name(enum cp_transport_state state)
{
	static const char *const names[] = {
		[CP_TRANSPORT_OPENING] = "opening",
		[CP_TRANSPORT_NEW] = "new",
		[CP_TRANSPORT_CONNECTING] = "connecting",
		[CP_TRANSPORT_CONNECTED] = "connected",
	};

	return names[state];
}

#define LOST "the data plane was lost"

bool cp_transport_is_lost(const struct cp_transport *t)
{
	return t->number <= t->peer->room->model->lost_upto;
}

int cp_transport_check_lost(const struct cp_transport *t, struct cp_fault *fault)
{
	return cp_transport_is_lost(t) ? cp_refuse(fault, CP_UNAVAILABLE, "transportId: " LOST) : 0;
}

struct cp_transport *cp_peer_transport(struct cp_peer *peer, const char *id, struct cp_fault *fault)
{
	struct cp_transport *t = cp_index_find(&peer->room->model->transports, id);

	if (cp_room_check(peer->room, fault) != 0)
		return NULL;
	if (!t || t->peer != peer || t->state == CP_TRANSPORT_OPENING) {
		cp_refuse(fault, CP_NOT_FOUND, "transportId: no such transport");
		return NULL;
	}
	return cp_transport_check_lost(t, fault) == 0 ? t : NULL;
}

static int created(struct cp_call *call, int error, struct cp_fault *fault)
{
	static struct sh_log_limit limit = {.event = "transport-created", .per_second = SH_LOG_CLIENTS};
	const struct cp_closing quietly = {.tell_owner = false, .reason = ""};
	struct cp_transport *t = call->object;

	if (error != 0) {
		cp_transport_destroy(t, &quietly);
		return cp_refuse_errno(fault, error);
	}
	t->state = CP_TRANSPORT_NEW;
	sh_log_limited(&limit, SH_LOG_INFO, "transport-created room=%s peer=%s transport=%s purpose=%s",
		t->peer->room->log_name, t->peer->id, t->id, cp_purpose_name(t->purpose));
	return 0;
}

/* Enters the transport into all lists, for which the bridge must have set its ids. */
static int admit(struct cp_transport *t)
{
	int error = cp_index_add(&t->peer->room->model->transports, t);

	if (error != 0)
		return error;
	t->number = ++t->peer->room->model->last_transport;
	TAILQ_INSERT_TAIL(&t->peer->room->model->transport_list, t, in_model);
	TAILQ_INSERT_TAIL(&t->peer->transports, t, on_peer);
	t->peer->room->transport_count++;
	if (t->peer->transport_count++ == 0)
		cp_user_add_owner(t->peer);
	cp_load_add_transport(t);
	cp_share_await(t);
	cp_share_add(t->peer->room->model, &t->peer->holder, CP_TABLE_TRANSPORTS, 1);
	return 0;
}

static void transport_free(struct cp_transport *t)
{
	if (t)
		free(t->plain);
	free(t);
}

/* NULL: no memory. */
static struct cp_transport *transport_make(struct cp_peer *peer, enum cp_purpose purpose,
	const struct cp_plain *plain)
{
	struct cp_transport *t = calloc(1, sizeof(*t));

	if (!t)
		return NULL;
	t->peer = peer;
	t->purpose = purpose;
	TAILQ_INIT(&t->producers);
	TAILQ_INIT(&t->consumers);
	if (!plain)
		return t;
	t->plain = malloc(sizeof(*t->plain));
	if (!t->plain) {
		free(t);
		return NULL;
	}
	*t->plain = *plain;
	return t;
}

int cp_transport_check(const struct cp_model *m, enum cp_purpose purpose, bool publish, bool subscribe,
	struct cp_fault *fault)
{
	if (purpose == CP_PURPOSE_SEND && !publish)
		return cp_refuse(fault, CP_FORBIDDEN, "publish: it was not granted to this peer");
	if (purpose == CP_PURPOSE_RECV && !subscribe)
		return cp_refuse(fault, CP_FORBIDDEN, "subscribe: it was not granted to this peer");
	return m->bridge->up(m->bridge_arg) ? 0 : cp_refuse_errno(fault, ENOTCONN);
}

static int check_create(struct cp_peer *peer, enum cp_purpose purpose, struct cp_transport *t,
	struct cp_fault *fault)
{
	const struct cp_model *m = peer->room->model;
	int error = cp_room_check(peer->room, fault);

	if (error == 0)
		error = cp_user_check(peer, fault);
	if (error != 0)
		return error;
	error = cp_transport_check(m, purpose, peer->publish, peer->subscribe, fault);
	if (error != 0)
		return error;
	if (!peer->of_operator && peer->transport_count >= m->config->limit.transports_per_peer)
		return cp_refuse(fault, CP_TOO_MANY, "this peer has %u transports already",
			peer->transport_count);
	error = cp_share_check(peer, CP_TABLE_TRANSPORTS, 1, fault);
	if (error != 0)
		return error;
	if (!t)
		return cp_refuse(fault, CP_INTERNAL, "out of memory");
	return 0;
}

void cp_transport_create(struct cp_peer *peer, enum cp_purpose purpose, cp_done done)
{
	cp_transport_create_plain(peer, purpose, NULL, done);
}

void cp_transport_create_plain(struct cp_peer *peer, enum cp_purpose purpose, const struct cp_plain *plain,
	cp_done done)
{
	struct cp_model *m = peer->room->model;
	struct cp_transport *t = transport_make(peer, purpose, plain);
	struct cp_fault fault;
	struct cp_call *call;
	int error;

	if (check_create(peer, purpose, t, &fault) != 0) {
		transport_free(t);
		done(peer, &fault, NULL);
		return;
	}
	call = cp_call_begin(peer, t, created, done);
	if (!call) {
		transport_free(t);
		return;
	}
	t->worker = cp_load_choose_worker(peer->room);
	error = m->bridge->transport_open(m->bridge_arg, t, cp_call_acknowledged, call);
	if (t->plain)
		t->plain->keys = NULL;
	if (error == 0 && admit(t) == 0)
		return;
	if (error == 0) { /* no memory for the index; transport_close frees the call, which is detached */
		cp_call_abort(peer, t, CP_INTERNAL, "out of memory");
		m->bridge->transport_close(m->bridge_arg, t);
	} else {
		peer->call = NULL;
		free(call);
		cp_refuse_errno(&fault, error);
		done(peer, &fault, NULL);
	}
	transport_free(t);
}

/* The number of a MID that this process made: they are counted. */
static uint32_t mid_number(const struct sh_object *o)
{
	char mid[SH_MID_MAX + 1] = "";

	memcpy(mid, o->mid, o->mid_len);
	return (uint32_t)strtoul(mid, NULL, 10);
}

int cp_transport_restore(struct cp_peer *peer, const struct cp_saved_transport *saved,
	const struct sh_object *o)
{
	struct cp_model *m = peer->room->model;
	struct cp_transport *t =
		transport_make(peer, saved->receives ? CP_PURPOSE_RECV : CP_PURPOSE_SEND, NULL);
	int error;

	if (!t)
		return ENOMEM;
	memcpy(t->id, saved->id, sizeof(t->id));
	t->dp_id = o->id;
	t->worker = o->worker;
	t->max_bps = o->max_bps;
	t->last_ssrc = o->last_ssrc;
	t->next_mid = o->mid_len > 0 ? mid_number(o) + 1 : 0;
	error = m->bridge->transport_restore(m->bridge_arg, t, &saved->ice);
	if (error != 0) {
		transport_free(t);
		return error;
	}
	error = admit(t);
	if (error != 0) {
		m->bridge->transport_close(m->bridge_arg, t);
		transport_free(t);
		return error;
	}
	t->state = CP_TRANSPORT_CONNECTED;
	cp_share_arrived(t);
	return 0;
}

cJSON *cp_transport_parameters(const struct cp_transport *t)
{
	const struct cp_model *m = t->peer->room->model;

	return m->bridge->transport_parameters(m->bridge_arg, t);
}

void cp_transport_describe(const struct cp_transport *t, cJSON *into)
{
	const struct cp_model *m = t->peer->room->model;

	m->bridge->transport_describe(m->bridge_arg, t, into);
}

int cp_transport_connect(struct cp_transport *t, const cJSON *dtls_parameters, struct cp_fault *fault)
{
	const struct cp_model *m = t->peer->room->model;
	int error;

	if (t->state != CP_TRANSPORT_NEW)
		return cp_refuse(fault, CP_CONFLICT, "transportId: this transport was connected before");
	error = m->bridge->transport_connect(m->bridge_arg, t, dtls_parameters, fault);
	if (error == 0)
		t->state = CP_TRANSPORT_CONNECTING;
	return error;
}

cJSON *cp_transport_restart(struct cp_transport *t, struct cp_fault *fault)
{
	const struct cp_model *m = t->peer->room->model;
	cJSON *parameters = m->bridge->transport_restart(m->bridge_arg, t, fault);

	cp_transport_save(t);
	return parameters;
}

static int limit_acknowledged(struct cp_call *call, int error, struct cp_fault *fault)
{
	struct cp_transport *t = call->object;

	if (error != 0)
		return cp_refuse_errno(fault, error);
	t->max_bps = call->max_bps;
	return 0;
}

void cp_transport_limit(struct cp_transport *t, uint64_t max_bps, cp_done done)
{
	struct sh_cmd cmd = {.op = SH_OP_TRANSPORT_SET, .id = t->dp_id, .transport_set.max_bps = max_bps};
	struct cp_fault fault;
	struct cp_call *call;

	if (t->purpose != CP_PURPOSE_RECV) {
		cp_refuse(&fault, CP_BAD_REQUEST, "transportId: this transport was made to send");
		done(t->peer, &fault, NULL);
		return;
	}
	call = cp_call_begin(t->peer, t, limit_acknowledged, done);
	if (!call)
		return;
	call->max_bps = max_bps;
	cp_call_submit(call, &cmd, 1);
}

void cp_transport_connected(struct cp_transport *t)
{
	t->state = CP_TRANSPORT_CONNECTED;
	cp_share_arrived(t);
	cp_transport_save(t);
}

void cp_transport_destroy(struct cp_transport *t, const struct cp_closing *how)
{
	static struct sh_log_limit limit = {.event = "transport-closed", .per_second = SH_LOG_CLIENTS};
	struct cp_peer *peer = t->peer;
	struct cp_model *m = peer->room->model;

	cp_call_abort(peer, t, how->why, how->reason);
	while (!TAILQ_EMPTY(&t->consumers))
		cp_consumer_destroy(TAILQ_FIRST(&t->consumers), how);
	while (!TAILQ_EMPTY(&t->producers))
		cp_producer_destroy(TAILQ_FIRST(&t->producers), how);
	cp_load_remove_transport(t);
	cp_share_arrived(t);
	cp_share_remove(&peer->holder, CP_TABLE_TRANSPORTS, 1);
	cp_transport_walks_skip(m, t);
	cp_transport_unsave(t);
	TAILQ_REMOVE(&m->transport_list, t, in_model);
	TAILQ_REMOVE(&peer->transports, t, on_peer);
	peer->room->transport_count--;
	if (--peer->transport_count == 0)
		cp_user_remove_owner(peer);
	cp_index_remove(&m->transports, t);
	m->bridge->transport_close(m->bridge_arg, t);
	if (t->state != CP_TRANSPORT_OPENING)
		sh_log_limited(&limit, cp_room_end_level(peer->room),
			"transport-closed room=%s peer=%s transport=%s reason=\"%s\"", peer->room->log_name,
			peer->id, t->id, how->reason);
	if (how->tell_owner && t->state != CP_TRANSPORT_OPENING && peer->room->state != CP_ROOM_CLOSING)
		peer->listener->transport_closed(peer, t, how->why, how->reason);
	transport_free(t);
}

void cp_transport_close(struct cp_transport *t)
{
	const struct cp_closing how = {
		.tell_owner = false, .why = CP_NOT_FOUND, .reason = "its transport was closed"};

	cp_transport_destroy(t, &how);
}

void cp_transport_fail(struct cp_transport *t, enum cp_code why, const char *reason)
{
	const struct cp_closing how = {.tell_owner = true, .why = why, .reason = reason};

	cp_transport_destroy(t, &how);
}

/* --- a lost data plane ------------------------------------------------------------------------ */

/* Clients return over one millisecond each: a join with its DTLS handshake takes about that long. */
enum { SPREAD_LAST_MS = 60000 };

/* Returns the oldest transport if its data plane is lost, otherwise NULL. */
static struct cp_transport *first_lost(const struct cp_model *m)
{
	struct cp_transport *t = TAILQ_FIRST(&m->transport_list);

	return t && cp_transport_is_lost(t) ? t : NULL;
}

/* The notices that its end brings about at once. */
static unsigned notices_of(const struct cp_transport *t)
{
	const struct cp_consumer *c;
	unsigned n = 2; /* error and transportClosed */

	TAILQ_FOREACH(c, &t->consumers, on_transport)
	n++;
	return n;
}

void cp_transports_close_lost(struct cp_model *m)
{
	struct cp_transport *t;
	unsigned allowed;

	while ((t = first_lost(m)) && (allowed = cp_notices_allowed(m)) > 0) {
		unsigned n = notices_of(t);

		cp_notices_spend(m, n < allowed ? n : allowed);
		cp_transport_fail(t, CP_UNAVAILABLE, LOST);
	}
}

void cp_model_lose_transports(struct cp_model *m)
{
	m->lost_upto = m->last_transport;
	m->lost_spread_ms = m->transports.count < SPREAD_LAST_MS ? m->transports.count : SPREAD_LAST_MS;
	cp_transports_close_lost(m);
	cp_model_schedule(m);
}

void cp_model_close_transports(struct cp_model *m)
{
	struct cp_transport *t;

	m->lost_upto = m->last_transport;
	while ((t = first_lost(m)))
		cp_transport_fail(t, CP_UNAVAILABLE, LOST);
}

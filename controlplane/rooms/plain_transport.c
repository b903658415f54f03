/* SPDX-License-Identifier: Apache-2.0 */
#include "controlplane/rooms/plain_transport.h"

/*
 * The plain transports of a room belong to one peer, the operator's, which joins with the first of
 * them and leaves after the last. A request opens a transport and then creates a producer or a
 * consumer on it; the data plane acknowledges both. cp_model_run takes each step, because the
 * callbacks that complete a step must not call back into the rooms.
 */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "controlplane/rooms/consumer.h"
#include "controlplane/rooms/model.h"
#include "controlplane/rooms/producer.h"
#include "controlplane/rooms/room_state.h"

enum step {
	OPEN, /* next: open the transport */
	OPENING,
	FILL, /* next: create the producer or consumer on it */
	FILLING,
	DONE, /* next: call `done` and free the request */
};

struct cp_plain_request {
	enum step step;
	char room[CP_NAME_SIZE];
	cJSON *kind, *rtp_parameters;
	char producer[CP_ID_SIZE];
	bool rtx;
	struct cp_plain plain;
	struct sh_transport_keys keys;
	struct cp_peer *peer; /* the operator's, from OPENING on; NULL: the room has closed */
	char transport[CP_ID_SIZE]; /* from FILL on; an id, because the transport may close meanwhile */
	bool failed;
	struct cp_fault fault; /* valid with `failed` */
	cp_plain_done done; /* NULL: abandoned */
	void *arg;
	TAILQ_ENTRY(cp_plain_request) next;
};

static void schedule(struct cp_model *m)
{
	m->plain_due = true;
	cp_model_schedule(m);
}

/* Call when a transport, or its producer or consumer, has ended. */
static void schedule_reap(struct cp_model *m)
{
	m->plain_reap = true;
	schedule(m);
}

/* --- notifications to the operator's peer ------------------------------------------------------ */

static void fail(struct cp_plain_request *r, enum cp_code code, const char *reason)
{
	r->failed = true;
	cp_refuse(&r->fault, code, "%s", reason);
}

static void ignore_producer(struct cp_peer *to, const struct cp_producer *p)
{
}

static void ignore_state(struct cp_peer *to, const struct cp_producer *p, bool paused)
{
}

static void ignore_quality(struct cp_peer *to, const struct cp_consumer *c)
{
}

static void consumer_closed(struct cp_peer *to, const struct cp_consumer *c)
{
	c->transport->plain->ended = true;
	schedule_reap(to->room->model);
}

static void producer_closed(struct cp_peer *to, const struct cp_producer *p)
{
	if (!p->transport || p->transport->peer != to)
		return;
	p->transport->plain->ended = true;
	schedule_reap(to->room->model);
}

static void transport_closed(struct cp_peer *to, const struct cp_transport *t, enum cp_code why,
	const char *reason)
{
	struct cp_model *m = to->room->model;
	struct cp_plain_request *r = TAILQ_FIRST(&m->plain);

	sh_log(SH_LOG_WARN, "plain-lost room=%s transport=%s port=%u reason=\"%s\"", to->room->log_name,
		t->id, t->plain->udp_port, reason);
	if (r && strcmp(r->transport, t->id) == 0)
		fail(r, why, reason);
	schedule_reap(m);
}

static void room_closed(struct cp_peer *to, const char *reason)
{
	struct cp_model *m = to->room->model;
	struct cp_plain_request *r = TAILQ_FIRST(&m->plain);

	to->room->plain_peer = NULL;
	if (!r || r->peer != to)
		return;
	r->peer = NULL;
	fail(r, CP_NOT_FOUND, "room: it has closed");
	r->step = DONE;
	schedule(m);
}

static const struct cp_listener listener = {
	.new_producer = ignore_producer,
	.producer_closed = producer_closed,
	.producer_paused = ignore_state,
	.consumer_closed = consumer_closed,
	.layers = ignore_quality,
	.layers_changed = ignore_quality,
	.score = ignore_quality,
	.transport_closed = transport_closed,
	.room_closed = room_closed,
};

/* --- the steps of a request ---------------------------------------------------------------------- */

/* The operator's peer in the request's room; joins if there is none. NULL with the fault. */
static struct cp_peer *operator_peer(struct cp_model *m, struct cp_plain_request *r)
{
	const struct cp_join join = {
		.room = r->room,
		.user = "",
		.publish = true,
		.subscribe = true,
		.of_operator = true,
		.listener = &listener,
	};
	struct cp_room *room = cp_room_find(m, r->room);
	struct cp_peer *peer = room ? room->plain_peer : NULL;

	if (!peer)
		peer = cp_room_join(m, &join, &r->fault);
	if (peer)
		peer->room->plain_peer = peer;
	return peer;
}

static void step_completed(struct cp_peer *peer, const struct cp_fault *fault, void *object)
{
	struct cp_model *m = peer->room->model;
	struct cp_plain_request *r = TAILQ_FIRST(&m->plain);

	if (fault) {
		r->failed = true;
		r->fault = *fault;
	} else if (r->step == OPENING) {
		snprintf(r->transport, sizeof(r->transport), "%s", ((struct cp_transport *)object)->id);
	}
	r->step = fault || r->step == FILLING ? DONE : FILL;
	schedule(m);
}

/* Sets the room of a consumer, which is that of its producer. False: there is no such producer. */
static bool find_room(struct cp_model *m, struct cp_plain_request *r)
{
	const struct cp_producer *p = cp_index_find(&m->producers, r->producer);

	if (r->rtp_parameters)
		return true;
	if (!p || !p->live) {
		fail(r, CP_NOT_FOUND, "producer: there is none of that id");
		return false;
	}
	snprintf(r->room, sizeof(r->room), "%s", p->transport->peer->room->name);
	return true;
}

static void open_transport(struct cp_model *m, struct cp_plain_request *r)
{
	r->step = DONE;
	if (!find_room(m, r))
		return;
	r->peer = operator_peer(m, r);
	if (!r->peer) {
		r->failed = true;
		return;
	}
	r->step = OPENING;
	cp_transport_create_plain(r->peer, r->rtp_parameters ? CP_PURPOSE_SEND : CP_PURPOSE_RECV, &r->plain,
		step_completed);
	explicit_bzero(&r->keys, sizeof(r->keys));
}

/*
 * The capabilities of a plain receiver: the router's codecs, RTX only with `rtx`, no header
 * extensions.
 */
static cJSON *capabilities(const struct cp_room *room, bool rtx)
{
	cJSON *caps = cp_router_capabilities(&room->router);
	cJSON *codecs = cJSON_GetObjectItemCaseSensitive(caps, "codecs");

	cJSON_DeleteItemFromObjectCaseSensitive(caps, "headerExtensions");
	for (int i = cJSON_GetArraySize(codecs) - 1; !rtx && i >= 0; i--) {
		const char *mime =
			cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(cJSON_GetArrayItem(codecs, i),
				"mimeType"));

		if (mime && strcmp(mime, "video/rtx") == 0)
			cJSON_DeleteItemFromArray(codecs, i);
	}
	return caps;
}

/* NULL: the transport is not open yet, or has closed, or its room is closing. */
static struct cp_transport *transport_of(const struct cp_model *m, const struct cp_plain_request *r)
{
	struct cp_transport *t = cp_index_find(&m->transports, r->transport);

	return t && t->peer->room->state != CP_ROOM_CLOSING ? t : NULL;
}

static void consume(struct cp_model *m, struct cp_plain_request *r, struct cp_transport *t)
{
	struct cp_producer *p = cp_peer_visible_producer(r->peer, r->producer, &r->fault);
	cJSON *caps = capabilities(t->peer->room, r->rtx);

	if (!p) {
		r->failed = true;
		r->step = DONE;
	} else {
		cp_consumer_create(t, p, caps, false, step_completed);
	}
	cJSON_Delete(caps);
}

static void fill(struct cp_model *m, struct cp_plain_request *r)
{
	struct cp_transport *t = transport_of(m, r);

	r->step = DONE;
	if (!t && !r->failed)
		fail(r, CP_NOT_FOUND, "room: it is closing");
	if (r->failed)
		return;
	r->step = FILLING;
	if (r->rtp_parameters)
		cp_producer_create(t, r->kind, r->rtp_parameters, false, step_completed);
	else
		consume(m, r, t);
}

static void request_free(struct cp_plain_request *r)
{
	cJSON_Delete(r->kind);
	cJSON_Delete(r->rtp_parameters);
	explicit_bzero(&r->keys, sizeof(r->keys));
	free(r);
}

/* Removes the request and calls `done`. After a failure, or if it was abandoned, closes the transport. */
static void finish(struct cp_model *m, struct cp_plain_request *r)
{
	struct cp_transport *t = transport_of(m, r);

	TAILQ_REMOVE(&m->plain, r, next);
	if (!t && !r->failed)
		fail(r, CP_NOT_FOUND, "room: it is closing");
	if (r->failed || !r->done) {
		m->plain_reap = true;
		if (t)
			cp_transport_close(t);
		t = NULL;
	}
	if (r->done)
		r->done(r->arg, r->failed ? &r->fault : NULL, t);
	request_free(r);
}

static void step(struct cp_model *m)
{
	struct cp_plain_request *r = TAILQ_FIRST(&m->plain);

	if (!r)
		return;
	if (r->step == OPEN)
		open_transport(m, r);
	else if (r->step == FILL)
		fill(m, r);
	if (r->step == DONE) {
		finish(m, r);
		m->plain_due |= !TAILQ_EMPTY(&m->plain);
	}
}

/* --- transports that have ended --------------------------------------------------------------------- */

static bool in_use(const struct cp_model *m, const struct cp_peer *peer)
{
	const struct cp_plain_request *r = TAILQ_FIRST(&m->plain);

	return peer->transport_count > 0 || peer->call || (r && r->peer == peer);
}

/* Closes transports that have ended. An operator's peer that has nothing left leaves its room. */
static void reap(struct cp_model *m)
{
	struct cp_room *room, *next;
	struct cp_transport *t, *after;

	m->plain_reap = false;
	for (room = TAILQ_FIRST(&m->room_list); room; room = next) {
		next = TAILQ_NEXT(room, in_model);
		if (!room->plain_peer || room->state == CP_ROOM_CLOSING)
			continue;
		for (t = TAILQ_FIRST(&room->plain_peer->transports); t; t = after) {
			after = TAILQ_NEXT(t, on_peer);
			if (t->plain->ended)
				cp_transport_close(t);
		}
		if (!in_use(m, room->plain_peer)) {
			struct cp_peer *peer = room->plain_peer;

			room->plain_peer = NULL;
			cp_room_leave(peer); /* may free the room */
		}
	}
}

void cp_plain_run(struct cp_model *m)
{
	if (!m->plain_due)
		return;
	m->plain_due = false;
	step(m);
	if (m->plain_reap)
		reap(m);
}

/* --- requests ------------------------------------------------------------------------------------- */

int cp_plain_create(struct cp_model *m, const struct cp_plain_options *options, cp_plain_done done, void *arg)
{
	struct cp_plain_request *r = calloc(1, sizeof(*r));

	if (!r)
		return ENOMEM;
	if (options->room)
		snprintf(r->room, sizeof(r->room), "%s", options->room);
	if (options->producer)
		snprintf(r->producer, sizeof(r->producer), "%s", options->producer);
	r->kind = cJSON_Duplicate(options->kind, true);
	r->rtp_parameters = cJSON_Duplicate(options->rtp_parameters, true);
	r->rtx = options->rtx;
	r->plain = *options->plain;
	if (options->keys) {
		r->keys = *options->keys;
		r->plain.keys = &r->keys;
	}
	r->done = done;
	r->arg = arg;
	TAILQ_INSERT_TAIL(&m->plain, r, next);
	if (TAILQ_FIRST(&m->plain) == r)
		schedule(m);
	return 0;
}

void cp_plain_abandon(struct cp_model *m, const void *arg)
{
	struct cp_plain_request *r;

	TAILQ_FOREACH(r, &m->plain, next)
	if (r->arg == arg)
		r->done = NULL;
}

int cp_plain_close(struct cp_model *m, const char *id, struct cp_fault *fault)
{
	const struct cp_plain_request *r = TAILQ_FIRST(&m->plain);
	struct cp_transport *t = cp_index_find(&m->transports, id);

	if (!t || !t->plain || t->peer->room->state == CP_ROOM_CLOSING)
		return cp_refuse(fault, CP_NOT_FOUND, "id: there is no such plain transport");
	if (r && (strcmp(r->transport, id) == 0 || t->state == CP_TRANSPORT_OPENING))
		return cp_refuse(fault, CP_CONFLICT, "id: it is still being made");
	cp_transport_close(t);
	schedule_reap(m);
	return 0;
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "controlplane/rooms/consumer.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "controlplane/rooms/call.h"
#include "controlplane/rooms/model.h"
#include "controlplane/rooms/producer.h"
#include "controlplane/rooms/quality.h"
#include "controlplane/rooms/restore.h"
#include "controlplane/rooms/room_state.h"
#include "controlplane/rooms/saved.h"
#include "controlplane/rooms/transport.h"
#include "controlplane/rooms/user.h"

static void log_event(enum sh_log_level level, const char *event, const struct cp_consumer *c)
{
	static struct sh_log_limit limit = {.event = "consumer", .per_second = SH_LOG_CLIENTS};
	const struct cp_transport *t = c->transport;

	sh_log_limited(&limit, level,
		"consumer-%s room=%s peer=%s transport=%s consumer=%s producer=%s kind=%s", event,
		t->peer->room->log_name, t->peer->id, t->id, c->id, c->producer->id,
		cp_kind_name(c->producer->consumable.kind));
}

struct cp_consumer *cp_model_consumer(const struct cp_model *m, sh_id dp_id)
{
	uint32_t hash = (uint32_t)dp_id; /* the ids are random */
	struct cp_table_entry *e = NULL;

	while ((e = cp_table_next(&m->consumers_by_dp_id, hash, e))) {
		struct cp_consumer *c = CP_TABLE_OBJECT(e, struct cp_consumer, by_dp_id);

		if (c->dp_id == dp_id)
			return c->live ? c : NULL;
	}
	return NULL;
}

struct cp_consumer *cp_peer_consumer(struct cp_peer *peer, const char *id, struct cp_fault *fault)
{
	struct cp_consumer *c = cp_index_find(&peer->room->model->consumers, id);

	if (cp_room_check(peer->room, fault) != 0)
		return NULL;
	if (!c || !c->live || c->producer->ended || c->transport->peer != peer) {
		cp_refuse(fault, CP_NOT_FOUND, "consumerId: no such consumer");
		return NULL;
	}
	return cp_transport_check_lost(c->transport, fault) == 0 ? c : NULL;
}

static int created(struct cp_call *call, int error, struct cp_fault *fault)
{
	const struct cp_closing quietly = {.tell_owner = false};
	struct cp_consumer *c = call->object;

	if (error != 0) {
		cp_consumer_destroy(c, &quietly);
		return cp_refuse_errno(fault, error);
	}
	c->live = true;
	cp_quality_begin(c);
	if (!c->rtp_parameters) /* its SDP session may have got it later than its other streams */
		cp_transport_save(c->transport);
	log_event(SH_LOG_INFO, "created", c);
	return 0;
}

static int check_peer(const struct cp_transport *t, struct cp_fault *fault)
{
	int error = cp_room_check(t->peer->room, fault);

	if (error == 0)
		error = cp_user_check(t->peer, fault);
	if (error == 0)
		error = cp_transport_check_lost(t, fault);
	if (error != 0)
		return error;
	if (!t->peer->subscribe)
		return cp_refuse(fault, CP_FORBIDDEN, "subscribe: it was not granted to this peer");
	return 0;
}

static int check_stream(const struct cp_transport *t, const struct cp_producer *p, struct cp_fault *fault)
{
	const struct cp_consumer *other;

	if (t->purpose != CP_PURPOSE_RECV)
		return cp_refuse(fault, CP_BAD_REQUEST, "transportId: this transport was made to send");
	if (p->transport->peer == t->peer && !t->peer->of_operator)
		return cp_refuse(fault, CP_BAD_REQUEST,
			"producerId: a peer does not consume its own producers");
	TAILQ_FOREACH(other, &t->consumers, on_transport)
	if (other->producer == p)
		return cp_refuse(fault, CP_CONFLICT, "producerId: this transport consumes it already");
	return 0;
}

static int match(const struct cp_producer *p, const cJSON *rtp_capabilities, struct cp_common *common,
	struct cp_fault *fault)
{
	char why[CP_NEGOTIATION_ERROR];
	int error = cp_consumer_match(&p->consumable, rtp_capabilities, common, why);

	if (error == 0)
		return 0;
	return cp_refuse(fault, error == ENOTSUP ? CP_UNSUPPORTED : CP_BAD_REQUEST, "%s", why);
}

static int check_limits(const struct cp_transport *t, struct cp_fault *fault)
{
	const struct sh_config_limits *limit = &t->peer->room->model->config->limit;

	if (!t->peer->of_operator && t->peer->consumer_count >= limit->consumers_per_peer)
		return cp_refuse(fault, CP_TOO_MANY, "this peer has %u consumers already",
			t->peer->consumer_count);
	return cp_share_check(t->peer, CP_TABLE_CONSUMERS, 1, fault);
}

/*
 * Returns the transport's next SSRC. None is used twice, also not after its consumer was closed
 * (struct sh_consumer_add): the first one is random, and the others count up from it. The MIDs of a
 * transport run out long before the SSRCs return to the first one.
 */
static uint32_t next_ssrc(struct cp_transport *t)
{
	if (!t->last_ssrc)
		return t->last_ssrc = cp_ssrc_make();
	do
		t->last_ssrc++;
	while (!cp_ssrc_usable(t->last_ssrc));
	return t->last_ssrc;
}

void cp_consumer_reserve(struct cp_transport *t, bool rtx, uint32_t *ssrc, uint32_t *rtx_ssrc)
{
	*ssrc = next_ssrc(t);
	*rtx_ssrc = rtx ? next_ssrc(t) : 0;
}

static int parameters_make(struct cp_transport *t, struct cp_consumer *c, const struct cp_common *common,
	struct sh_consumer_add *add, struct cp_fault *fault)
{
	char mid[SH_MID_MAX + 1];
	struct cp_consumer_ids ids = {.mid = mid, .cname = c->producer->transport->peer->cname};

	/* The counter outgrows the longest MID after 100 million consumers on one transport. */
	if (snprintf(mid, sizeof(mid), "%u", t->next_mid) > SH_MID_MAX)
		return cp_refuse(fault, CP_TOO_MANY, "transportId: this transport has run out of MIDs");
	cp_consumer_reserve(t, common->rtx, &c->ssrc, &c->rtx_ssrc);
	ids.ssrc = c->ssrc;
	ids.rtx_ssrc = c->rtx_ssrc;
	c->rtp_parameters = cp_consumer_parameters(&c->producer->consumable, common, &ids, add);
	if (!c->rtp_parameters)
		return cp_refuse(fault, CP_INTERNAL, "out of memory");
	t->next_mid++;
	return 0;
}

/* Enters a consumer, whose ids are set, into all lists. 0 or ENOMEM. */
static int admit(struct cp_consumer *c)
{
	struct cp_transport *t = c->transport;
	struct cp_model *m = t->peer->room->model;
	int error = cp_index_add(&m->consumers, c);

	if (error != 0)
		return error;
	TAILQ_INSERT_TAIL(&t->consumers, c, on_transport);
	TAILQ_INSERT_TAIL(&c->producer->consumers, c, on_producer);
	t->peer->consumer_count++;
	t->peer->room->consumer_count++;
	cp_table_add(&m->consumers_by_dp_id, &c->by_dp_id, (uint32_t)c->dp_id);
	cp_quality_add_consumer(c);
	cp_load_add_consumer(c);
	cp_share_add(m, &t->peer->holder, CP_TABLE_CONSUMERS, 1);
	return 0;
}

/*
 * Creates a consumer in all lists, and its command in `add`. `common` NULL: `add` has all that was
 * negotiated. NULL with the fault.
 */
static struct cp_consumer *consumer_make(struct cp_transport *t, struct cp_producer *p,
	const struct cp_common *common, struct sh_consumer_add *add, struct cp_fault *fault)
{
	struct cp_consumer *c = calloc(1, sizeof(*c));

	if (!c) {
		cp_refuse(fault, CP_INTERNAL, "out of memory");
		return NULL;
	}
	cp_id_make(c->id);
	c->dp_id = cp_dp_id_make();
	c->transport = t;
	c->producer = p;
	if (!common) {
		c->ssrc = add->ssrc;
		c->rtx_ssrc = add->rtx_ssrc;
	} else if (parameters_make(t, c, common, add, fault) != 0) {
		free(c);
		return NULL;
	}
	if (admit(c) != 0) {
		cp_refuse(fault, CP_INTERNAL, "out of memory");
		free(c->rtp_parameters);
		free(c);
		return NULL;
	}
	return c;
}

/* `common` NULL: it was negotiated by SDP. */
static void submit_add(struct cp_consumer *c, const struct sh_consumer_add *add,
	const struct cp_common *common, cp_done done)
{
	const struct cp_closing quietly = {.tell_owner = false};
	struct sh_cmd cmd[1 + CP_SAVED_COMMANDS] = {
		{.op = SH_OP_CONSUMER_ADD, .id = c->dp_id, .consumer_add = *add}};
	struct cp_call *call;

	c->paused = (add->flags & SH_CONSUMER_PAUSED) != 0;
	c->wishes = add->wishes;
	cmd->consumer_add.transport = c->transport->dp_id;
	cmd->consumer_add.producer = c->producer->encoding[0].dp_id;
	call = cp_call_begin(c->transport->peer, c, created, done);
	if (!call)
		cp_consumer_destroy(c, &quietly);
	else
		cp_call_submit(call, cmd, 1 + cp_consumer_blob(c, add, common, cmd + 1));
}

void cp_consumer_create(struct cp_transport *t, struct cp_producer *p, const cJSON *rtp_capabilities,
	bool paused, cp_done done)
{
	struct sh_consumer_add add;
	struct cp_consumer *c = NULL;
	struct cp_common common;
	struct cp_fault fault;
	int error = check_peer(t, &fault);

	if (error == 0 && !cJSON_IsObject(rtp_capabilities))
		error = cp_refuse(&fault, CP_BAD_REQUEST, "rtpCapabilities: must be an object");
	if (error == 0 && check_stream(t, p, &fault) == 0 &&
		match(p, rtp_capabilities, &common, &fault) == 0 && check_limits(t, &fault) == 0)
		c = consumer_make(t, p, &common, &add, &fault);
	if (!c) {
		done(t->peer, &fault, NULL);
		return;
	}
	if (paused)
		add.flags |= SH_CONSUMER_PAUSED;
	/* Whoever is served by signaling is a mediasoup-client, which always takes its probator. */
	if (!t->plain && p->consumable.kind == SH_KIND_VIDEO)
		add.flags |= SH_CONSUMER_PROBATOR;
	submit_add(c, &add, &common, done);
}

void cp_consumer_create_negotiated(struct cp_transport *t, struct cp_producer *p,
	const struct sh_consumer_add *negotiated, cp_done done)
{
	struct sh_consumer_add add = *negotiated;
	struct cp_consumer *c = NULL;
	struct cp_fault fault;

	if (check_peer(t, &fault) == 0 && check_stream(t, p, &fault) == 0 && check_limits(t, &fault) == 0)
		c = consumer_make(t, p, NULL, &add, &fault);
	if (c)
		submit_add(c, &add, NULL, done);
	else
		done(t->peer, &fault, NULL);
}

/* Makes rtpParameters again as they were. NULL: no memory. */
static char *parameters_again(const struct cp_producer *p, const struct cp_saved_consumer *saved)
{
	const struct cp_consumer_ids ids = {.ssrc = saved->ssrc,
		.rtx_ssrc = saved->rtx_ssrc,
		.mid = saved->mid,
		.cname = p->transport->peer->cname};
	struct sh_consumer_add add;

	return cp_consumer_parameters(&p->consumable, &saved->common, &ids, &add);
}

int cp_consumer_restore(struct cp_transport *t, struct cp_producer *p, const struct cp_saved_consumer *saved,
	const struct sh_object *o)
{
	struct cp_consumer *c = NULL;

	if (t->purpose != CP_PURPOSE_RECV || p->ended || p->transport->peer->room != t->peer->room)
		return EINVAL;
	c = calloc(1, sizeof(*c));
	if (!c)
		return ENOMEM;
	memcpy(c->id, saved->id, sizeof(c->id));
	c->dp_id = o->id;
	c->transport = t;
	c->producer = p;
	c->paused = o->paused;
	c->wishes = o->wishes;
	c->ssrc = saved->ssrc;
	c->rtx_ssrc = saved->rtx_ssrc;
	if (!saved->negotiated)
		c->rtp_parameters = parameters_again(p, saved);
	if ((!saved->negotiated && !c->rtp_parameters) || admit(c) != 0) {
		free(c->rtp_parameters);
		free(c);
		return ENOMEM;
	}
	c->live = true;
	cp_quality_begin(c);
	return 0;
}

static int set_acknowledged(struct cp_call *call, int error, struct cp_fault *fault)
{
	struct cp_consumer *c = call->object;

	if (error != 0)
		return cp_refuse_errno(fault, error);
	c->paused = call->flag;
	c->wishes = call->wishes;
	return 0;
}

static void submit_set(struct cp_consumer *c, bool paused, bool keyframe, struct sh_wishes wishes,
	cp_done done)
{
	struct cp_call *call = cp_call_begin(c->transport->peer, c, set_acknowledged, done);
	struct sh_cmd cmd = {.op = SH_OP_CONSUMER_SET, .id = c->dp_id, .consumer_set.wishes = wishes};

	if (!call)
		return;
	call->flag = paused;
	call->wishes = wishes;
	cmd.consumer_set.paused = paused;
	cmd.consumer_set.keyframe = keyframe && c->producer->consumable.kind == SH_KIND_VIDEO;
	cp_call_submit(call, &cmd, 1);
}

void cp_consumer_pause(struct cp_consumer *c, bool paused, cp_done done)
{
	submit_set(c, paused, !paused && c->paused, c->wishes, done);
}

void cp_consumer_request_keyframe(struct cp_consumer *c, cp_done done)
{
	submit_set(c, c->paused, true, c->wishes, done);
}

/* A layer of `count`, or SH_LAYER_ANY. */
static uint8_t bound(uint8_t layer, uint8_t count)
{
	return layer == SH_LAYER_ANY || layer < count ? layer : count - 1;
}

void cp_consumer_prefer_layers(struct cp_consumer *c, uint8_t spatial, uint8_t temporal, cp_done done)
{
	const struct cp_consumable *stream = &c->producer->consumable;
	struct sh_wishes wishes = c->wishes;
	struct cp_fault fault;

	if (stream->type == CP_STREAM_SIMPLE) {
		cp_refuse(&fault, CP_UNSUPPORTED, "consumerId: this consumer has one layer only");
		done(c->transport->peer, &fault, NULL);
		return;
	}
	wishes.spatial = bound(spatial, stream->spatial_layers);
	wishes.temporal = bound(temporal, stream->temporal_layers);
	submit_set(c, c->paused, false, wishes, done);
}

void cp_consumer_set_priority(struct cp_consumer *c, uint8_t priority, cp_done done)
{
	struct sh_wishes wishes = c->wishes;

	wishes.priority = priority;
	submit_set(c, c->paused, false, wishes, done);
}

void cp_consumer_destroy(struct cp_consumer *c, const struct cp_closing *how)
{
	struct sh_cmd cmd = {.op = SH_OP_CONSUMER_DEL, .id = c->dp_id};
	struct cp_peer *owner = c->transport->peer;
	struct cp_model *m = owner->room->model;

	cp_call_abort(owner, c, how->why, how->reason);
	/* With its producer, one line for that is enough, and the data plane has deleted it already. */
	if (c->live)
		log_event(c->producer->ended ? SH_LOG_DEBUG : cp_room_end_level(owner->room), "closed", c);
	if (!c->producer->ended)
		cp_model_submit(m, &cmd);
	cp_quality_remove_consumer(m, c);
	cp_table_remove(&m->consumers_by_dp_id, &c->by_dp_id);
	cp_load_remove_consumer(c);
	cp_share_remove(&owner->holder, CP_TABLE_CONSUMERS, 1);
	cp_index_remove(&m->consumers, c);
	TAILQ_REMOVE(&c->transport->consumers, c, on_transport);
	TAILQ_REMOVE(&c->producer->consumers, c, on_producer);
	owner->consumer_count--;
	owner->room->consumer_count--;
	if (c->live && how->tell_owner && owner->room->state != CP_ROOM_CLOSING)
		owner->listener->consumer_closed(owner, c);
	free(c->rtp_parameters);
	free(c);
}

void cp_consumer_close(struct cp_consumer *c)
{
	const struct cp_closing how = {.tell_owner = false, .why = CP_NOT_FOUND, .reason = "it was closed"};

	cp_consumer_destroy(c, &how);
}

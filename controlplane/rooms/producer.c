/* SPDX-License-Identifier: Apache-2.0 */
#include "controlplane/rooms/producer.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "controlplane/rooms/announce.h"
#include "controlplane/rooms/audio.h"
#include "controlplane/rooms/call.h"
#include "controlplane/rooms/model.h"
#include "controlplane/rooms/quality.h"
#include "controlplane/rooms/restore.h"
#include "controlplane/rooms/room_state.h"
#include "controlplane/rooms/saved.h"
#include "controlplane/rooms/transport.h"
#include "controlplane/rooms/user.h"

static void log_event(enum sh_log_level level, const char *event, const struct cp_producer *p)
{
	static struct sh_log_limit limit = {.event = "producer", .per_second = SH_LOG_CLIENTS};
	const struct cp_transport *t = p->transport;

	sh_log_limited(&limit, level, "producer-%s room=%s peer=%s transport=%s producer=%s kind=%s", event,
		t->peer->room->log_name, t->peer->id, t->id, p->id, cp_kind_name(p->consumable.kind));
}

struct cp_producer *cp_peer_visible_producer(struct cp_peer *peer, const char *id, struct cp_fault *fault)
{
	struct cp_producer *p = cp_index_find(&peer->room->model->producers, id);

	if (cp_room_check(peer->room, fault) != 0)
		return NULL;
	if (!p || !p->live || p->transport->peer->room != peer->room || cp_transport_is_lost(p->transport)) {
		cp_refuse(fault, CP_NOT_FOUND, "producerId: no such producer");
		return NULL;
	}
	return p;
}

struct cp_producer *cp_peer_producer(struct cp_peer *peer, const char *id, struct cp_fault *fault)
{
	struct cp_producer *p = cp_peer_visible_producer(peer, id, fault);

	if (p && p->transport->peer != peer) {
		cp_refuse(fault, CP_NOT_FOUND, "producerId: no such producer");
		return NULL;
	}
	return p;
}

void cp_peer_each_visible_producer(struct cp_peer *peer,
	void (*each)(struct cp_peer *peer, const struct cp_producer *p, void *arg), void *arg)
{
	const struct cp_producer *p;

	if (peer->room->state == CP_ROOM_CLOSING)
		return;
	TAILQ_FOREACH(p, &peer->room->producers, in_room)
	if (p->live && p->transport->peer != peer && !cp_transport_is_lost(p->transport) &&
		!cp_announce_will_tell(peer, p))
		each(peer, p, arg);
}

static int created(struct cp_call *call, int error, struct cp_fault *fault)
{
	const struct cp_closing quietly = {.tell_owner = false};
	struct cp_producer *p = call->object;

	if (error != 0) {
		cp_producer_destroy(p, &quietly);
		return cp_refuse_errno(fault, error);
	}
	p->live = true;
	cp_room_add_host(p->transport->peer);
	log_event(SH_LOG_INFO, "created", p);
	cp_watch_producer_came(p);
	cp_announce_new(p);
	return 0;
}

static bool same_text(const char *a, uint8_t a_len, const char *b, uint8_t b_len)
{
	return a_len == b_len && memcmp(a, b, a_len) == 0;
}

static bool same_rid(const struct sh_producer_add *a, const struct sh_producer_add *b)
{
	return same_text(a->rid, a->rid_len, b->rid, b->rid_len);
}

/*
 * True if both are found by their RID alone, because an SSRC is not signalled and not both have a
 * MID in their packets.
 */
static bool only_rid_tells(const struct sh_producer_add *a, const struct sh_producer_add *b)
{
	bool mids =
		a->mid_len > 0 && a->ext_id[SH_EXT_MID] != 0 && b->mid_len > 0 && b->ext_id[SH_EXT_MID] != 0;

	return (a->ssrc == 0 || b->ssrc == 0) && a->pt == b->pt && a->rid_len > 0 && !mids;
}

/*
 * True if the packets of both could not be told apart: a common SSRC, the same MID and RID, or the
 * same RID where that alone is what tells.
 */
static bool collide(const struct sh_producer_add *a, const struct sh_producer_add *b)
{
	if (a->ssrc != 0 && (a->ssrc == b->ssrc || a->ssrc == b->rtx_ssrc))
		return true;
	if (a->rtx_ssrc != 0 && (a->rtx_ssrc == b->ssrc || a->rtx_ssrc == b->rtx_ssrc))
		return true;
	if (same_rid(a, b) && only_rid_tells(a, b))
		return true;
	return a->mid_len > 0 && same_text(a->mid, a->mid_len, b->mid, b->mid_len) && same_rid(a, b);
}

/* True if a packet of one producer could be taken for one of the other. */
static bool any_collide(const struct cp_signalled *a, const struct cp_signalled *b)
{
	for (uint32_t i = 0; i < a->count; i++)
		for (uint32_t k = 0; k < b->count; k++)
			if (collide(&a->encoding[i], &b->encoding[k]))
				return true;
	return false;
}

static int check_unique(const struct cp_transport *t, const struct cp_signalled *sent, struct cp_fault *fault)
{
	const struct cp_producer *p;

	TAILQ_FOREACH(p, &t->producers, on_transport)
	if (any_collide(sent, &p->signalled))
		return cp_refuse(fault, CP_CONFLICT,
			"rtpParameters: a producer of this transport has that SSRC, MID or RID");
	return 0;
}

/* SSRCs that its packets have, of media and RTX. */
static uint32_t ssrcs_of(const struct cp_signalled *sent)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < sent->count; i++)
		n += sent->encoding[i].rtx_pt ? 2 : 1;
	return n;
}

/* The data plane keeps state for each SSRC that a transport's peer sends with. */
static int check_ssrcs(const struct cp_transport *t, const struct cp_signalled *sent, struct cp_fault *fault)
{
	uint32_t most = t->peer->room->model->config->limit.ssrcs_per_transport, n = ssrcs_of(sent);
	const struct cp_producer *p;

	TAILQ_FOREACH(p, &t->producers, on_transport)
	n += ssrcs_of(&p->signalled);
	if (n > most)
		return cp_refuse(fault, CP_TOO_MANY,
			"rtpParameters: the producers of this transport would have %u SSRCs, more than %u", n,
			most);
	return 0;
}

/*
 * Takes one of the producers that the peer may create per minute, all of which it may create at
 * once. 0, or errno with the fault.
 */
static int take_produce(struct cp_peer *peer, struct cp_fault *fault)
{
	const struct cp_model *m = peer->room->model;
	const uint64_t minute_us = 60000000;
	uint64_t each = minute_us / m->config->limit.produces_per_minute;
	uint64_t now = m->clock->now_ms(m->clock_arg) * 1000;
	uint64_t used = peer->produce_us > now ? peer->produce_us - now : 0;

	if (used + each > minute_us)
		return cp_refuse(fault, CP_TOO_MANY, "this peer has created %u producers in a minute",
			m->config->limit.produces_per_minute);
	peer->produce_us = now + used + each;
	return 0;
}

static int check_create(struct cp_transport *t, const cJSON *kind, const cJSON *rtp_parameters,
	struct cp_signalled *sent, struct cp_consumable *consumable, struct cp_fault *fault)
{
	const struct cp_model *m = t->peer->room->model;
	char why[CP_NEGOTIATION_ERROR];
	int error = cp_room_check(t->peer->room, fault);

	if (error == 0)
		error = cp_user_check(t->peer, fault);
	if (error == 0)
		error = cp_transport_check_lost(t, fault);
	if (error != 0)
		return error;
	if (!t->peer->publish)
		return cp_refuse(fault, CP_FORBIDDEN, "publish: it was not granted to this peer");
	if (t->purpose != CP_PURPOSE_SEND)
		return cp_refuse(fault, CP_BAD_REQUEST, "transportId: this transport was made to receive");
	switch (cp_producer_parameters(&t->peer->room->router, kind, rtp_parameters, sent, consumable, why)) {
	case 0:
		break;
	case EINVAL:
		return cp_refuse(fault, CP_BAD_REQUEST, "%s", why);
	case ENOTSUP:
		return cp_refuse(fault, CP_UNSUPPORTED, "%s", why);
	default:
		return cp_refuse(fault, CP_INTERNAL, "%s", why);
	}
	if (!t->peer->of_operator && t->peer->producer_count >= m->config->limit.producers_per_peer)
		return cp_refuse(fault, CP_TOO_MANY, "this peer has %u producers already",
			t->peer->producer_count);
	error = check_unique(t, sent, fault);
	if (error == 0)
		error = check_ssrcs(t, sent, fault);
	if (error == 0)
		error = cp_share_check(t->peer, CP_TABLE_PRODUCERS, sent->count, fault);
	return error != 0 || t->peer->of_operator ? error : take_produce(t->peer, fault);
}

/* Creates a producer in all lists; `saved`: a predecessor's, NULL: a new one. NULL: no memory. */
static struct cp_producer *producer_make(struct cp_transport *t, const struct cp_signalled *sent,
	const struct cp_consumable *consumable, bool paused, const struct cp_saved_producer *saved)
{
	struct cp_producer *p = calloc(1, sizeof(*p));
	struct cp_room *room = t->peer->room;

	if (!p)
		return NULL;
	if (saved)
		memcpy(p->id, saved->id, sizeof(p->id));
	else
		cp_id_make(p->id);
	for (uint32_t i = 0; i < sent->count; i++)
		p->encoding[i].dp_id = saved ? saved->encoding[i] : cp_dp_id_make();
	p->transport = t;
	p->owner = t->peer->number;
	p->paused = paused;
	p->consumable = *consumable;
	p->signalled = *sent;
	TAILQ_INIT(&p->consumers);
	if (cp_index_add(&room->model->producers, p) != 0) {
		free(p);
		return NULL;
	}
	TAILQ_INSERT_TAIL(&t->producers, p, on_transport);
	TAILQ_INSERT_TAIL(&room->producers, p, in_room);
	t->peer->producer_count++;
	room->producer_count++;
	room->model->encoding_count += sent->count;
	cp_load_add_producer(p);
	cp_quality_add_producer(p);
	cp_share_add(room->model, &t->peer->holder, CP_TABLE_PRODUCERS, sent->count);
	return p;
}

/* The command that adds the encoding `i`. */
static struct sh_cmd add_command(const struct cp_producer *p, uint32_t i)
{
	struct sh_cmd cmd = {.op = SH_OP_PRODUCER_ADD, .id = p->encoding[i].dp_id};
	const struct cp_transport *t = p->transport;
	struct sh_producer_add *add = &cmd.producer_add;

	*add = p->signalled.encoding[i];
	add->transport = t->dp_id;
	if (i > 0)
		add->lead = p->encoding[0].dp_id;
	if (p->paused)
		add->flags |= SH_PRODUCER_PAUSED;
	add->cname_len = (uint8_t)strlen(t->peer->cname);
	memcpy(add->cname, t->peer->cname, add->cname_len);
	return cmd;
}

void cp_producer_create(struct cp_transport *t, const cJSON *kind, const cJSON *rtp_parameters, bool paused,
	cp_done done)
{
	const struct cp_closing quietly = {.tell_owner = false};
	struct sh_cmd cmd[SH_MAX_ENCODINGS + CP_SAVED_COMMANDS];
	unsigned n;
	struct cp_consumable consumable;
	struct cp_signalled sent;
	struct cp_fault fault;
	struct cp_producer *p;
	struct cp_call *call;

	if (check_create(t, kind, rtp_parameters, &sent, &consumable, &fault) != 0) {
		done(t->peer, &fault, NULL);
		return;
	}
	p = producer_make(t, &sent, &consumable, paused, NULL);
	if (!p) {
		cp_refuse(&fault, CP_INTERNAL, "out of memory");
		done(t->peer, &fault, NULL);
		return;
	}
	call = cp_call_begin(t->peer, p, created, done);
	if (!call) {
		cp_producer_destroy(p, &quietly);
		return;
	}
	for (uint32_t i = 0; i < sent.count; i++)
		cmd[i] = add_command(p, i);
	n = cp_producer_blob(p, cmd + sent.count);
	cp_call_submit(call, cmd, sent.count + n);
}

int cp_producer_restore(struct cp_transport *t, const struct cp_saved_producer *saved,
	const struct sh_object *o)
{
	struct cp_consumable consumable = saved->consumable;
	const struct cp_router_codec *codec = cp_router_find(&t->peer->room->router, consumable.codec,
		consumable.router.pt, consumable.router.rtx_pt);
	struct cp_producer *p;

	/* Without `codec`: the configuration of this process has other ones. */
	if (!codec || t->purpose != CP_PURPOSE_SEND || saved->encoding[0] != o->id)
		return EINVAL;
	consumable.router = *codec;
	p = producer_make(t, &saved->signalled, &consumable, o->paused, saved);
	if (!p)
		return ENOMEM;
	p->told_paused = p->paused;
	p->live = true;
	cp_room_add_host(t->peer);
	return 0;
}

static int set_acknowledged(struct cp_call *call, int error, struct cp_fault *fault)
{
	struct cp_producer *p = call->object;

	if (error != 0)
		return cp_refuse_errno(fault, error);
	if (p->paused != call->flag) {
		p->paused = call->flag;
		cp_announce_state(p);
	}
	return 0;
}

void cp_producer_pause(struct cp_producer *p, bool paused, cp_done done)
{
	struct cp_call *call = cp_call_begin(p->transport->peer, p, set_acknowledged, done);
	struct sh_cmd cmd[SH_MAX_ENCODINGS];

	if (!call)
		return;
	call->flag = paused;
	for (uint32_t i = 0; i < p->signalled.count; i++) {
		cmd[i] = (struct sh_cmd){.op = SH_OP_PRODUCER_SET, .id = p->encoding[i].dp_id};
		cmd[i].producer_set.paused = paused;
		/* After a pause, viewers can decode the video only from a key frame on. */
		cmd[i].producer_set.keyframe = !paused && p->consumable.kind == SH_KIND_VIDEO;
	}
	cp_call_submit(call, cmd, p->signalled.count);
}

void cp_producer_destroy(struct cp_producer *p, const struct cp_closing *how)
{
	/* The data plane deletes its other encodings and its consumers with the first encoding. */
	struct sh_cmd cmd = {.op = SH_OP_PRODUCER_DEL, .id = p->encoding[0].dp_id};
	struct cp_peer *owner = p->transport->peer;
	struct cp_room *room = owner->room;

	cp_call_abort(owner, p, how->why, how->reason);
	cp_model_submit(room->model, &cmd);
	if (p->live)
		cp_watch_producer_went(p);
	cp_load_remove_producer(p);
	cp_quality_remove_producer(room->model, p);
	cp_audio_remove_producer(p);
	cp_share_remove(&owner->holder, CP_TABLE_PRODUCERS, p->signalled.count);
	room->model->encoding_count -= p->signalled.count;
	cp_index_remove(&room->model->producers, p);
	TAILQ_REMOVE(&p->transport->producers, p, on_transport);
	TAILQ_REMOVE(&room->producers, p, in_room);
	owner->producer_count--;
	room->producer_count--;
	if (!p->live) { /* nobody knows it */
		free(p);
		return;
	}
	log_event(cp_room_end_level(room), "closed", p);
	if (how->tell_owner && room->state != CP_ROOM_CLOSING)
		owner->listener->producer_closed(owner, p);
	p->live = false;
	p->ended = true;
	p->transport = NULL;
	cp_announce_end(room, p);
}

void cp_producer_close(struct cp_producer *p)
{
	const struct cp_closing how = {.tell_owner = false, .why = CP_NOT_FOUND, .reason = "it was closed"};

	cp_producer_destroy(p, &how);
}

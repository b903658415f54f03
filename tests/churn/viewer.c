/* SPDX-License-Identifier: Apache-2.0 */

/* Viewers: they join, pause, resume and leave. */

#include <string.h>

#include "tests/churn/churn.h"

#define MS 1000000ull

enum {
	LIFE_MS = 160, /* longest stay of those that come and go */
	LOOKED_AT = 16, /* packets of one in so many of them are decrypted */
	PAUSE_MS = 5, /* one of those that pause does something so often */
	LEAVES = 256, /* in one turn */
};

static struct churn *churn; /* completions know their viewer alone */

static sh_id transport(const struct viewer *v)
{
	return 1ull << 47 | (uint64_t)v->number << 1;
}

static sh_id consumer(const struct viewer *v)
{
	return transport(v) | 1;
}

static void joined(void *arg, int error)
{
	churn->waiting--;
	STAGE_CHECK(error == 0);
	churn->joins++;
}

static void left(void *arg, int error)
{
	struct viewer *v = arg;

	churn->waiting--;
	STAGE_CHECK(error == 0);
	churn->leaves++;
	v->state = VIEWER_FREE;
	churn->free[(churn->free_head + churn->free_count++) % PLACES] = v->number % PLACES;
}

static void has_set(void *arg, int error)
{
	struct viewer *v = arg;

	churn->waiting--;
	STAGE_CHECK(error == 0);
	churn->pauses += v->paused;
	v->setting = false;
}

static void add_consumer(struct churn *c, struct viewer *v)
{
	struct sh_cmd cmd = {
		.op = SH_OP_CONSUMER_ADD, .id = consumer(v), .consumer_add.wishes = SH_WISHES_NONE};

	cmd.consumer_add.transport = transport(v);
	cmd.consumer_add.producer = source_producer(v->source);
	cmd.consumer_add.ssrc = VIEWER_SSRC + v->number;
	cmd.consumer_add.pt = SOURCE_PT;
	if (v->out) {
		cmd.consumer_add.flags = SH_CONSUMER_NACK;
		cmd.consumer_add.rtx_ssrc = VIEWER_RTX_SSRC + v->number;
		cmd.consumer_add.rtx_pt = SOURCE_PT + 1;
	}
	cmd.consumer_add.mid_len = 1;
	cmd.consumer_add.mid[0] = '0';
	cmd.consumer_add.ext_id[SH_EXT_MID] = sh_router_ext[SH_EXT_MID];
	cmd.consumer_add.ext_id[SH_EXT_ABS_SEND_TIME] = sh_router_ext[SH_EXT_ABS_SEND_TIME];
	churn_send(c, &cmd, joined, v);
}

static void close_sessions(struct churn *c, struct viewer *v)
{
	if (v->in)
		churn_session_close(c->engine, &v->in);
	if (v->oracle)
		churn_session_close(c->oracle, &v->oracle);
	if (v->out)
		churn_session_close(c->engine, &v->out);
}

/* Keys come before the consumer or behind it: signaling does not wait for a handshake. */
static void join(struct churn *c, struct viewer *v, const struct source *s, unsigned worker,
	enum viewer_kind kind)
{
	struct sh_path path = churn_path(VIEWER_IP + v->number % PLACES, VIEWER_PORT, worker);
	uint32_t number = v->number + PLACES;
	bool early = churn_random(c, 2);

	close_sessions(c, v);
	*v = (struct viewer){.number = number,
		.kind = kind,
		.state = VIEWER_THERE,
		.source = s,
		.serial = s->serial,
		.worker = worker,
		.profile = number % 2 ? SH_SRTP_AEAD_AES_128_GCM : SH_SRTP_AES128_CM_SHA1_80};
	if (kind != VIEWER_PASSES || number % LOOKED_AT == 0)
		v->in = churn_session(c->engine, DP_SRTP_IN, v->profile, 2ull * number);
	if (kind != VIEWER_PASSES)
		v->oracle = churn_session(c->oracle, DP_SRTP_IN, v->profile, 2ull * number);
	if (kind == VIEWER_STAYS)
		v->out = churn_session(c->engine, DP_SRTP_OUT, v->profile, 2ull * number + 1);
	churn_add_transport(c, transport(v), worker, &path);
	if (early)
		add_consumer(c, v);
	churn_add_keys(c, transport(v), v->profile, 2ull * number + 1, 2ull * number);
	if (!early)
		add_consumer(c, v);
}

static void leave(struct churn *c, struct viewer *v)
{
	struct sh_cmd cmd = {.op = SH_OP_CONSUMER_DEL, .id = consumer(v)};

	if (churn_random(c, 2))
		churn_do(c, &cmd);
	cmd.op = SH_OP_TRANSPORT_DEL;
	cmd.id = transport(v);
	churn_send(c, &cmd, left, v);
	v->state = VIEWER_LEAVING;
}

static void set(struct churn *c, struct viewer *v, bool paused)
{
	struct sh_cmd cmd = {
		.op = SH_OP_CONSUMER_SET, .id = consumer(v), .consumer_set.wishes = SH_WISHES_NONE};

	cmd.consumer_set.paused = paused;
	v->paused = paused;
	v->setting = true;
	churn_send(c, &cmd, has_set, v);
}

void viewers_open(struct churn *c)
{
	unsigned place = 0;

	churn = c;
	for (unsigned i = 0; i < PLACES; i++)
		c->viewer[i].number = i;
	for (unsigned s = 0; s < STAYING; s++)
		for (unsigned w = 0; w < WORKERS; w++)
			for (unsigned i = 0; i < FAITHFUL + PAUSING; i++)
				join(c, &c->viewer[place++], &c->source[s], w,
					i < FAITHFUL ? VIEWER_STAYS : VIEWER_PAUSES);
	for (; place < PLACES; place++)
		c->free[c->free_count++] = place;
}

const struct viewer *viewers_slowest(const struct churn *c, const struct source *s)
{
	const struct viewer *slowest = NULL;

	for (unsigned i = 0; i < KEPT; i++) {
		const struct viewer *v = &c->viewer[i];

		if (v->kind == VIEWER_STAYS && v->source == s && (!slowest || v->next < slowest->next))
			slowest = v;
	}
	return slowest;
}

static bool one_joins(struct churn *c)
{
	const struct source *s = &c->source[churn_random(c, SOURCES)];
	struct viewer *v = &c->viewer[c->free[c->free_head]];
	unsigned stay;

	if (!c->free_count)
		return false;
	c->free_head = (c->free_head + 1) % PLACES;
	c->free_count--;
	if (s->state != SOURCE_THERE)
		s = &c->source[churn_random(c, STAYING)];
	join(c, v, s, churn_random(c, WORKERS), VIEWER_PASSES);
	c->begun++;
	/* One in eight has left before it is answered. */
	stay = churn_random(c, 8) ? churn_random(c, LIFE_MS) : 0;
	v->leave_ns = c->now_ns + stay * MS;
	if (!stay)
		leave(c, v);
	return true;
}

static void one_pauses(struct churn *c)
{
	static uint64_t next_ns;
	struct viewer *v = &c->viewer[churn_random(c, KEPT)];

	if (c->now_ns < next_ns || v->kind != VIEWER_PAUSES || v->setting || v->state != VIEWER_THERE)
		return;
	next_ns = c->now_ns + PAUSE_MS * MS;
	set(c, v, !v->paused);
}

bool viewers_turn(struct churn *c, unsigned joins)
{
	static unsigned at; /* where to look first: not the same ones each time */
	bool any = joins > 0;

	for (unsigned i = 0; i < joins; i++)
		if (!one_joins(c))
			break;
	for (unsigned i = 0, n = 0; i < PLACES && n < LEAVES; i++, at++) {
		struct viewer *v = &c->viewer[at % PLACES];

		if (v->kind != VIEWER_PASSES || v->state != VIEWER_THERE || c->now_ns < v->leave_ns)
			continue;
		leave(c, v);
		any = true;
		n++;
	}
	one_pauses(c);
	return any;
}

void viewers_resume(struct churn *c)
{
	for (unsigned i = 0; i < KEPT; i++)
		if (c->viewer[i].paused)
			set(c, &c->viewer[i], false);
}

void viewers_leave(struct churn *c, bool all)
{
	for (unsigned i = 0; i < PLACES; i++) {
		struct viewer *v = &c->viewer[i];

		if (v->state == VIEWER_THERE && (all || v->kind == VIEWER_PASSES))
			leave(c, v);
	}
}

void viewers_close(struct churn *c)
{
	for (unsigned i = 0; i < PLACES; i++)
		close_sessions(c, &c->viewer[i]);
}

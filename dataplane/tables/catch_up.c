/* SPDX-License-Identifier: Apache-2.0 */
#include "dataplane/tables/catch_up.h"

#include <rte_mempool.h>

#include "dataplane/tables/adaptation.h"
#include "dataplane/tables/audience.h"
#include "dataplane/tables/consumer.h"
#include "dataplane/tables/selection.h"
#include "dataplane/tables/stream.h"
#include "dataplane/tables/transport.h"
#include "dataplane/worker/clock.h"
#include "dataplane/worker/worker.h"

#define KEPT    (1000 * DP_MS) /* how long packets of catching up can be retransmitted afterwards */
#define CROSSES (100 * DP_MS) /* how long a PLI may be older than a key frame; no RTT known */

enum {
	TIMES = 8, /* the pace is at most so many times the stream's rate, */
	TIMES_LEAST = 5, /* and at least TIMES_LEAST / TIMES_LEAST_PARTS, or live is out of reach */
	TIMES_LEAST_PARTS = 4,
	LATER_PER_S = 1000, /* the key frame's timestamp is 1/LATER_PER_S s after the newest one */
};

static struct dp_audience *audience(const struct dp_worker *w, const struct dp_consumer *c)
{
	return dp_audience_of(w, c->stream->slot, c->port_index);
}

/* --- the list ---------------------------------------------------------------------------------- */

static void append(struct dp_catching_up *all, struct dp_consumer *c)
{
	c->catch_up->next = NULL;
	c->catch_up->previous = all->last;
	if (all->last)
		all->last->catch_up->next = c;
	else
		all->first = c;
	all->last = c;
	all->count++;
}

static void unlink_from(struct dp_catching_up *all, struct dp_consumer *c)
{
	struct dp_consumer *next = c->catch_up->next, *previous = c->catch_up->previous;

	if (next)
		next->catch_up->previous = previous;
	else
		all->last = previous;
	if (previous)
		previous->catch_up->next = next;
	else
		all->first = next;
	all->count--;
}

void dp_catch_up_rotate(struct dp_worker *w)
{
	struct dp_consumer *c = w->catching_up.first;

	unlink_from(&w->catching_up, c);
	append(&w->catching_up, c);
}

/* --- begin and end ------------------------------------------------------------------------------- */

/* Its pace, and how far it squeezes timestamps. False: its path is too slow to catch up. */
static bool find_pace(const struct dp_worker *w, const struct dp_consumer *c, uint32_t *pace_kbps,
	struct dp_squeeze *q)
{
	uint32_t kbps = atomic_load_explicit(&c->stream->kbps, memory_order_relaxed);
	uint32_t pace = dp_adaptation_of(w, c->transport)->remb_kbps;

	if (dp_consumer_is_pipe(c) && kbps)
		pace = kbps * TIMES; /* the link between two nodes carries far more */
	else if (!pace)
		pace = w->config->media.join_bitrate / 1000;
	if (c->transport->max_kbps)
		pace = RTE_MIN(pace, c->transport->max_kbps);
	if (!kbps) /* not measured yet */
		kbps = RTE_MAX(pace / TIMES, 1u);
	if ((uint64_t)pace * TIMES_LEAST_PARTS < (uint64_t)kbps * TIMES_LEAST)
		return false;
	pace = (uint32_t)RTE_MIN((uint64_t)pace, (uint64_t)kbps * TIMES);
	*pace_kbps = pace;
	q->slope =
		dp_consumer_is_pipe(c) ? DP_SQUEEZE_ONE : (uint32_t)((uint64_t)DP_SQUEEZE_ONE * kbps / pace);
	return true;
}

static bool allocate(struct dp_worker *w, struct dp_consumer *c)
{
	void *memory;

	if (c->catch_up)
		return true;
	if (rte_mempool_get(w->catch_up_pool, &memory))
		return false;
	c->catch_up = memory;
	*c->catch_up = (struct dp_catch_up){.edge = UINT64_MAX};
	return true;
}

static bool affords(struct dp_worker *w, struct dp_consumer *c)
{
	bool affords = dp_keyframe_budget_charge(&c->keyframes, w->now_ns);

	w->stats->keyframe_limited += !affords;
	return affords;
}

/* What a consumer begins with. */
struct start {
	uint64_t key; /* position of the key frame */
	struct dp_squeeze squeeze;
	uint32_t kbps;
};

/*
 * Reserves all that a viewer needs to begin from the ring. Returns false if the ring or the path
 * does not allow that, or, with `*limited` set, if the viewer has requested key frames too often.
 */
static bool prepare(struct dp_worker *w, struct dp_consumer *c, struct start *start, bool *limited)
{
	const struct dp_stream *s = c->stream;

	*limited = false;
	start->key = atomic_load_explicit(&s->key, memory_order_acquire);
	/*
	 * What a pipe was sent keeps its timestamps, so packets of before would go back in time on
	 * the other node: a pipe begins in this way only once.
	 */
	if (dp_consumer_is_pipe(c) && c->seq.started)
		return false;
	if (start->key == DP_CURSOR_NONE || (c->selection && !dp_selection_can_squeeze(w, c)))
		return false;
	*limited = !affords(w, c);
	return !*limited && allocate(w, c) && find_pace(w, c, &start->kbps, &start->squeeze);
}

static bool begin(struct dp_worker *w, struct dp_consumer *c, const struct start *start)
{
	const struct dp_stream *s = c->stream;
	struct dp_audience *a = audience(w, c);
	struct dp_catch_up *u = c->catch_up;
	uint64_t head;

	if (!dp_audience_hold(w, a, start->key))
		return false;
	head = atomic_load_explicit(&s->head, memory_order_acquire);
	u->squeeze = start->squeeze;
	u->squeeze.from = s->ring[start->key & s->mask].info.timestamp;
	/* A pipe keeps the producer's timestamps: who watches on the other node catches up there. */
	u->squeeze.to = dp_consumer_is_pipe(c)
				? u->squeeze.from
				: s->ring[(head - 1) & s->mask].info.timestamp + s->clock_rate / LATER_PER_S;
	c->at = start->key;
	u->kbps = start->kbps;
	u->from = s->ring[start->key & s->mask].info.seq;
	u->edge = UINT64_MAX;
	u->credit = 0;
	u->last_ns = w->now_ns - DP_MS;
	u->key_ns = 0;
	c->catching_up = true;
	a->catching_up++;
	append(&w->catching_up, c);
	w->stats->catch_ups++;
	return true;
}

bool dp_catch_up_begin(struct dp_worker *w, struct dp_consumer *c)
{
	uint64_t key = atomic_load_explicit(&c->stream->key, memory_order_acquire);
	struct start start;
	bool limited;

	if (c->catching_up || (key != DP_CURSOR_NONE && key >= c->at))
		return true;
	return prepare(w, c, &start, &limited) && begin(w, c, &start);
}

bool dp_catch_up_underway(const struct dp_worker *w, const struct dp_consumer *c)
{
	uint64_t wait = c->rtt_us ? RTE_MIN(c->rtt_us * UINT64_C(1000), 10 * CROSSES) : CROSSES;

	return c->catching_up && (!c->catch_up->key_ns || !dp_older_than(w, c->catch_up->key_ns, wait));
}

bool dp_catch_up_again(struct dp_worker *w, struct dp_consumer *c)
{
	uint64_t key = atomic_load_explicit(&c->stream->key, memory_order_acquire);
	struct start start;
	bool limited;

	if (key != DP_CURSOR_NONE && key >= c->at)
		return true;
	if (!prepare(w, c, &start, &limited))
		return limited;
	dp_catch_up_stop(w, c);
	c->waiting_keyframe = true;
	return begin(w, c, &start);
}

/* The consumer belongs to the passes again. */
static void leave(struct dp_worker *w, struct dp_consumer *c)
{
	struct dp_audience *a = audience(w, c);

	unlink_from(&w->catching_up, c);
	c->catching_up = false;
	a->catching_up--;
	a->held_ns = w->now_ns;
	a->changed |= a->resume != NULL; /* the pass may have left it out already */
}

/*
 * What was sent without layers so far keeps its squeezed timestamps: the fan-out, which does not
 * squeeze, sends nothing before this edge. Late packets of before it are retransmitted only.
 */
static void set_edge(struct dp_consumer *c)
{
	c->catch_up->edge = c->seq.next - (uint64_t)c->seq.offset;
	c->catch_up->offset = c->seq.offset;
	c->seq.base = c->catch_up->edge;
}

bool dp_catch_up_end(struct dp_worker *w, struct dp_consumer *c)
{
	if (c->selection ? !dp_selection_end_squeeze(w, c) : false)
		return false;
	if (!c->selection)
		set_edge(c);
	leave(w, c);
	return true;
}

void dp_catch_up_stop(struct dp_worker *w, struct dp_consumer *c)
{
	if (!c->catching_up)
		return;
	if (c->selection)
		(void)dp_selection_end_squeeze(w, c);
	else if (c->seq.started)
		set_edge(c);
	/* It was not sent the key frame: what it was sent before has lost its timestamps. */
	if (c->waiting_keyframe)
		c->catch_up->from = c->catch_up->edge;
	c->waiting_keyframe = true;
	c->at = RTE_MAX(c->at, audience(w, c)->served);
	leave(w, c);
}

void dp_catch_up_release(struct dp_worker *w, struct dp_consumer *c, bool soon)
{
	uint64_t kept = w->retention_ns + KEPT;

	if (!c->catch_up || c->catching_up || (!soon && !dp_older_than(w, c->catch_up->last_ns, kept)))
		return;
	if (!soon && c->selection && !dp_selection_can_squeeze(w, c))
		return;
	rte_mempool_put(w->catch_up_pool, c->catch_up);
	c->catch_up = NULL;
}

/* --- retransmissions ------------------------------------------------------------------------------ */

bool dp_catch_up_sent(const struct dp_consumer *c, uint16_t out, uint64_t *in)
{
	const struct dp_catch_up *u = c->catch_up;
	uint64_t low = c->seq.base;

	/* While it waits for the key frame, it is not known how earlier packets were sent. */
	if (c->catching_up && c->waiting_keyframe)
		return false;
	if (u && low == u->edge && c->seq.offset == u->offset)
		low = u->from;
	return dp_seqmap_in(&c->seq, low, out, in);
}

uint32_t dp_catch_up_timestamp(const struct dp_consumer *c, uint64_t in, uint32_t timestamp)
{
	const struct dp_catch_up *u = c->catch_up;
	bool squeezed = u && (c->catching_up ||
				     (c->seq.base == u->edge && c->seq.offset == u->offset && in < u->edge));

	return squeezed ? dp_squeeze(&u->squeeze, timestamp) : timestamp;
}

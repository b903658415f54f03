/* SPDX-License-Identifier: Apache-2.0 */

/*
 * From a stream to all its viewers on this worker.
 *
 * Viewer by viewer over the burst, not packet by packet over the viewers: a viewer's key
 * schedule is fetched once and stays in L1. A pass over a large audience stops where the
 * TX queue or the pool is full and goes on in the next loop; each viewer knows how far it
 * has been served, so nothing is lost or sent twice when viewers come and go meanwhile.
 */

#include <string.h>

#include "media.h"

/* In one loop: then what has come in has its turn. A pass over a large audience takes many. */
enum { FANOUT_PACKETS = 2048 };

/* Skips what has waited too long for room: late video is worse than a repaired gap. */
static void skip_aged(struct dp_worker *w, const struct dp_stream *s, struct dp_consumer *c, uint64_t target)
{
	uint64_t limit = w->config->dataplane.tx_age_ms * DP_MS;

	for (; c->at < target; c->at++) {
		const struct dp_slot *slot = &s->ring[c->at & s->mask];

		if (!dp_stream_aged(w, slot->rx_ns, limit))
			return;
		c->waiting_keyframe |= slot->restart;
		w->stats->drop[SH_DROP_TX_AGE]++;
	}
}

/*
 * What is not sent now never is. A viewer that goes on later does so with a key frame and
 * the next number: behind a long gap its receiver would guess the ROC wrong.
 */
static void pass_over(struct dp_worker *w, struct dp_consumer *c, uint64_t target)
{
	if (c->at == target)
		return;
	c->waiting_keyframe = true;
	if (c->transport->idle)
		w->stats->drop[SH_DROP_NO_CONSENT] += target - c->at;
	c->at = target;
}

/* One viewer up to the pass's target. False: no room now, go on here later. */
static bool serve(struct dp_worker *w, const struct dp_stream *s, struct dp_consumer *c, uint64_t target,
	struct dp_outgoing *o)
{
	const struct dp_transport *t = c->transport;
	unsigned room;

	if (c->paused || !t->can_send) {
		pass_over(w, c, target);
		return true;
	}
	skip_aged(w, s, c, target);
	room = dp_tx_ahead(w, t->encap.port);
	room -= RTE_MIN(room, o->count);
	for (; c->at < target; c->at++, room--) {
		if (!o->allowed)
			return false;
		if (o->count == DP_JOBS || !room) {
			dp_outgoing_flush(w, o);
			room = dp_tx_ahead(w, t->encap.port);
			if (!room)
				return false;
		}
		if (!dp_rewrite(w, &s->ring[c->at & s->mask], c, o))
			return false;
	}
	return true;
}

static void prefetch(const struct dp_audience_chunk *chunk, uint32_t i)
{
	if (i < chunk->count) {
		rte_prefetch0(chunk->member[i]);
		rte_prefetch0(chunk->member[i]->transport);
	}
}

/* Goes on with a pass, or begins one. True: everybody has everything up to the target. */
static bool pass(struct dp_worker *w, struct dp_stream *s, struct dp_audience *a, struct dp_outgoing *o)
{
	if (!a->resume) {
		a->target = atomic_load_explicit(&s->head, memory_order_acquire);
		a->changed = true;
	}
	/* Members that moved while the pass stood still may have been passed over: look again. */
	while (a->resume || a->changed) {
		struct dp_audience_chunk *chunk = a->resume;

		if (!chunk) {
			a->changed = false;
			a->resume_index = 0;
			a->resume = chunk = a->first;
		}
		for (; a->resume_index < chunk->count; a->resume_index++) {
			prefetch(chunk, a->resume_index + 1);
			if (!serve(w, s, chunk->member[a->resume_index], a->target, o))
				return false;
		}
		a->resume_index = 0;
		a->resume = chunk->next;
	}
	return true;
}

/* Takes those off the list that are done. One that stopped goes behind the others, so that all have their turn. */
static void requeue(struct dp_worker *w, uint32_t done)
{
	struct dp_stream *stopped = done < w->dirty_count ? w->dirty[done] : NULL;
	uint32_t from = stopped ? done + 1 : done, left = w->dirty_count - from;

	memmove(w->dirty, w->dirty + from, left * sizeof w->dirty[0]);
	if (stopped)
		w->dirty[left++] = stopped;
	w->dirty_count = left;
}

unsigned dp_fanout(struct dp_worker *w)
{
	struct dp_outgoing o;
	uint32_t done;

	dp_stream_take_wakes(w);
	if (!w->dirty_count)
		return 0;
	o.count = o.spares = 0;
	o.allowed = FANOUT_PACKETS;
	for (done = 0; done < w->dirty_count; done++) {
		struct dp_stream *s = w->dirty[done];
		struct dp_audience *a = &w->audience[s->slot];

		if (!pass(w, s, a, &o)) {
			w->stats->tx_waits += o.allowed != 0;
			break;
		}
		/* The payloads are read when the jobs are flushed: only then may the cursor move. */
		dp_outgoing_flush(w, &o);
		a->served = a->target;
		dp_audience_let_go(w, s);
		a->dirty = false;
	}
	dp_outgoing_end(w, &o);
	requeue(w, done);
	return FANOUT_PACKETS - o.allowed;
}

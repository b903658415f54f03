/* SPDX-License-Identifier: Apache-2.0 */

/*
 * From a stream to all its viewers on this worker.
 *
 * Viewer by viewer over the burst, not packet by packet over the viewers: a viewer's key
 * schedule is fetched once and stays in L1. A pass over a large audience stops where the
 * TX queue or the pool is full and goes on in the next loop; each viewer knows how far it
 * has been served, so nothing is lost or sent twice when viewers come and go meanwhile.
 * Each port has its own audiences and turns: a pass waits for one device only.
 */

#include <string.h>

#include <rte_branch_prediction.h>

#include "dataplane/device/ports.h"
#include "dataplane/path/outgoing.h"
#include "dataplane/path/rewrite.h"
#include "dataplane/path/stages.h"
#include "dataplane/send/tx.h"
#include "dataplane/tables/audience.h"
#include "dataplane/tables/consumer.h"
#include "dataplane/tables/scheduler.h"
#include "dataplane/tables/stream.h"
#include "dataplane/tables/transport.h"
#include "dataplane/worker/worker.h"

enum {
	FANOUT_PACKETS = 2048, /* in one loop: then what has come in has its turn */
	AUDIO_LOOPS = 3, /* that audio may take all room for, one after the other, while video waits */
	CONSUMER_AHEAD = 4, /* viewers before its turn that what belongs to one is fetched */
	TRANSPORT_AHEAD = 2,
};

/* Skips what has waited too long for room: late video is worse than a repaired gap. */
static void skip_expired(struct dp_worker *w, const struct dp_stream *s, struct dp_consumer *c,
	uint64_t target)
{
	for (; c->at < target; c->at++) {
		const struct dp_ring_entry *entry = &s->ring[c->at & s->mask];

		if (!dp_older_than(w, entry->rx_ns, w->tx_age_ns))
			return;
		c->waiting_keyframe |= entry->restart;
		w->stats->drop[SH_DROP_TX_AGE]++;
		w->stats->aged_audio += s->kind == SH_KIND_AUDIO;
		w->stats->aged_video += s->kind == SH_KIND_VIDEO;
	}
}

/*
 * What is not sent now never is. A viewer that goes on later does so with a key frame and
 * the next number: behind a long gap its receiver would guess the ROC wrong.
 */
static void skip_to(struct dp_worker *w, struct dp_consumer *c, uint64_t target)
{
	if (c->at >= target)
		return;
	c->waiting_keyframe = true;
	if (c->transport->idle)
		w->stats->drop[SH_DROP_NO_CONSENT] += target - c->at;
	c->at = target;
}

/* One viewer up to `target`. False: no room now, go on here later. */
static bool serve(struct dp_worker *w, const struct dp_audience *a, struct dp_consumer *c, uint64_t target,
	struct dp_outgoing *o)
{
	const struct dp_stream *s = a->stream;
	const struct dp_transport *t = c->transport;
	unsigned room;

	if (c->paused || !t->can_send) {
		skip_to(w, c, target);
		return true;
	}
	if (unlikely(c->at < a->served))
		dp_audience_skip_expired(w, a, c);
	skip_expired(w, s, c, target);
	room = dp_tx_room(w, t->encap.port_id);
	room -= RTE_MIN(room, o->count);
	for (; c->at < target; c->at++, room--) {
		if (!o->allowed)
			return false;
		if (o->count == DP_JOBS || !room) {
			dp_outgoing_flush(w, o);
			room = dp_tx_room(w, t->encap.port_id);
			if (!room)
				return false;
		}
		if (!dp_rewrite(w, &s->ring[c->at & s->mask], c, o))
			return false;
	}
	return true;
}

/* The i-th from the beginning of a chunk, or NULL: only the first of an audience may have fewer than a full one. */
static const struct dp_consumer *member_ahead(const struct dp_audience_chunk *chunk, uint64_t i)
{
	if (i >= chunk->count) {
		i -= chunk->count;
		chunk = chunk->next;
	}
	return chunk && i < chunk->count ? chunk->member[i] : NULL;
}

/*
 * What the next viewers need, in the order in which one thing names the other: by the time
 * a consumer is looked at for its transport, it has come.
 */
static void prefetch(const struct dp_audience_chunk *chunk, uint64_t i)
{
	const struct dp_consumer *second = member_ahead(chunk, i + CONSUMER_AHEAD);
	const struct dp_consumer *first = member_ahead(chunk, i + TRANSPORT_AHEAD);

	if (second) {
		rte_prefetch0(second);
		rte_prefetch0((const char *)second + RTE_CACHE_LINE_SIZE);
	}
	if (first) {
		rte_prefetch0(first->transport);
		rte_prefetch0((const char *)first->transport + RTE_CACHE_LINE_SIZE);
	}
}

/*
 * Goes on with a pass, or begins one. True: everybody has everything up to the target.
 *
 * Each viewer gets what there is when its turn comes, not only what there was when the
 * pass began: under overload a pass takes long, and the last ones' packets would be older
 * each time than the first ones', and too old more often.
 */
static bool pass(struct dp_worker *w, struct dp_audience *a, struct dp_outgoing *o)
{
	uint64_t head = atomic_load_explicit(&a->stream->head, memory_order_acquire);

	if (!a->resume) {
		a->target = head;
		a->changed = true;
		a->again = false;
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
			prefetch(chunk, a->resume_index);
			if (!serve(w, a, chunk->member[a->resume_index], a->again ? a->target : head, o))
				return false;
		}
		a->resume_index = 0;
		a->resume = chunk->next;
		a->again |= !a->resume;
	}
	return true;
}

/* All have had everything up to the pass's target. Who has more now waits for its turn in the next round. */
static void complete_pass(struct dp_worker *w, struct dp_audience *a)
{
	a->served = RTE_MAX(a->served, a->target);
	a->round = dp_schedule_of(w, a)->round;
	a->waiting = false;
	dp_audience_advance_cursor(w, a);
	if (atomic_load_explicit(&a->stream->head, memory_order_relaxed) != a->served)
		dp_schedule_add(w, a);
}

/* A port's audiences of streams of one kind. False: there is no room left. */
static bool fan_out(struct dp_worker *w, struct dp_schedule *t, struct dp_outgoing *o)
{
	bool stopped = false;
	uint32_t done = 0;

	if (!dp_schedule_begin_round(t))
		return true;
	while (done < t->count) {
		struct dp_audience *a = t->current[done];

		o->kind = a->stream->kind;
		stopped = !pass(w, a, o);
		if (stopped)
			break;
		/* The payloads are read when the jobs are flushed: only then may the cursor move. */
		dp_outgoing_flush(w, o);
		complete_pass(w, a);
		done++;
	}
	w->stats->fanout_waits += stopped && o->allowed;
	dp_schedule_end_passes(t, done, stopped);
	return !stopped;
}

/*
 * Audio goes first: it is little, and missed most. Where it alone is more than the device
 * takes, video has one loop in some.
 */
static void serve_port(struct dp_worker *w, unsigned port_index, struct dp_outgoing *o)
{
	struct dp_schedule *audio = &w->audio[port_index], *video = &w->video[port_index];
	uint32_t *audio_loops = &w->audio_loops[port_index];
	bool video_first = *audio_loops >= AUDIO_LOOPS;
	unsigned begin = o->allowed, one, both;

	if (!dp_schedule_has_work(audio) && !dp_schedule_has_work(video))
		return;
	if (!fan_out(w, video_first ? video : audio, o)) {
		one = both = begin - o->allowed;
	} else {
		one = begin - o->allowed;
		fan_out(w, video_first ? audio : video, o);
		both = begin - o->allowed;
	}
	dp_outgoing_flush(w, o); /* the next port's room is another */
	w->stats->video_first += video_first && one;
	if (!dp_schedule_has_work(video) || (video_first ? one : both - one))
		*audio_loops = 0;
	else if (one && !video_first)
		(*audio_loops)++;
}

/* Another port comes first each time: what one loop may write is for all of them. */
unsigned dp_fanout(struct dp_worker *w)
{
	unsigned ports = w->ports->count;
	struct dp_outgoing o;

	dp_audience_take_wakes(w);
	if (++w->fanout_first >= ports)
		w->fanout_first = 0;
	o.count = o.spares = 0;
	o.allowed = FANOUT_PACKETS;
	for (unsigned i = 0; i < ports && o.allowed; i++)
		serve_port(w, (w->fanout_first + i) % ports, &o);
	dp_outgoing_end(w, &o);
	return FANOUT_PACKETS - o.allowed;
}

/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Sends the new packets of each stream to all its viewers on this worker. It reads the stream rings
 * and adds rewritten packets to a struct dp_outgoing (path/rewrite.h), which protects them in
 * batches and queues them for TX.
 *
 * A pass visits the viewers one by one and writes all new packets for each, instead of taking the
 * packets one by one: so a viewer's key schedule is fetched once and stays in the L1 cache. A pass
 * over a large audience stops when the TX queue is full, the pool is empty or the loop has done
 * enough, and continues in the next loop. Each viewer's position in the stream is kept, so no
 * packet is lost or sent twice when viewers come and go meanwhile. Each port has its own audiences
 * and schedules, so that a pass waits for one device only.
 */

#include <string.h>

#include <rte_branch_prediction.h>

#include "dataplane/device/ports.h"
#include "dataplane/path/layered.h"
#include "dataplane/path/outgoing.h"
#include "dataplane/path/rewrite.h"
#include "dataplane/path/stages.h"
#include "dataplane/path/steady.h"
#include "dataplane/send/tx.h"
#include "dataplane/tables/audience.h"
#include "dataplane/tables/capture.h"
#include "dataplane/tables/consumer.h"
#include "dataplane/tables/scheduler.h"
#include "dataplane/tables/stream.h"
#include "dataplane/tables/transport.h"
#include "dataplane/worker/clock.h"
#include "dataplane/worker/worker.h"

enum {
	FANOUT_WORK = 2048 * DP_PACKET_WORK, /* most work per loop, so that reception does not wait long */
	AUDIO_LOOPS = 3, /* loops in a row in which audio may use all the room while video waits */
	CONSUMER_AHEAD = 4, /* how many viewers in advance a consumer is prefetched */
	TRANSPORT_AHEAD = 2, /* likewise a transport */
	/* For each frame, passes begin at most 1/BEGIN_PARTS of the audience earlier, and MOVE_NS of a pass. */
	BEGIN_PARTS = 100,
	MOVE_NS = 50000,
	PASSES = 16, /* how many passes a long one is remembered for */
};

/*
 * Skips to `target` without sending: the consumer is paused, or its transport has no keys, path or
 * consent. Skipped packets are never sent later. The viewer resumes with a key frame and the next
 * consecutive sequence number: after a large gap its receiver would estimate a wrong SRTP rollover
 * counter (ROC).
 */
static void skip_to(struct dp_worker *w, struct dp_consumer *c, uint64_t target)
{
	if (c->at >= target)
		return;
	c->waiting_keyframe = true;
	if (c->transport->idle || c->transport->silent) {
		w->stats->drop[SH_DROP_NO_CONSENT] += target - c->at;
		dp_loss_drop(&c->loss, SH_LOSS_NO_CONSENT, c->paused ? 0 : (uint32_t)(target - c->at));
		dp_capture_skipped(w, c->transport, SH_DROP_NO_CONSENT, target - c->at);
	}
	c->at = target;
}

/*
 * Whether the viewer gets nothing before `target`, because it waits for a key frame. Skips to the
 * key frame or to `target`, in a time that does not depend on how many packets are between.
 */
static bool skip_to_keyframe(struct dp_audience *a, struct dp_consumer *c, uint64_t target)
{
	const struct dp_stream *s = a->stream;

	c->waiting_keyframe |= s->ring[c->at & s->mask].restart;
	if (likely(!c->waiting_keyframe))
		return false;
	c->at = dp_audience_find_start(a, c->at, target);
	return c->at == target;
}

/*
 * Writes one viewer's packets up to `target`. False: there is no room, or this loop has done
 * enough; continue here later.
 */
static bool serve(struct dp_worker *w, struct dp_audience *a, struct dp_consumer *c, uint64_t target,
	struct dp_outgoing *o)
{
	const struct dp_stream *s = a->stream;
	const struct dp_transport *t = c->transport;
	unsigned room;

	if (unlikely(c->catching_up))
		return true;
	if (c->paused || !t->can_send) {
		skip_to(w, c, target);
		return true;
	}
	if (unlikely(c->at < a->served))
		dp_audience_skip_expired(w, a, c);
	room = dp_tx_room(w, t->encap.port_id);
	room -= RTE_MIN(room, o->count);
	for (; c->at < target; c->at++, room--) {
		room -= c->selection ? dp_send_steady(w, s, c, target, o, room)
				     : dp_rewrite_run(w, s, c, target, o, room);
		if (c->at == target)
			return true;
		if (skip_to_keyframe(a, c, target))
			return true;
		if (o->allowed <= 0)
			return false;
		if (o->count == DP_JOBS || !room) {
			dp_outgoing_flush(w, o);
			room = dp_tx_room(w, t->encap.port_id);
			if (!room)
				return false;
		}
		if (c->selection ? !dp_rewrite_layered(w, s, c->at, c, o) : !dp_rewrite(w, s, c->at, c, o))
			return false;
	}
	return true;
}

/* The member `i` places behind the start of `chunk`, or NULL. All chunks behind it are full. */
static const struct dp_consumer *member_ahead(const struct dp_audience_chunk *chunk, uint64_t i)
{
	if (i >= chunk->count) {
		i -= chunk->count;
		chunk = chunk->next;
	}
	return chunk && i < chunk->count ? chunk->member[i] : NULL;
}

/*
 * Prefetches what the next viewers need, `layered` if their stream is. A consumer is prefetched
 * further in advance than its transport, because the pointer to the transport is read from the
 * consumer.
 */
static void prefetch(const struct dp_audience_chunk *chunk, uint64_t i, bool layered)
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
		if (layered)
			rte_prefetch0(first->selection);
	}
}

/* Serves one viewer; a visit that costs nothing else costs 1. */
static bool visit(struct dp_worker *w, struct dp_audience *a, struct dp_consumer *c, uint64_t target,
	struct dp_outgoing *o)
{
	int before = o->allowed;

	if (before <= 0 || !serve(w, a, c, target, o))
		return false;
	o->allowed -= o->allowed == before;
	return true;
}

static uint32_t timestamp_at(const struct dp_stream *s, uint64_t position)
{
	return s->ring[position & s->mask].info.timestamp;
}

/*
 * Moves the member at which passes begin, once per frame. abs-send-time is the time of arrival, so
 * each frame seems to take a little longer to a viewer than the frame before, and once per rotation
 * a pass less. libwebrtc's detector sees a queue when the delay grows by 0.1 ms a frame, and does
 * not react to a delay that shrinks.
 */
static void rotate(struct dp_audience *a)
{
	uint32_t timestamp = timestamp_at(a->stream, a->target - 1), by;
	uint32_t parts = (uint32_t)RTE_MIN(a->pass_ns / MOVE_NS, (uint64_t)UINT16_MAX);

	if (!a->begin)
		a->begin = a->first;
	if (timestamp == a->begin_timestamp)
		return;
	a->begin_timestamp = timestamp;
	a->begin_rest += a->members;
	parts = RTE_MAX(parts, (uint32_t)BEGIN_PARTS);
	by = a->begin_rest / parts;
	a->begin_rest %= parts;
	for (; by > a->begin_index; a->begin_index = (uint32_t)a->begin->count) {
		by -= a->begin_index;
		a->begin = a->begin->previous ? a->begin->previous : a->last;
	}
	a->begin_index -= by;
}

static void begin_pass(const struct dp_worker *w, struct dp_audience *a, uint64_t head)
{
	const struct dp_stream *s = a->stream;

	a->target = a->until = head;
	a->changed = true;
	a->again = false;
	a->pass_begun_ns = w->now_ns;
	a->oldest_ns = a->served < head ? s->ring[a->served & s->mask].rx_ns : 0;
	if (head)
		rotate(a);
}

/*
 * What a viewer who is visited gets beyond the target. The rest of the target's last frame: the
 * last viewer then has a large key frame after one pass, although some of its packets arrived when
 * the pass had begun. Under overload it is all that there is: a pass takes long, and otherwise the
 * packets of the last viewers would always be older than those of the first ones and would expire
 * more often.
 */
static uint64_t extend(struct dp_audience *a, uint64_t head)
{
	const struct dp_stream *s = a->stream;

	if (a->backlog.grows)
		return a->until = head;
	while (a->until < head && a->until && timestamp_at(s, a->until) == timestamp_at(s, a->until - 1))
		a->until++;
	return a->until;
}

/* Goes to the next chunk of a scan over all members, which ends where it began. */
static void next_chunk(struct dp_audience *a)
{
	struct dp_audience_chunk *chunk = a->resume;
	bool last = a->wrapped && chunk == a->begin;

	a->resume_index = 0;
	a->resume = last ? NULL : chunk->next;
	if (last || a->resume)
		return;
	if (!a->wrapped)
		a->resume = a->first;
	a->wrapped = true;
}

static uint64_t chunk_end(const struct dp_audience *a)
{
	const struct dp_audience_chunk *chunk = a->resume;

	return a->wrapped && chunk == a->begin ? RTE_MIN(a->begin_index, chunk->count) : chunk->count;
}

/* Continues an audience's pass, or begins one. True: each viewer has been served up to the target. */
static bool pass(struct dp_worker *w, struct dp_audience *a, struct dp_outgoing *o)
{
	uint64_t head = atomic_load_explicit(&a->stream->head, memory_order_acquire), until;

	dp_audience_expire(w, a, head);
	if (!a->resume)
		begin_pass(w, a, head);
	until = extend(a, head);
	/* Members that moved during an interruption may have been missed: visit all again. */
	while (a->resume || a->changed) {
		if (!a->resume) {
			a->changed = a->wrapped = false;
			a->resume = a->begin ? a->begin : a->first;
			a->resume_index = a->begin ? a->begin_index : 0;
		}
		for (uint64_t end = chunk_end(a); a->resume_index < end; a->resume_index++) {
			prefetch(a->resume, a->resume_index, a->stream->layering != NULL);
			if (!visit(w, a, a->resume->member[a->resume_index], a->again ? a->target : until, o))
				return false;
		}
		next_chunk(a);
		a->again |= !a->resume;
	}
	return true;
}

/* Records how late the last viewer got the oldest packet of the pass. */
static void record_lateness(struct dp_worker *w, const struct dp_audience *a)
{
	uint64_t now;

	if (!a->oldest_ns)
		return;
	now = dp_clock_within(&w->clock);
	sh_latency_add(&w->stats->pass_lateness, now > a->oldest_ns ? now - a->oldest_ns : 0, 1);
}

/* Ends a pass. An audience for which there are newer packets is scheduled for the next round. */
static void complete_pass(struct dp_worker *w, struct dp_audience *a)
{
	record_lateness(w, a);
	a->pass_ns = RTE_MAX(w->now_ns - a->pass_begun_ns, a->pass_ns - a->pass_ns / PASSES);
	a->served = RTE_MAX(a->served, a->target);
	dp_audience_judge(w, a, atomic_load_explicit(&a->stream->head, memory_order_acquire));
	a->round = dp_schedule_of(w, a)->round;
	a->waiting = false;
	dp_audience_advance_cursor(w, a);
	if (atomic_load_explicit(&a->stream->head, memory_order_relaxed) != a->served)
		dp_schedule_add(w, a);
}

/*
 * Gives passes to one port's audiences of streams of one kind. False: a pass could not be finished,
 * for lack of room, of mbufs, or of work that this loop may still do.
 */
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
		/* The flush reads the payloads in the ring: only then may the cursor advance. */
		dp_outgoing_flush(w, o);
		complete_pass(w, a);
		done++;
	}
	w->stats->fanout_waits += stopped && o->allowed > 0;
	dp_schedule_end_passes(t, done, stopped);
	return !stopped;
}

/*
 * Serves one port, audio first: it needs little of the link, and viewers notice its loss most. If
 * audio alone is more than the device takes, video comes first once after each AUDIO_LOOPS loops.
 */
static void serve_port(struct dp_worker *w, unsigned port_index, struct dp_outgoing *o)
{
	struct dp_schedule *audio = &w->audio[port_index], *video = &w->video[port_index];
	uint32_t *audio_loops = &w->audio_loops[port_index];
	bool video_first = *audio_loops >= AUDIO_LOOPS;
	int begin = o->allowed, first, total; /* work done for the kind served first, and for both */

	if (!dp_schedule_has_work(audio) && !dp_schedule_has_work(video))
		return;
	if (!fan_out(w, video_first ? video : audio, o)) {
		first = total = begin - o->allowed;
	} else {
		first = begin - o->allowed;
		fan_out(w, video_first ? audio : video, o);
		total = begin - o->allowed;
	}
	dp_outgoing_flush(w, o); /* each port has its own room */
	w->stats->video_first += video_first && first;
	if (!dp_schedule_has_work(video) || (video_first ? first : total - first))
		*audio_loops = 0;
	else if (first && !video_first)
		(*audio_loops)++;
}

/* Each loop serves another port first, because all ports share the limit on work per loop. */
unsigned dp_fanout(struct dp_worker *w)
{
	unsigned ports = w->ports->count;
	struct dp_outgoing o;

	dp_audience_read_wakeups(w);
	if (++w->fanout_first >= ports)
		w->fanout_first = 0;
	o.count = o.spares = 0;
	o.allowed = FANOUT_WORK;
	for (unsigned i = 0; i < ports && o.allowed > 0; i++)
		serve_port(w, (w->fanout_first + i) % ports, &o);
	dp_outgoing_end(w, &o);
	return (unsigned)(FANOUT_WORK - o.allowed);
}

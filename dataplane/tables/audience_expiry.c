/* SPDX-License-Identifier: Apache-2.0 */

/*
 * What an audience reads no more: packets that are kept long enough for retransmissions, and those
 * of a backlog that expire before all members were sent them.
 */

#include "dataplane/device/ports.h"
#include "dataplane/tables/audience.h"
#include "dataplane/tables/audience_reader.h"
#include "dataplane/tables/capture.h"
#include "dataplane/tables/consumer.h"
#include "dataplane/tables/key_cache.h"
#include "dataplane/tables/scheduler.h"
#include "dataplane/tables/selection.h"
#include "dataplane/tables/stream.h"
#include "dataplane/tables/transport.h"
#include "dataplane/worker/clock.h"
#include "dataplane/worker/worker.h"

#define JUDGE_EVERY  (1000 * DP_MS)
#define CATCH_UP_MAX (3000 * DP_MS)

/* --- retention ------------------------------------------------------------------------------------ */

void dp_audience_advance_cursor(struct dp_worker *w, struct dp_audience *a)
{
	struct dp_stream *s = a->stream;
	uint64_t head = atomic_load_explicit(&s->head, memory_order_relaxed);
	uint64_t low = a->low;

	/*
	 * Retention and backlog together may use half the ring (`window`); the other half is for
	 * new packets. The backlog itself is never cut here.
	 */
	if (head - low > s->window)
		low = RTE_MIN(a->served, head - s->window);
	while (low < a->served && dp_older_than(w, s->ring[low & s->mask].rx_ns, w->retention_ns))
		low++;
	if (low <= a->low)
		return;
	a->low = low;
	dp_audience_publish_cursor(w, s);
}

/* Goes back in the ring; stream_ring.h explains the order, which is that of attaching. */
bool dp_audience_hold(struct dp_worker *w, struct dp_audience *a, uint64_t at)
{
	uint64_t before = a->hold;

	a->hold = RTE_MIN(a->hold, at);
	if (at >= a->low || at >= before)
		return true;
	dp_audience_publish_cursor(w, a->stream);
	atomic_thread_fence(memory_order_seq_cst);
	if (atomic_load_explicit(&a->stream->freed, memory_order_relaxed) <= at)
		return true;
	a->hold = before;
	dp_audience_publish_cursor(w, a->stream);
	return false;
}

/*
 * Releases what nobody who catches up reads any more, or requests: nobody begins with a key frame
 * older than the cache, catches up for longer than CATCH_UP_MAX, and is retransmitted packets after
 * the retention. The ring's free quarter is never held.
 */
static void advance_hold(struct dp_worker *w, struct dp_audience *a, uint64_t head)
{
	const struct dp_stream *s = a->stream;
	uint64_t hold = a->hold, most = dp_key_cache_most(s);

	if (hold == DP_CURSOR_NONE)
		return;
	if (head - hold > most)
		hold = head - most;
	while (hold < head &&
		dp_older_than(w, s->ring[hold & s->mask].rx_ns, w->cache_ns + CATCH_UP_MAX + w->retention_ns))
		hold++;
	if ((!a->catching_up && dp_older_than(w, a->held_ns, w->retention_ns)) || hold == head)
		hold = DP_CURSOR_NONE;
	if (hold == a->hold)
		return;
	a->hold = hold;
	dp_audience_publish_cursor(w, a->stream);
}

/* --- expiry --------------------------------------------------------------------------------------- */

/*
 * Expires packets of the backlog that waited longer than the age limit, and the oldest ones if the
 * backlog exceeds `most`.
 */
static void expire_backlog(struct dp_worker *w, struct dp_audience *a, uint64_t head, uint64_t most)
{
	const struct dp_stream *s = a->stream;
	uint64_t limit = a->backlog.grows ? w->tx_age_ns : w->deadline_ns;

	for (; a->served < head; a->served++) {
		const struct dp_ring_entry *entry = &s->ring[a->served & s->mask];

		if (!dp_older_than(w, entry->rx_ns, limit)) {
			if (head - a->served <= most)
				return;
			a->overrun = a->served + 1;
		}
		if (entry->restart)
			a->restart = a->served + 1;
	}
}

void dp_audience_judge(struct dp_worker *w, struct dp_audience *a, uint64_t head)
{
	const struct dp_stream *s = a->stream;
	uint64_t oldest = a->served < head ? s->ring[a->served & s->mask].rx_ns : w->now_ns;

	dp_backlog_note(&a->backlog, w->now_ns, w->now_ns - RTE_MIN(oldest, w->now_ns), w->tx_age_ns);
	a->passed_ns = w->now_ns;
}

void dp_audience_expire(struct dp_worker *w, struct dp_audience *a, uint64_t head)
{
	expire_backlog(w, a, head, UINT64_MAX);
}

/* Nobody is served, but entries are kept for retransmissions and for those who change to it. */
static void tick_without_members(struct dp_worker *w, struct dp_stream *s, struct dp_audience *a,
	uint64_t head)
{
	a->served = a->target = head;
	dp_audience_advance_cursor(w, a);
	if (a->lingers && w->now_ns >= a->linger_ns) {
		a->lingers = false;
		dp_audience_detach(w, s, a);
	}
}

/*
 * A backlog of more than three quarters of the ring is cut. Otherwise one slow port would fill the
 * ring, and new packets would be lost for the viewers of other ports and workers too. The free
 * quarter is enough for the packets that arrive until the next tick.
 */
void dp_audience_tick(struct dp_worker *w, struct dp_stream *s)
{
	uint64_t head = atomic_load_explicit(&s->head, memory_order_acquire);

	for (unsigned i = 0; i < w->ports->count; i++) {
		struct dp_audience *a = dp_audience_of(w, s->slot, i);

		if (!dp_audience_reads(a))
			continue;
		advance_hold(w, a, head);
		if (!a->first) {
			tick_without_members(w, s, a, head);
			continue;
		}
		if (dp_older_than(w, a->passed_ns, JUDGE_EVERY)) /* there is none, or its passes do not end */
			dp_audience_judge(w, a, head);
		expire_backlog(w, a, head, s->window + s->window / 2);
		dp_audience_advance_cursor(w, a);
		/* The wake-up for these packets may be missing, because the wake ring was full. */
		if (head != a->served && !a->waiting)
			dp_schedule_add(w, a);
	}
}

/* The viewer's ledger: a viewer who waits for a key frame would not have been sent these packets. */
static void note_expired(struct dp_consumer *c, uint32_t aged, uint32_t behind)
{
	if (!dp_selection_filters(c))
		dp_loss_settle(&c->loss, c->seq.next);
	dp_loss_expired(&c->loss, c->seq.next, aged, behind);
}

void dp_audience_skip_expired(struct dp_worker *w, const struct dp_audience *a, struct dp_consumer *c)
{
	uint64_t n, young;
	bool due = !c->waiting_keyframe;

	if (c->at >= a->served || c->catching_up)
		return;
	young = a->overrun > c->at ? a->overrun - c->at : 0; /* at or below: expired by count */
	n = a->served - c->at;
	c->waiting_keyframe |= c->at < a->restart;
	c->at = a->served;
	if (c->paused || !c->transport->can_send) {
		c->waiting_keyframe = true;
		n = c->transport->idle || c->transport->silent ? n : 0;
		w->stats->drop[SH_DROP_NO_CONSENT] += n;
		dp_loss_drop(&c->loss, SH_LOSS_NO_CONSENT, c->paused ? 0 : (uint32_t)n);
		dp_capture_skipped(w, c->transport, SH_DROP_NO_CONSENT, n);
		return;
	}
	w->stats->drop[SH_DROP_TX_BEHIND] += young;
	n -= young;
	w->stats->drop[SH_DROP_TX_AGE] += n;
	if (due)
		note_expired(c, (uint32_t)n, (uint32_t)young);
	dp_capture_skipped(w, c->transport, SH_DROP_TX_BEHIND, young);
	dp_capture_skipped(w, c->transport, SH_DROP_TX_AGE, n);
	w->stats->aged_audio += a->stream->kind == SH_KIND_AUDIO ? n : 0;
	w->stats->aged_video += a->stream->kind == SH_KIND_VIDEO ? n : 0;
}

/* --- waiting for a key frame ------------------------------------------------------------------ */

uint64_t dp_audience_find_start(struct dp_audience *a, uint64_t at, uint64_t target)
{
	const struct dp_stream *s = a->stream;

	if (at < a->start_from || at > a->start)
		a->start_from = a->start = at;
	while (a->start < target && !s->ring[a->start & s->mask].info.keyframe)
		a->start++;
	return RTE_MIN(a->start, target);
}

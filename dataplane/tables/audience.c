/* SPDX-License-Identifier: Apache-2.0 */

#include "dataplane/tables/audience.h"

#include <rte_bitops.h>
#include <rte_mempool.h>
#include <rte_ring_elem.h>

#include "dataplane/device/ports.h"
#include "dataplane/tables/catch_up.h"
#include "dataplane/tables/consumer.h"
#include "dataplane/tables/key_cache.h"
#include "dataplane/tables/scheduler.h"
#include "dataplane/tables/selection.h"
#include "dataplane/tables/stream.h"
#include "dataplane/tables/transport.h"
#include "dataplane/worker/clock.h"
#include "dataplane/worker/packet.h"
#include "dataplane/worker/worker.h"

#define JUDGE_EVERY  (1000 * DP_MS)
#define CATCH_UP_MAX (3000 * DP_MS)

/* --- the worker's cursor ---------------------------------------------------------------- */

/*
 * Returns the lowest position that this worker's audiences of a stream may read; DP_CURSOR_NONE:
 * none.
 */
static uint64_t lowest_position(const struct dp_worker *w, const struct dp_stream *s)
{
	uint64_t low = DP_CURSOR_NONE;

	for (unsigned i = 0; i < w->ports->count; i++) {
		const struct dp_audience *a = dp_audience_of(w, s->slot, i);

		if (dp_audience_reads(a))
			low = RTE_MIN(low, dp_audience_low(a));
	}
	return low;
}

static void publish_cursor(struct dp_worker *w, struct dp_stream *s)
{
	atomic_store_explicit(&s->cursor[w->id].at, lowest_position(w, s), memory_order_release);
}

/* Makes an empty audience begin at position `at`, which is protected from being freed. */
static void start_reading(struct dp_worker *w, struct dp_stream *s, struct dp_audience *a,
	unsigned port_index, uint64_t at)
{
	a->stream = s;
	a->port_index = (uint8_t)port_index;
	a->low = a->served = a->target = a->restart = a->overrun = at;
	a->start_from = a->start = at;
	a->change = a->hold = DP_CURSOR_NONE;
	a->change_next = at;
	a->resume = a->begin = NULL;
	a->begin_index = 0;
	a->changed = false;
	a->backlog = (struct dp_backlog){.since_ns = w->now_ns};
	a->passed_ns = w->now_ns;
	a->round = dp_schedule_of(w, a)->round - 1; /* it has had no pass in this round */
}

/*
 * Makes an empty audience begin at the stream's head. stream_ring.h explains the order of the store
 * of the cursor, the fence and the load of `freed`.
 */
static void attach(struct dp_worker *w, struct dp_stream *s, struct dp_audience *a, unsigned port_index)
{
	uint64_t at;

	/*
	 * This worker reads for another port already. Its cursor keeps all later entries from being
	 * freed.
	 */
	if (lowest_position(w, s) != DP_CURSOR_NONE) {
		start_reading(w, s, a, port_index, atomic_load_explicit(&s->head, memory_order_acquire));
		return;
	}
	do {
		at = atomic_load_explicit(&s->head, memory_order_acquire);
		atomic_store_explicit(&s->cursor[w->id].at, at, memory_order_relaxed);
		atomic_thread_fence(memory_order_seq_cst);
	} while (atomic_load_explicit(&s->freed, memory_order_relaxed) > at);
	atomic_fetch_or_explicit(&s->readers, 1u << w->id, memory_order_relaxed);
	start_reading(w, s, a, port_index, at);
	w->watched[w->watched_count++] = s;
}

/* The audience has no member any more. */
static void empty(struct dp_worker *w, struct dp_audience *a)
{
	if (a->waiting)
		dp_schedule_remove(w, a);
	a->resume = NULL;
}

/* Stops reading the stream unless the audience is still in use. */
static void detach(struct dp_worker *w, struct dp_stream *s, struct dp_audience *a)
{
	if (dp_audience_reads(a))
		return;
	publish_cursor(w, s);
	if (lowest_position(w, s) != DP_CURSOR_NONE)
		return;
	for (uint32_t i = 0; i < w->watched_count; i++)
		if (w->watched[i] == s) {
			w->watched[i] = w->watched[--w->watched_count];
			break;
		}
	atomic_fetch_and_explicit(&s->readers, ~(1u << w->id), memory_order_relaxed);
}

/* --- members ------------------------------------------------------------------------------ */

/* Sets *chunk to a new chunk if one more member needs it, otherwise to NULL. False: no memory. */
static bool reserve_chunk(struct dp_worker *w, const struct dp_audience *a, struct dp_audience_chunk **chunk)
{
	void *memory = NULL;

	if (!a->first || a->first->count == RTE_DIM(a->first->member))
		if (rte_mempool_get(w->chunk_pool, &memory))
			return false;
	*chunk = memory;
	return true;
}

static void insert_member(struct dp_audience *a, struct dp_consumer *c, struct dp_audience_chunk *chunk)
{
	if (chunk) {
		chunk->count = 0;
		chunk->next = a->first;
		chunk->previous = NULL;
		if (a->first)
			a->first->previous = chunk;
		else
			a->last = chunk;
		a->first = chunk;
	}
	c->chunk = a->first;
	c->index = (uint8_t)a->first->count;
	c->port_index = a->port_index;
	a->first->member[a->first->count++] = c;
	a->members++;
	a->changed = true;
}

/* Moves the last member of the first chunk into the gap, so that only the first chunk has room. */
static void remove_member(struct dp_worker *w, struct dp_audience *a, struct dp_consumer *c)
{
	struct dp_audience_chunk *first = a->first;
	struct dp_consumer *last = first->member[--first->count];

	c->chunk->member[c->index] = last;
	last->chunk = c->chunk;
	last->index = c->index;
	c->chunk = NULL;
	a->members--;
	a->changed = true;
	if (first->count)
		return;
	/*
	 * The chunk is freed. A pass that stopped in it resumes at the next one. A pass that
	 * stopped in another chunk visits that one from its beginning, which is harmless: each
	 * consumer knows how far it was served.
	 */
	if (a->resume == first)
		a->resume = first->next;
	a->resume_index = 0;
	if (a->begin == first) {
		a->begin = first->next;
		a->begin_index = 0;
	}
	a->first = first->next;
	if (a->first)
		a->first->previous = NULL;
	else
		a->last = NULL;
	rte_mempool_put(w->chunk_pool, first);
}

static void leave(struct dp_worker *w, struct dp_audience *a, struct dp_consumer *c)
{
	remove_member(w, a, c);
	if (!a->first)
		empty(w, a);
}

bool dp_audience_join(struct dp_worker *w, struct dp_consumer *c)
{
	unsigned port_index = dp_port_index(w->ports, c->transport->encap.port_id);
	struct dp_audience *a = dp_audience_of(w, c->stream->slot, port_index);
	struct dp_audience_chunk *chunk;

	if (!reserve_chunk(w, a, &chunk))
		return false;
	if (!dp_audience_reads(a))
		attach(w, c->stream, a, port_index);
	c->at = a->resume ? RTE_MAX(a->served, a->target) : a->served;
	insert_member(a, c, chunk);
	return true;
}

void dp_audience_leave(struct dp_worker *w, struct dp_consumer *c)
{
	struct dp_audience *a = dp_audience_of(w, c->stream->slot, c->port_index);

	dp_audience_skip_expired(w, a, c);
	leave(w, a, c);
	detach(w, c->stream, a);
}

/*
 * Moves a consumer to the audience of another port. The consumer keeps its position in the stream.
 * If the new audience is ahead of it, that audience goes back to the position, which the old
 * audience has kept from being freed. Without memory the consumer stays in the old audience and
 * shares the old port's back-pressure.
 */
static void move_to_port(struct dp_worker *w, struct dp_consumer *c, unsigned port_index)
{
	struct dp_audience *from = dp_audience_of(w, c->stream->slot, c->port_index);
	struct dp_audience *to = dp_audience_of(w, c->stream->slot, port_index);
	struct dp_audience_chunk *chunk;

	if (!reserve_chunk(w, to, &chunk))
		return;
	dp_catch_up_stop(w, c);
	dp_audience_skip_expired(w, from, c);
	leave(w, from, c);
	if (!dp_audience_reads(to))
		start_reading(w, c->stream, to, port_index, c->at);
	to->served = RTE_MIN(to->served, c->at);
	to->low = RTE_MIN(to->low, c->at);
	insert_member(to, c, chunk);
	detach(w, c->stream, from);
}

void dp_audience_change_port(struct dp_worker *w, struct dp_transport *t)
{
	unsigned port_index = dp_port_index(w->ports, t->encap.port_id);

	for (struct dp_consumer *c = t->consumers; c; c = c->next_on_transport)
		if (c->port_index != port_index) {
			if (c->selection)
				dp_selection_stay(w, c);
			move_to_port(w, c, port_index);
		}
}

/* --- changes of the encoding ---------------------------------------------------------------- */

static struct dp_audience *target_of(struct dp_worker *w, struct dp_stream *to, struct dp_consumer *c)
{
	return dp_audience_of(w, to->slot, c->port_index);
}

void dp_audience_change_later(struct dp_worker *w, struct dp_stream *to, struct dp_consumer *c)
{
	struct dp_audience *a = target_of(w, to, c);

	if (!dp_audience_reads(a))
		attach(w, to, a, c->port_index);
	if (!a->changing) { /* what came before is of no use to who asks now */
		a->change_next = atomic_load_explicit(&to->head, memory_order_acquire);
		a->change = DP_CURSOR_NONE;
	}
	c->selection->change_from = atomic_load_explicit(&to->head, memory_order_acquire);
	c->selection->next_changing = a->changing;
	a->changing = c;
}

void dp_audience_change_never(struct dp_worker *w, struct dp_stream *to, struct dp_consumer *c)
{
	struct dp_audience *a = target_of(w, to, c);
	struct dp_consumer **at = &a->changing;

	while (*at && *at != c)
		at = &(*at)->selection->next_changing;
	if (!*at)
		return;
	*at = c->selection->next_changing;
	detach(w, to, a);
}

bool dp_audience_change(struct dp_worker *w, struct dp_stream *to, struct dp_consumer *c, uint64_t at)
{
	struct dp_audience *from = target_of(w, c->stream, c), *a = target_of(w, to, c);
	struct dp_audience_chunk *chunk;

	if (!reserve_chunk(w, a, &chunk))
		return false;
	dp_catch_up_stop(w, c);
	dp_audience_skip_expired(w, from, c);
	if (dp_selection_filters(c))
		dp_loss_gap(&c->loss, 0);
	else
		dp_loss_settle(&c->loss, c->seq.next);
	leave(w, from, c);
	from->lingers = true;
	from->linger_ns = w->now_ns + w->retention_ns;
	c->stream = to;
	c->at = at;
	a->served = RTE_MIN(a->served, at);
	insert_member(a, c, chunk);
	if (!a->waiting)
		dp_schedule_add(w, a);
	return true;
}

void dp_audience_forget(struct dp_worker *w, struct dp_stream *s)
{
	for (unsigned i = 0; i < w->ports->count; i++) {
		struct dp_audience *a = dp_audience_of(w, s->slot, i);

		if (!a->lingers)
			continue;
		a->lingers = false;
		detach(w, s, a);
	}
}

/* --- retention and expiry ------------------------------------------------------------------ */

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
	publish_cursor(w, s);
}

/* Goes back in the ring; stream_ring.h explains the order, which is that of attaching. */
bool dp_audience_hold(struct dp_worker *w, struct dp_audience *a, uint64_t at)
{
	uint64_t before = a->hold;

	a->hold = RTE_MIN(a->hold, at);
	if (at >= a->low || at >= before)
		return true;
	publish_cursor(w, a->stream);
	atomic_thread_fence(memory_order_seq_cst);
	if (atomic_load_explicit(&a->stream->freed, memory_order_relaxed) <= at)
		return true;
	a->hold = before;
	publish_cursor(w, a->stream);
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
	publish_cursor(w, a->stream);
}

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
		detach(w, s, a);
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
		return;
	}
	w->stats->drop[SH_DROP_TX_BEHIND] += young;
	n -= young;
	w->stats->drop[SH_DROP_TX_AGE] += n;
	if (due)
		note_expired(c, (uint32_t)n, (uint32_t)young);
	w->stats->aged_audio += a->stream->kind == SH_KIND_AUDIO ? n : 0;
	w->stats->aged_video += a->stream->kind == SH_KIND_VIDEO ? n : 0;
}

/* --- waiting for a key frame --- */

uint64_t dp_audience_find_start(struct dp_audience *a, uint64_t at, uint64_t target)
{
	const struct dp_stream *s = a->stream;

	if (at < a->start_from || at > a->start)
		a->start_from = a->start = at;
	while (a->start < target && !s->ring[a->start & s->mask].info.keyframe)
		a->start++;
	return RTE_MIN(a->start, target);
}

/* --- new packets --- */

void dp_audience_schedule(struct dp_worker *w, uint32_t slot)
{
	for (unsigned i = 0; i < w->ports->count; i++) {
		struct dp_audience *a = dp_audience_of(w, slot, i);

		if (!a->waiting && a->first)
			dp_schedule_add(w, a);
	}
}

void dp_audience_notify(struct dp_worker *w, struct dp_stream *s)
{
	/*
	 * Reads the bit mask, not the cursors: a reader writes its cursor so often that its cache
	 * line is usually in that reader's core.
	 */
	uint32_t others = atomic_load_explicit(&s->readers, memory_order_relaxed) & ~(1u << w->id);

	dp_audience_schedule(w, s->slot);
	for (; others; others &= others - 1) {
		struct dp_worker *peer = w->peer[rte_bsf32(others)];

		/*
		 * If the ring is full, the reader's next tick, within a millisecond, finds the
		 * packets.
		 */
		rte_ring_sp_enqueue_elem(peer->wake[w->id], &s->slot, sizeof(s->slot));
	}
}

void dp_audience_read_wakeups(struct dp_worker *w)
{
	uint32_t slots[DP_BURST];

	for (unsigned i = 0; i < w->workers; i++) {
		unsigned n;

		if (!w->wake[i])
			continue;
		n = rte_ring_sc_dequeue_burst_elem(w->wake[i], slots, sizeof(slots[0]), DP_BURST, NULL);
		for (unsigned k = 0; k < n; k++)
			dp_audience_schedule(w, slots[k]);
	}
}

/* SPDX-License-Identifier: Apache-2.0 */

#include "dataplane/tables/audience.h"

#include <rte_bitops.h>
#include <rte_mempool.h>
#include <rte_ring_elem.h>

#include "dataplane/device/ports.h"
#include "dataplane/tables/audience_reader.h"
#include "dataplane/tables/catch_up.h"
#include "dataplane/tables/consumer.h"
#include "dataplane/tables/scheduler.h"
#include "dataplane/tables/selection.h"
#include "dataplane/tables/stream.h"
#include "dataplane/tables/transport.h"
#include "dataplane/worker/packet.h"
#include "dataplane/worker/worker.h"

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

void dp_audience_publish_cursor(struct dp_worker *w, struct dp_stream *s)
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
 * Makes an empty audience begin at the stream's head. stream_ring.h explains the order of the
 * stores of `readers` and of the cursor, the fence and the load of `freed`.
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
	atomic_fetch_or_explicit(&s->readers, UINT64_C(1) << w->id, memory_order_relaxed);
	do {
		at = atomic_load_explicit(&s->head, memory_order_acquire);
		atomic_store_explicit(&s->cursor[w->id].at, at, memory_order_relaxed);
		atomic_thread_fence(memory_order_seq_cst);
	} while (atomic_load_explicit(&s->freed, memory_order_relaxed) > at);
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

void dp_audience_detach(struct dp_worker *w, struct dp_stream *s, struct dp_audience *a)
{
	if (dp_audience_reads(a))
		return;
	dp_audience_publish_cursor(w, s);
	if (lowest_position(w, s) != DP_CURSOR_NONE)
		return;
	for (uint32_t i = 0; i < w->watched_count; i++)
		if (w->watched[i] == s) {
			w->watched[i] = w->watched[--w->watched_count];
			break;
		}
	atomic_fetch_and_explicit(&s->readers, ~(UINT64_C(1) << w->id), memory_order_release);
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
	dp_audience_detach(w, c->stream, a);
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
	dp_audience_detach(w, c->stream, from);
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
	dp_audience_detach(w, to, a);
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
		dp_audience_detach(w, s, a);
	}
}

/* --- new packets ---------------------------------------------------------------------------------- */

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
	uint64_t others = atomic_load_explicit(&s->readers, memory_order_relaxed) & ~(UINT64_C(1) << w->id);

	dp_audience_schedule(w, s->slot);
	for (; others; others &= others - 1) {
		struct dp_worker *peer = w->peer[rte_bsf64(others)];

		/*
		 * If the ring is full, the reader's next tick, within a millisecond, finds the
		 * packets.
		 */
		rte_ring_sp_enqueue_elem(peer->wake[w->id], &s->slot, sizeof(s->slot));
		dp_bell_ring(&peer->wake_bell, w->id);
	}
}

void dp_audience_read_wakeups(struct dp_worker *w)
{
	uint32_t slots[DP_BURST];

	w->wakers |= dp_bell_answer(&w->wake_bell);
	for (uint64_t left = w->wakers; left; left &= left - 1) {
		unsigned from = (unsigned)rte_bsf64(left), n, more;

		n = rte_ring_sc_dequeue_burst_elem(w->wake[from], slots, sizeof(slots[0]), DP_BURST, &more);
		for (unsigned k = 0; k < n; k++)
			dp_audience_schedule(w, slots[k]);
		if (!more)
			w->wakers &= ~(UINT64_C(1) << from);
	}
}

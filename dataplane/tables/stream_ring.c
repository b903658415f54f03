/* SPDX-License-Identifier: Apache-2.0 */
#include "dataplane/tables/stream_ring.h"

#include <rte_common.h>
#include <rte_mbuf.h>

#include "dataplane/tables/stream.h"

static void reclaim_below(struct dp_stream *s, uint64_t bound)
{
	for (; s->reclaimed < bound; s->reclaimed++) {
		struct dp_ring_entry *entry = &s->ring[s->reclaimed & s->mask];

		rte_pktmbuf_free(entry->mbuf);
		entry->mbuf = NULL;
	}
}

/* Returns the lowest cursor. */
static uint64_t lowest_cursor(const struct dp_stream *s, uint64_t head)
{
	/*
	 * Without a reader: one that attaches begins at the head, and may go back to the key frame,
	 * or to the next one, of which not all packets have come yet.
	 */
	uint64_t low = RTE_MIN(head, atomic_load_explicit(&s->key, memory_order_relaxed));

	if (s->cache.collecting)
		low = RTE_MIN(low, s->cache.position);
	for (uint64_t left = atomic_load_explicit(&s->readers, memory_order_acquire); left;
		left &= left - 1) {
		uint64_t at = atomic_load_explicit(&s->cursor[rte_bsf64(left)].at, memory_order_acquire);

		if (at < low)
			low = at;
	}
	return low;
}

void dp_stream_reclaim(struct dp_stream *s)
{
	uint64_t head = atomic_load_explicit(&s->head, memory_order_relaxed);
	uint64_t bound = lowest_cursor(s, head);

	if (bound <= s->reclaimed)
		return;
	atomic_store_explicit(&s->freed, bound, memory_order_relaxed);
	atomic_thread_fence(memory_order_seq_cst);
	/*
	 * A reader that attaches at this moment is seen here, or it sees `freed` (stream_ring.h).
	 */
	bound = RTE_MIN(bound, lowest_cursor(s, head));
	reclaim_below(s, bound);
}

void dp_stream_reclaim_all(struct dp_stream *s)
{
	reclaim_below(s, atomic_load_explicit(&s->head, memory_order_relaxed));
}

static bool has_room(const struct dp_stream *s)
{
	return atomic_load_explicit(&s->head, memory_order_relaxed) - s->reclaimed <= s->mask;
}

bool dp_stream_room(struct dp_stream *s)
{
	if (has_room(s))
		return true;
	dp_stream_reclaim(s);
	return has_room(s);
}

void dp_stream_append(struct dp_stream *s)
{
	uint64_t head = atomic_load_explicit(&s->head, memory_order_relaxed);
	uint64_t seq = s->ring[head & s->mask].info.seq;

	atomic_store_explicit(&s->by_seq[seq & s->mask], (uint32_t)head, memory_order_relaxed);
	atomic_store_explicit(&s->head, head + 1, memory_order_release);
}

uint64_t dp_stream_find(const struct dp_stream *s, uint64_t seq, uint64_t low, uint64_t high)
{
	uint32_t at = atomic_load_explicit(&s->by_seq[seq & s->mask], memory_order_relaxed);
	uint64_t position = high - (uint32_t)((uint32_t)high - at);

	if (position >= high || position < low || s->ring[position & s->mask].info.seq != seq)
		return DP_CURSOR_NONE;
	return position;
}

/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_DATAPLANE_TABLES_STREAM_RING_H
#define SPATE_DATAPLANE_TABLES_STREAM_RING_H

/*
 * Appends to the ring of a stream (tables/stream.h), reclaims its entries and finds packets in it.
 * All but dp_stream_find() and dp_stream_before() is for the owner alone.
 *
 * The owner reclaims the mbufs of entries below every reader's cursor. It does so every 10 ms and
 * not only when the ring is full, because the mbufs come from the pool of the receive queues. Each
 * reader decides how much can be retransmitted: it advances its cursor by count and by age.
 *
 * The owner looks at the cursors of the workers in `readers`. A reader that attaches enters itself
 * there, publishes its cursor, executes a full fence and reads `freed`. The owner publishes
 * `freed`, executes a full fence and reads `readers` and the cursors again before it frees an mbuf.
 * At least one of the two sees the other: then the reader begins again at a later position, or the
 * owner frees nothing at or above the new cursor. A reader that detaches leaves `readers` after its
 * cursor reads none.
 */

#include <stdbool.h>
#include <stdint.h>

#include "dataplane/tables/stream.h"

/* Frees the mbufs that no reader may read any more. */
void dp_stream_reclaim(struct dp_stream *s);
/* Frees every mbuf. There is no reader. */
void dp_stream_reclaim_all(struct dp_stream *s);
/*
 * Whether one more packet fits, after reclaiming if necessary. False: the slowest reader holds the
 * ring.
 */
bool dp_stream_room(struct dp_stream *s);
/* Returns the entry to fill in next; dp_stream_append() then publishes it to the readers. */
static inline struct dp_ring_entry *dp_stream_next(struct dp_stream *s)
{
	return &s->ring[atomic_load_explicit(&s->head, memory_order_relaxed) & s->mask];
}
void dp_stream_append(struct dp_stream *s);
/*
 * Returns the position in [low, high) of the packet with extended sequence number `seq`, or
 * DP_CURSOR_NONE. A reader's `low` is at least its cursor, and its `high` at most the head it has
 * read.
 */
uint64_t dp_stream_find(const struct dp_stream *s, uint64_t seq, uint64_t low, uint64_t high);
/*
 * Whether the packet with extended sequence number `seq`, which is known to have been appended and
 * is not a whole ring old, stands before `position`. Reads no entry.
 */
static inline bool dp_stream_before(const struct dp_stream *s, uint64_t seq, uint64_t position)
{
	uint32_t at = atomic_load_explicit(&s->by_seq[seq & s->mask], memory_order_relaxed);

	return (int32_t)(at - (uint32_t)position) < 0;
}

#endif

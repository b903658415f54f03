/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_DATAPLANE_TABLES_STREAM_RING_H
#define SPATE_DATAPLANE_TABLES_STREAM_RING_H

/*
 * The ring of a stream (tables/stream.h) on its owner's side.
 *
 * The owner appends and reclaims what lies below every reader's cursor. It does so now and then, not
 * only when the ring is full: the mbufs come from the pool that receives. How much can be
 * retransmitted is up to each reader, who advances its cursor by count and by age.
 *
 * A reader that attaches publishes its cursor and then looks at `freed`; the owner publishes `freed`
 * and then looks at the cursors again before it gives an mbuf back. With a full fence in both, at
 * least one of them sees the other: either the reader starts again further on, or the owner waits.
 */

#include <stdbool.h>
#include <stdint.h>

#include "dataplane/tables/stream.h"

/* Gives back the mbufs that nobody may read any more. */
void dp_stream_reclaim(struct dp_stream *s);
/* Gives back every mbuf: no reader is left. */
void dp_stream_reclaim_all(struct dp_stream *s);
/* Room for one more packet, reclaiming if need be. False: readers are behind. */
bool dp_stream_room(struct dp_stream *s);
/* The slot to fill in next, and its publication. */
static inline struct dp_ring_entry *dp_stream_next(struct dp_stream *s)
{
	return &s->ring[atomic_load_explicit(&s->head, memory_order_relaxed) & s->mask];
}
void dp_stream_append(struct dp_stream *s);
/* The position of an extended sequence number in [low, high), or DP_CURSOR_NONE. */
uint64_t dp_stream_find(const struct dp_stream *s, uint64_t seq, uint64_t low, uint64_t high);

#endif

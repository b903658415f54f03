/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_DATAPLANE_STREAM_H
#define SPATE_DATAPLANE_STREAM_H

/*
 * The stream ring (table.h) from both sides.
 *
 * The owner appends and reclaims. A reader that attaches publishes its cursor and then
 * looks at `freed`; the owner publishes `freed` and then looks at the cursors again
 * before it gives an mbuf back. With a full fence in both, at least one of them sees the
 * other: either the reader starts again further on, or the owner waits for it.
 */

#include "worker.h"

#define DP_CURSOR_NONE UINT64_MAX

/* The router's extension ids, by enum sh_ext: what egress writes. */
extern const uint8_t dp_router_ext[SH_EXT_COUNT];

/* --- the owner's side --- */

/* Room for one more packet; reclaims what nobody may read any more. False: readers are behind. */
bool dp_stream_room(struct dp_stream *s);
/* The slot to fill in next, and its publication. */
static inline struct dp_slot *dp_stream_next(struct dp_stream *s)
{
	return &s->ring[atomic_load_explicit(&s->head, memory_order_relaxed) & s->mask];
}
void dp_stream_append(struct dp_stream *s);
/* The position of an extended sequence number in [low, high), or DP_CURSOR_NONE. */
uint64_t dp_stream_find(const struct dp_stream *s, uint64_t seq, uint64_t low, uint64_t high);
/* A key frame is wanted by someone on this worker; any worker may call it. */
static inline void dp_stream_want_keyframe(struct dp_stream *s)
{
	atomic_store_explicit(&s->keyframe_wanted, 1, memory_order_relaxed);
}

/* --- a reader's side: this worker's audience --- */

bool dp_audience_join(struct dp_worker *w, struct dp_consumer *c); /* false: no memory */
void dp_audience_leave(struct dp_worker *w, struct dp_consumer *c);
/* Puts a stream in this worker's list of those to fan out. */
void dp_stream_mark_dirty(struct dp_worker *w, struct dp_stream *s);
/* Takes what other workers have put into the wake rings. */
void dp_stream_take_wakes(struct dp_worker *w);
/* Tells every worker with an audience, this one included, of new packets. */
void dp_stream_publish(struct dp_worker *w, struct dp_stream *s);

/* The oldest position this worker may read. */
static inline uint64_t dp_audience_low(const struct dp_stream *s, const struct dp_audience *a)
{
	uint64_t low = a->cursor > s->window ? a->cursor - s->window : 0;

	return low > a->attached ? low : a->attached;
}

#endif

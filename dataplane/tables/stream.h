/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_DATAPLANE_STREAM_H
#define SPATE_DATAPLANE_STREAM_H

/*
 * The stream ring (table.h) from both sides.
 *
 * The owner appends and reclaims what lies below every reader's cursor. It does so now and
 * then, not only when the ring is full: the mbufs come from the pool that receives. How much
 * can be sent again is up to each reader, who moves its cursor on by count and by age.
 *
 * A reader that attaches publishes its cursor and then
 * looks at `freed`; the owner publishes `freed` and then looks at the cursors again
 * before it gives an mbuf back. With a full fence in both, at least one of them sees the
 * other: either the reader starts again further on, or the owner waits for it.
 */

#include "dataplane/worker/worker.h"

#define DP_CURSOR_NONE UINT64_MAX

/* --- the owner's side --- */

/* Gives back what nobody may read any more. */
void dp_stream_reclaim(struct dp_stream *s);
/* Room for one more packet, reclaiming if need be. False: readers are behind. */
bool dp_stream_room(struct dp_stream *s);
/* The slot to fill in next, and its publication. */
static inline struct dp_slot *dp_stream_next(struct dp_stream *s)
{
	return &s->ring[atomic_load_explicit(&s->head, memory_order_relaxed) & s->mask];
}
void dp_stream_append(struct dp_stream *s);
/* The position of an extended sequence number in [low, high), or DP_CURSOR_NONE. */
uint64_t dp_stream_find(const struct dp_stream *s, uint64_t seq, uint64_t low, uint64_t high);
/* The source's NTP and RTP time at `now_ns`, which every worker reads; 0: neither is known any more. */
void dp_stream_set_clock(struct dp_stream *s, uint64_t ntp, uint32_t rtp, uint64_t now_ns);
/* A consistent copy of it, for any worker. False: it is just changing. */
bool dp_stream_clock(const struct dp_stream *s, struct dp_sr_clock *out);
/* The source goes on with `seq` and has nothing to do with what it sent before: viewers start anew. */
void dp_stream_begin_anew(struct dp_stream *s, uint16_t seq);
/* A key frame is wanted by someone on this worker; any worker may call it. */
static inline void dp_stream_want_keyframe(struct dp_stream *s)
{
	atomic_store_explicit(&s->keyframe_wanted, 1, memory_order_relaxed);
}

/* --- a reader's side: this worker's audiences --- */

/* The viewers of the stream in that slot whose packets leave by the port with that index. */
static inline struct dp_audience *dp_audience_of(const struct dp_worker *w, uint32_t slot, unsigned port)
{
	return &w->audience[port * w->config->limit.producers + slot];
}

bool dp_audience_join(struct dp_worker *w, struct dp_consumer *c); /* false: no memory */
void dp_audience_leave(struct dp_worker *w, struct dp_consumer *c);
/* The transport's path may be by another port now: its consumers go over to the audiences there, losing nothing. */
void dp_audience_follow(struct dp_worker *w, struct dp_transport *t);
/* Puts the stream in that slot among those that wait for the fan-out, if it has viewers here. */
void dp_stream_wait(struct dp_worker *w, uint32_t slot);
/* Takes what other workers have put into the wake rings. */
void dp_stream_take_wakes(struct dp_worker *w);
/* Tells every worker with an audience, this one included, of new packets. */
void dp_stream_publish(struct dp_worker *w, struct dp_stream *s);

/* --- turns (turns.c) --- */

/* For so many streams, in memory of that NUMA node. False: no memory. */
bool dp_turns_init(struct dp_turns *t, uint32_t streams, int socket);
/* An audience's own, by its port and the stream's kind. */
struct dp_turns *dp_turns_of(struct dp_worker *w, const struct dp_audience *a);
/* Adds an audience that is not among them. */
void dp_turns_add(struct dp_worker *w, struct dp_audience *a);
/* Takes one out, wherever it stands. */
void dp_turns_remove(struct dp_worker *w, struct dp_audience *a);
/* Begins a new round when the last one is over. False: nobody waits. */
bool dp_turns_begin(struct dp_turns *t);
/*
 * The first `done` have had their pass. `stopped`: the next one stood still in it, and goes
 * behind the others, so that all have their turn.
 */
void dp_turns_done(struct dp_turns *t, uint32_t done, bool stopped);
/* Anybody waits. */
static inline bool dp_turns_waiting(const struct dp_turns *t)
{
	return t->count + t->later_count > 0;
}

/* Moves the cursor on, past what is not worth sending again. */
void dp_audience_let_go(struct dp_worker *w, struct dp_audience *a);
/*
 * Every millisecond: gives up what has waited too long for viewers, or has too many packets behind it, lets
 * go, and sees to it that who has more to get waits for his turn.
 */
void dp_audience_look(struct dp_worker *w, struct dp_stream *s);
/* Counts what has been given up before this viewer had it. */
void dp_audience_forgo(struct dp_worker *w, const struct dp_audience *a, struct dp_consumer *c);

/* Whether more than `limit` ns have gone since `then`, which another worker may have read a little later. */
static inline bool dp_stream_aged(const struct dp_worker *w, uint64_t then, uint64_t limit)
{
	return w->now_ns > then && w->now_ns - then > limit;
}

#endif

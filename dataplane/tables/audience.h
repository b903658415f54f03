/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_DATAPLANE_TABLES_AUDIENCE_H
#define SPATE_DATAPLANE_TABLES_AUDIENCE_H

/*
 * Keeps the audiences of a worker, which are its consumers of one stream whose packets leave by one
 * port, and with them the worker's cursor in the stream's ring. All functions run on that worker.
 */

#include <stdbool.h>
#include <stdint.h>

#include "dataplane/tables/backlog.h"
#include "dataplane/worker/worker.h"

/*
 * Up to 61 members of an audience, in no order. Only the first chunk of an audience may have room.
 */
struct dp_audience_chunk {
	struct dp_audience_chunk *next, *previous;
	uint64_t count;
	struct dp_consumer *member[61];
};

/*
 * One worker's consumers of one stream whose packets leave by one port. Each port has an audience
 * of its own, so that nobody waits for another port's device. Positions are those of the stream's
 * ring.
 */
struct dp_audience {
	struct dp_audience_chunk *first, *last; /* NULL: no member */
	struct dp_stream *stream;
	/*
	 * Retention: the audience reads no entry below this position. The worker's cursor in the
	 * stream is the lowest value of all ports' audiences.
	 */
	uint64_t low;
	/*
	 * Members that catch up read from here on, and may request retransmissions of it;
	 * DP_CURSOR_NONE: there are none.
	 */
	uint64_t hold;
	uint64_t held_ns; /* when the last of them stopped */
	uint32_t catching_up; /* how many there are */
	uint64_t served; /* entries below were sent to each member, or have expired; at least `low` */
	uint64_t target; /* position up to which the current pass serves each member */
	uint64_t until; /* a member that is visited gets the entries below it; at least `target` */
	struct dp_audience_chunk *resume; /* chunk at which the current pass resumes; NULL: no pass */
	uint32_t resume_index; /* index in that chunk */
	/*
	 * The member at which passes begin. It moves backwards, slowly, so that the same members
	 * are not always last: a member's turn comes a little later from frame to frame, until it
	 * is the last, and then the first.
	 */
	struct dp_audience_chunk *begin; /* NULL: the first chunk */
	uint32_t begin_index;
	uint32_t begin_rest; /* parts of a member by which it has yet to move */
	uint32_t begin_timestamp; /* RTP timestamp of the frame for which it has moved */
	bool wrapped; /* the pass has come to the end of the list, and continues at its beginning */
	uint32_t members;
	uint64_t oldest_ns; /* arrival of the oldest packet of the pass; 0: it has none */
	uint64_t pass_begun_ns; /* when the pass began */
	uint64_t pass_ns; /* how long the longest of the last passes took */
	struct dp_backlog backlog;
	uint64_t passed_ns; /* when the backlog was last judged */
	bool changed; /* the pass must visit all members again, because some came or went */
	bool again; /* the pass is visiting all members again, for that reason */
	bool waiting; /* in one of the worker's schedules */
	bool lingers; /* without members, until linger_ns: some have changed to another encoding, */
	uint64_t linger_ns; /* and may still request packets of this one */
	/* consumers that change to this stream at its next key frame; linked by their selections */
	struct dp_consumer *changing;
	uint64_t change; /* position of the newest entry at which they could; DP_CURSOR_NONE: none */
	uint64_t change_next; /* position up to which it was searched */
	uint32_t layered; /* port 0, of a lead: this worker's consumers of the layered producer */
	uint8_t port_index; /* in struct dp_ports */

	/* expired entries, for members that had not been sent them (dp_audience_skip_expired()) */
	uint64_t restart; /* position behind the last one at which viewers restart with a key frame */
	uint64_t overrun; /* position behind the last one that expired by count, with the ring full */
	/* no decoder can start with an entry in [start_from, start) (dp_audience_find_start()) */
	uint64_t start_from, start;
	uint32_t round; /* the round in which the audience last completed a pass */
};

/*
 * Returns the audience of the stream in slot `slot` by the port with index `port_index` in struct
 * dp_ports.
 */
static inline struct dp_audience *dp_audience_of(const struct dp_worker *w, uint32_t slot,
	unsigned port_index)
{
	return &w->audience[port_index * w->config->limit.producers + slot];
}

/*
 * Whether the worker reads the audience's stream: it has members, or will have, or had until a
 * while ago.
 */
static inline bool dp_audience_reads(const struct dp_audience *a)
{
	return a->first || a->changing || a->lingers;
}

/*
 * Adds a consumer to the audience of its stream and of its transport's port. The worker attaches to
 * the stream with the first consumer and detaches after the last. False: no memory.
 */
bool dp_audience_join(struct dp_worker *w, struct dp_consumer *c);
void dp_audience_leave(struct dp_worker *w, struct dp_consumer *c);
/*
 * Moves the transport's consumers to the audiences of the port that its path now uses, if that has
 * changed. No packet is lost.
 */
void dp_audience_change_port(struct dp_worker *w, struct dp_transport *t);

/*
 * A consumer changes from its audience to one of another encoding of its producer (tables/
 * selection.h). Until then it waits in dp_audience.changing of that one, which is read meanwhile;
 * dp_audience_change() then moves it to the entry at `at`, and its old audience is kept a while for
 * retransmissions. dp_audience_change_later(): false: no memory.
 */
void dp_audience_change_later(struct dp_worker *w, struct dp_stream *to, struct dp_consumer *c);
void dp_audience_change_never(struct dp_worker *w, struct dp_stream *to, struct dp_consumer *c);
bool dp_audience_change(struct dp_worker *w, struct dp_stream *to, struct dp_consumer *c, uint64_t at);
/* The worker has no more consumer of the producer: none of its encodings is kept any longer. */
void dp_audience_forget(struct dp_worker *w, struct dp_stream *s);

/*
 * Schedules a pass for each audience of the stream in slot `slot` on this worker. Takes a slot, not
 * a stream: by the time a wake-up is read, the slot may have been reused. That is harmless, because
 * only audiences with members are scheduled.
 */
void dp_audience_schedule(struct dp_worker *w, uint32_t slot);
/* Schedules the audiences of the streams that other workers' wake-ups name. */
void dp_audience_read_wakeups(struct dp_worker *w);
/*
 * Schedules this worker's audiences of `s`, and wakes every other worker that has one, because the
 * stream has new packets. Called by the stream's owner.
 */
void dp_audience_notify(struct dp_worker *w, struct dp_stream *s);

/* The position below which the audience reads no entry. */
static inline uint64_t dp_audience_low(const struct dp_audience *a)
{
	return a->hold < a->low ? a->hold : a->low;
}

/*
 * Holds the entries from position `at` on for a member that catches up. False: they may have been
 * freed.
 */
bool dp_audience_hold(struct dp_worker *w, struct dp_audience *a, uint64_t at);
/*
 * Advances `low`, and so the worker's cursor, past served entries that are too old or too many to
 * be kept for retransmissions.
 */
void dp_audience_advance_cursor(struct dp_worker *w, struct dp_audience *a);
/*
 * Maintains the audiences of a stream on this worker, every millisecond: expires their backlog by
 * age and by count, advances the cursor, and schedules audiences that have a backlog.
 */
void dp_audience_tick(struct dp_worker *w, struct dp_stream *s);
/* Judges the audience's backlog at the end of a pass. */
void dp_audience_judge(struct dp_worker *w, struct dp_audience *a, uint64_t head);
/*
 * Expires the backlog up to `head` by age alone. The fan-out calls it before it visits viewers:
 * late video is worse than a repaired gap. A backlog that grows expires at w->tx_age_ns, another
 * one at w->deadline_ns.
 */
void dp_audience_expire(struct dp_worker *w, struct dp_audience *a, uint64_t head);
/*
 * Returns the position in [at, target) of the first packet with which a decoder can start, or
 * `target`. It searches each entry once for all members that wait at about the same position, and
 * remembers the result.
 */
uint64_t dp_audience_find_start(struct dp_audience *a, uint64_t at, uint64_t target);
/*
 * Skips the packets that expired before this consumer was sent them. Counts them as dropped if the
 * consumer could have received them, or if its transport is idle. The consumer then waits for a key
 * frame if a restart was among them, or if it cannot receive now.
 */
void dp_audience_skip_expired(struct dp_worker *w, const struct dp_audience *a, struct dp_consumer *c);

#endif

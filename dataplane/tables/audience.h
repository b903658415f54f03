/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_DATAPLANE_TABLES_AUDIENCE_H
#define SPATE_DATAPLANE_TABLES_AUDIENCE_H

/*
 * Audiences: a worker's viewers of a stream, by the port that their packets leave by, and so the
 * worker's place in the stream's ring.
 */

#include <stdbool.h>
#include <stdint.h>

#include "dataplane/worker/worker.h"

/*
 * The viewers of one stream on one worker whose packets leave by one port: dense, in no order; only the first
 * chunk has room. Each port has its own, so that nobody waits for a device that is not his.
 */
struct dp_audience_chunk {
	struct dp_audience_chunk *next;
	uint64_t count;
	struct dp_consumer *member[62];
};
struct dp_audience {
	struct dp_audience_chunk *first; /* NULL: nobody here watches */
	struct dp_stream *stream;
	uint64_t low; /* older packets are not ours to touch; stream->cursor[worker] is the ports' lowest */
	uint64_t served; /* each member was sent older packets, or they expired for it */
	uint64_t target; /* position up to which the current pass serves */
	struct dp_audience_chunk *resume; /* where the current pass goes on; NULL: there is none */
	uint32_t resume_index;
	bool changed; /* members came or went during the pass */
	bool again; /* the pass visits all members a second time, because of them */
	bool waiting; /* in one of the worker's schedules */
	uint8_t port_index; /* in struct dp_ports */

	/* expired packets, for members that had not been sent them (dp_audience_skip_expired()) */
	uint64_t
		restart; /* position after the last expired entry at which viewers restart with a key frame */
	uint64_t overrun; /* position after the last one that expired by count: the ring had no more room */
	uint32_t round; /* the last round in which it had a whole pass */
};

/* The viewers of the stream in that slot whose packets leave by the port with that index. */
static inline struct dp_audience *dp_audience_of(const struct dp_worker *w, uint32_t slot,
	unsigned port_index)
{
	return &w->audience[port_index * w->config->limit.producers + slot];
}

bool dp_audience_join(struct dp_worker *w, struct dp_consumer *c); /* false: no memory */
void dp_audience_leave(struct dp_worker *w, struct dp_consumer *c);
/* Moves the transport's consumers to the audiences of its path's port, if that changed. No packet is lost. */
void dp_audience_change_port(struct dp_worker *w, struct dp_transport *t);

/*
 * Schedules a pass of the slot's audiences here, if there are any. Takes a slot, not a stream: by the
 * time a wake-up is read the slot may have been reused. That is harmless, because only slots with an
 * audience are scheduled.
 */
void dp_audience_schedule(struct dp_worker *w, uint32_t slot);
/* Schedules the streams for which other workers have put wake-ups into our rings. */
void dp_audience_take_wakes(struct dp_worker *w);
/* Tells every worker with an audience, this one included, of new packets. */
void dp_audience_notify(struct dp_worker *w, struct dp_stream *s);

/* Advances the retention cursor past packets that are served and too old or too many for retransmission. */
void dp_audience_advance_cursor(struct dp_worker *w, struct dp_audience *a);
/*
 * Periodic maintenance of a stream's audiences here, every millisecond: expires the backlog by age and
 * by count, advances the cursors, and schedules audiences that have a backlog.
 */
void dp_audience_tick(struct dp_worker *w, struct dp_stream *s);
/* Skips the packets that expired before this viewer was sent them, and counts them as dropped. */
void dp_audience_skip_expired(struct dp_worker *w, const struct dp_audience *a, struct dp_consumer *c);

#endif

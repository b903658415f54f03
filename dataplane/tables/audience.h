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
	uint64_t served; /* everybody here has had what is older, or never will (dp_audience_forgo()) */
	uint64_t target; /* of the pass that is under way */
	struct dp_audience_chunk *resume; /* NULL: no pass is under way */
	uint32_t resume_index;
	bool changed; /* members came or went during the pass */
	bool again; /* the pass looks a second time, for them */
	bool waiting; /* in the worker's turns */
	uint8_t port; /* its index in struct dp_ports */

	/* of what was given up, for who had not had it (dp_audience_forgo()) */
	uint64_t restart; /* the last packet with which viewers start anew stands before this one */
	uint64_t behind; /* what stands before this one was not too old: the ring had no more room for it */
	uint32_t round; /* the last one in which it had a whole pass */
};

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

/* Moves the cursor on, past what is not worth sending again. */
void dp_audience_let_go(struct dp_worker *w, struct dp_audience *a);
/*
 * Every millisecond: gives up what has waited too long for viewers, or has too many packets behind it, lets
 * go, and sees to it that who has more to get waits for his turn.
 */
void dp_audience_look(struct dp_worker *w, struct dp_stream *s);
/* Counts what has been given up before this viewer had it. */
void dp_audience_forgo(struct dp_worker *w, const struct dp_audience *a, struct dp_consumer *c);

#endif

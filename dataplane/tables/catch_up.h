/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_DATAPLANE_TABLES_CATCH_UP_H
#define SPATE_DATAPLANE_TABLES_CATCH_UP_H

/*
 * Lets a viewer begin with the newest key frame in its stream's ring and catch up with live. The
 * viewer remains a member of its audience; passes leave it out until it has caught up, and
 * path/catch_up.c sends it what follows the key frame, at a pace of its own. It needs no request to
 * the producer. All functions run on the consumer's worker.
 */

#include <stdbool.h>
#include <stdint.h>

#include "dataplane/layers/squeeze.h"

struct dp_audience;
struct dp_consumer;
struct dp_worker;

/*
 * What a consumer has while it catches up, and as long as packets that it was sent then may be
 * retransmitted.
 */
struct dp_catch_up {
	struct dp_consumer *next, *previous; /* in struct dp_catching_up (worker/worker.h) */
	uint64_t last_ns; /* when `credit` was counted */
	uint64_t key_ns; /* when it had been sent the whole key frame; 0: not yet */
	int64_t credit; /* bytes that it may be sent now */
	uint32_t kbps; /* its pace */
	struct dp_squeeze squeeze;
	/*
	 * Without layers: the producer's sequence numbers [from, edge) were sent with squeezed
	 * timestamps, at dp_seqmap.offset == offset. While it catches up, `edge` is UINT64_MAX.
	 */
	uint64_t from, edge;
	int64_t offset;
};

/*
 * The consumer waits for a key frame and can receive. True: it needs no request, because it catches
 * up from now on, or because the key frame is still before it.
 */
bool dp_catch_up_begin(struct dp_worker *w, struct dp_consumer *c);
/*
 * It catches up, and its key frame is on its way: the viewer cannot know yet that a packet of it is
 * lost for good.
 */
bool dp_catch_up_underway(const struct dp_worker *w, const struct dp_consumer *c);
/*
 * The viewer was sent a key frame and asks for another one. True: it begins again with the newest
 * one in the ring, or that is still before it, or it has asked too often.
 */
bool dp_catch_up_again(struct dp_worker *w, struct dp_consumer *c);
/*
 * The consumer has been sent all that there is, and its timestamps are the stream's own. False:
 * that cannot be noted now; try again.
 */
bool dp_catch_up_end(struct dp_worker *w, struct dp_consumer *c);
/* It stops, and waits for a key frame. Does nothing if the consumer does not catch up. */
void dp_catch_up_stop(struct dp_worker *w, struct dp_consumer *c);
/*
 * The consumer is being deleted, or `soon` is false and it has caught up long ago: what it has for
 * it is given back.
 */
void dp_catch_up_release(struct dp_worker *w, struct dp_consumer *c, bool soon);
/* Puts the consumer that was first behind all others. */
void dp_catch_up_rotate(struct dp_worker *w);

/*
 * Without layers: maps the consumer's sequence number `out` of a NACK to the producer's extended
 * one, also if it was sent while the consumer caught up. False: it was never sent, or is gone.
 */
bool dp_catch_up_sent(const struct dp_consumer *c, uint16_t out, uint64_t *in);
/* And the timestamp, of the stream's, with which it was sent. */
uint32_t dp_catch_up_timestamp(const struct dp_consumer *c, uint64_t in, uint32_t timestamp);

#endif

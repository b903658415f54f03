/* SPDX-License-Identifier: Apache-2.0 */

/*
 * No cache line is written by two workers per packet: what that rests on, checked when
 * this is compiled. Nothing here runs.
 *
 * Slots of all tables stand in arrays that every worker uses, next to those of others, so
 * each is whole lines, and the arrays begin at one. Of what several workers use per
 * packet, a line has one writer: a stream's head and the packets before it are its
 * owner's (a reader writes neither into their slots nor into their buffers), each cursor is
 * one reader's, and rings between workers keep the ends of their two sides apart (as
 * rte_ring does). Who reads at all, and a wish for a key frame, are anybody's, and no
 * packet's. A packet that came in on another worker's queue is handed over with its buffer, and
 * is its owner's alone from then on. Packet buffers go through the lcore's own cache of the
 * pool; what is received on one worker and freed on another crosses by the hundred.
 */

#include <assert.h>
#include <stddef.h>

#include <rte_mempool.h>

#include "dataplane/tables/consumer.h"
#include "dataplane/tables/stream.h"
#include "dataplane/tables/transport.h"
#include "dataplane/worker/worker.h"

enum { LINE = RTE_CACHE_LINE_SIZE };

#define WHOLE_LINES(type) static_assert(sizeof(type) % LINE == 0 && _Alignof(type) >= LINE, "whole lines")
/* `b` begins a line, and `a` ends before it. */
#define APART(type, a, b)                                                                                    \
	static_assert(offsetof(type, b) % LINE == 0 && offsetof(type, a) < offsetof(type, b), "lines apart")

WHOLE_LINES(struct dp_transport);
WHOLE_LINES(struct dp_consumer);
WHOLE_LINES(struct dp_stream);
WHOLE_LINES(struct dp_ring_entry);
WHOLE_LINES(struct dp_cursor);
WHOLE_LINES(struct dp_worker);
WHOLE_LINES(struct rte_mempool_cache);

/* A stream: read by all | the owner's, read by all | wishes of all | cursors | the owner's own. */
APART(struct dp_stream, cname_len, head);
APART(struct dp_stream, sr_rtp, keyframe_wanted);
APART(struct dp_stream, readers, cursor);
APART(struct dp_stream, cursor, transport);

/* What fan-out reads of a packet, unless it has long extensions, is one line. */
static_assert(offsetof(struct dp_ring_entry, info.copy) < LINE, "one line");

/* A worker: its own | what others look up to reach it, never written | its own again. */
APART(struct dp_worker, chunk_pool, ops);
APART(struct dp_worker, peer, control_rings);

/* The pages are written with every packet, the header by the agent. */
static_assert(sizeof(struct sh_stats_header) % LINE == 0, "whole lines");
static_assert(sizeof(struct sh_worker_stats) % LINE == 0, "whole lines");

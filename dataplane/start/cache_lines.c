/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Checks at compile time the layouts that the following rule rests on: no cache line is written by
 * two workers per packet. This file contains no code that runs.
 *
 * The slots of each table are in one array that all workers use, with different owners side by
 * side. Each slot therefore fills whole cache lines, and each array begins at a line.
 *
 * Each line that several workers use per packet has one writer:
 * - a stream's head and its ring entries are written by its owner; a reader writes neither into the
 *   entries nor into their mbufs;
 * - each cursor is written by one reader;
 * - a ring between two workers keeps the indices of its two sides apart (as rte_ring does).
 *
 * Any worker may write a stream's set of readers and its request for a key frame, but does so
 * rarely and not per packet. A packet that arrived in another worker's queue is handed off with its
 * mbuf and belongs to its owner alone from then on. Mbufs come from the lcore's own cache of the
 * pool; those that one worker receives and another frees move between the caches in batches of
 * hundreds.
 */

#include <assert.h>
#include <stddef.h>

#include <rte_mempool.h>

#include "dataplane/tables/consumer.h"
#include "dataplane/tables/stream.h"
#include "dataplane/tables/transport.h"
#include "dataplane/worker/worker.h"

enum { LINE = RTE_CACHE_LINE_SIZE };

/* The size and the alignment of `type` are whole cache lines. */
#define WHOLE_LINES(type) static_assert(sizeof(type) % LINE == 0 && _Alignof(type) >= LINE, "whole lines")
/* Member `b` begins a cache line, and member `a` is before it. */
#define APART(type, a, b)                                                                                    \
	static_assert(offsetof(type, b) % LINE == 0 && offsetof(type, a) < offsetof(type, b), "lines apart")

WHOLE_LINES(struct dp_transport);
WHOLE_LINES(struct dp_consumer);
WHOLE_LINES(struct dp_stream);
WHOLE_LINES(struct dp_ring_entry);
WHOLE_LINES(struct dp_cursor);
WHOLE_LINES(struct dp_worker);
WHOLE_LINES(struct rte_mempool_cache);

/*
 * struct dp_stream: read-only after PRODUCER_ADD, read by all workers | written by the owner, read
 * by all | rarely written by any worker | private to the owner. No cache line is shared across '|'.
 */
APART(struct dp_stream, cname_len, head);
APART(struct dp_stream, kbps, keyframe_wanted);
APART(struct dp_stream, readers, transport);

/* The fan-out reads one line of a ring entry, unless the extensions to copy are long. */
static_assert(offsetof(struct dp_ring_entry, info.copy) < LINE, "one line");

/*
 * struct dp_worker: private fields | read-only after start, read by other workers (ops..peer) |
 * each bell, written by other workers for a burst | private fields. No cache line is shared across
 * '|'.
 */
APART(struct dp_worker, chunk_pool, ops);
APART(struct dp_worker, peer, handoff_bell);
APART(struct dp_worker, handoff_bell, wake_bell);
APART(struct dp_worker, wake_bell, control_rings);

/*
 * Each worker writes its statistics with every packet; the agent writes the header, which precedes
 * them.
 */
static_assert(sizeof(struct sh_stats_header) % LINE == 0, "whole lines");
static_assert(sizeof(struct sh_worker_stats) % LINE == 0, "whole lines");

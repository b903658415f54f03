/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_DATAPLANE_WORKER_WORKER_H
#define SPATE_DATAPLANE_WORKER_WORKER_H

/*
 * The context of one worker: an lcore that polls its queues, and all that belongs to it. Workers
 * share nothing that is written per packet but the rings between them and the streams' cursors
 * (tables/stream.h).
 */

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <rte_common.h>

#include "shared/abi.h"
#include "shared/config.h"
#include "shared/stats.h"
#include "dataplane/worker/clock.h"

struct dp_audience;
struct dp_consumer;
struct dp_control_rings;
struct dp_ports;
struct dp_srtp_engine;
struct dp_stream;
struct dp_transport;
struct dp_txq;
struct rte_hash;
struct rte_mempool;
struct rte_ring;

/*
 * The audiences of one port and one kind of stream that have a backlog (tables/scheduler.h). In a
 * round each has one pass: an audience that has had its pass and has more to send waits for the next
 * round, so that under overload no viewer is visited more often than another, whichever stream it
 * watches.
 */
struct dp_schedule {
	struct dp_audience **current, **next; /* those whose pass is in this round, and in the next */
	uint32_t count, next_count;
	uint32_t round;
};

struct dp_worker {
	uint32_t id;
	uint32_t lcore;
	int socket; /* the NUMA node of its memory; SOCKET_ID_ANY: anywhere */
	uint16_t udp_port;
	uint16_t workers;
	uint32_t udp_ports; /* how many there are from udp_port - id on, for plain transports too */
	const struct sh_config *config;
	struct dp_srtp_engine *engine;
	struct rte_mempool *pool;
	uint64_t now_ns; /* CLOCK_MONOTONIC, read once a loop */
	uint64_t real_ns; /* CLOCK_REALTIME, likewise */

	struct sh_worker_stats *stats;
	struct sh_transport_stats *transport_stats; /* by slot */
	struct sh_producer_stats *producer_stats;
	struct sh_consumer_stats *consumer_stats;

	/* tables; arrays over all slots, shared by the workers, a slot is its owner's */
	struct dp_transport *transports;
	struct dp_stream *streams;
	struct dp_consumer *consumers;
	struct rte_hash *tuples; /* struct dp_tuple_key -> transport slot << 8 | tuple index */
	struct dp_transport **
		plain_transports; /* by offset of their UDP port, this worker's plain transports; NULL: none */
	uint32_t resolving; /* plain transports that need a neighbour's MAC address */
	struct dp_audience *audience; /* this worker's viewers: dp_audience_of() */
	struct dp_transport **owned; /* this worker's transports, dense, for housekeeping */
	uint32_t owned_count, owned_next;
	struct dp_transport *ingress; /* those that produce */
	struct dp_schedule audio[SH_MAX_PORTS], video[SH_MAX_PORTS]; /* what is to be fanned out, by port */
	uint32_t audio_loops[SH_MAX_PORTS]; /* so many in a row have left no room for video that waits */
	uint32_t fanout_first; /* index of the port that is served first */
	struct dp_stream **watched; /* streams that have an audience here, dense; room for every slot */
	uint32_t watched_count;
	uint64_t next_tick_ns, last_tick_ns, next_cycle_ns; /* housekeeping */
	uint64_t tx_age_ns; /* dataplane.tx_age_ms: packets that waited longer are dropped */
	uint64_t retention_ns; /* how long packets stay for retransmission: less while the pool is short */

	/* memory of the media path, made by dp_media_memory_init() */
	uint8_t *session_in, *session_out; /* SRTP sessions by transport slot */
	size_t session_in_size, session_out_size;
	struct rte_mempool *twcc_pool, *chunk_pool;

	/* rings; what other workers look up here is never written (start/cache_lines.c) */
	struct rte_ring *ops __rte_cache_aligned; /* of struct dp_op; agent to this worker */
	struct rte_ring *reports; /* of struct dp_report; this worker to the agent */
	struct rte_ring *handoff[SH_MAX_WORKERS]; /* mbufs from worker i to this one */
	struct rte_ring *wake[SH_MAX_WORKERS]; /* stream slots from worker i with packets for us */
	struct rte_ring *
		neighbours[SH_MAX_WORKERS]; /* answers of neighbours that worker i received: struct sh_path */
	struct dp_worker *peer[SH_MAX_WORKERS];
	_Atomic(const struct dp_control_rings *) control_rings
		__rte_cache_aligned; /* rings to the control plane; NULL: none is connected */

	const struct dp_ports *ports;
	struct dp_clock clock;
	struct dp_txq **txq; /* by port_id; send/tx.h */
	uint64_t punt_tokens_ns; /* token bucket for strangers' packets */
	struct sh_packet *packet; /* where a punted or injected packet is put together */
	uint16_t rx_first; /* index of the port to poll first */
	_Atomic uint64_t quiescent; /* loops done; writer: worker; reader: agent */
	_Atomic bool stop; /* writer: main thread */
};

/* Whether more than `limit` ns have gone since `then`, which another worker's clock may have read a little later. */
static inline bool dp_older_than(const struct dp_worker *w, uint64_t then, uint64_t limit)
{
	return w->now_ns > then && w->now_ns - then > limit;
}

#endif

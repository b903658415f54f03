/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_DATAPLANE_WORKER_WORKER_H
#define SPATE_DATAPLANE_WORKER_WORKER_H

/*
 * Defines the context of one worker: an lcore that polls its device queues, and all that belongs to
 * it. Of the memory that is written per packet, workers share only the rings between them and the
 * rings and cursors of streams (tables/stream.h).
 */

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <rte_common.h>

#include "dataplane/worker/bell.h"
#include "dataplane/worker/clock.h"
#include "shared/abi.h"
#include "shared/config.h"
#include "shared/stats.h"

struct dp_audience;
struct dp_capture;
struct dp_consumer;
struct dp_control_rings;
struct dp_ports;
struct dp_reassembly;
struct dp_adapt;
struct dp_prepared;
struct dp_probing;
struct dp_resent;
struct dp_srtp_engine;
struct dp_stream;
struct dp_transport;
struct dp_txq;
struct rte_hash;
struct rte_mbuf;
struct rte_mempool;
struct rte_ring;

/*
 * The audiences of one port and one kind of stream that have a backlog (tables/scheduler.h). In a
 * round each has one pass. An audience that has had its pass and has more to send waits for the
 * next round, so that under overload each viewer is visited equally often, whichever stream it
 * watches.
 */
struct dp_schedule {
	struct dp_audience **current, **next; /* with a pass in this round, and in the next */
	uint32_t count, next_count;
	uint32_t round; /* number of the current round */
};

/* The consumers that catch up (tables/catch_up.h), in the order in which they are served next. */
struct dp_catching_up {
	struct dp_consumer *first, *last;
	uint32_t count;
	uint64_t next_ns, last_ns; /* when they are served next, and were last */
	int64_t credit; /* bytes that all of them together may be sent now */
};

enum { DP_NETWORKS = 4096 }; /* a power of two */
enum { DP_CNAME_LEN = 16 };

struct dp_worker {
	uint32_t id;
	uint32_t lcore;
	int socket; /* NUMA node of its memory; SOCKET_ID_ANY: anywhere */
	uint16_t udp_port; /* receives the packets of its WebRTC transports */
	uint16_t workers; /* how many workers there are */
	uint32_t udp_ports; /* size of the range of UDP ports, which begins at udp_port - id */
	const struct sh_config *config;
	struct dp_srtp_engine *engine;
	struct rte_mempool *pool; /* mbufs, for received and for sent packets */
	char cname[DP_CNAME_LEN]; /* ours, as sender of RTCP (RFC 7022); the same for all workers */
	uint64_t now_ns; /* CLOCK_MONOTONIC, updated between bursts */

	struct sh_worker_stats *stats;
	struct sh_transport_stats *transport_stats; /* this and the next: by slot, shared by all workers */
	struct sh_producer_stats *producer_stats;
	struct sh_consumer_stats *consumer_stats;

	/* tables by slot, shared by all workers; each slot belongs to one owner */
	struct dp_transport *transports;
	struct dp_stream *streams;
	struct dp_consumer *consumers;

	struct rte_hash *tuples; /* this worker's: struct dp_tuple_key -> dp_tuple_value() */
	/* this worker's transports by ICE user fragment, and by the IP address of the selected tuple */
	uint32_t *ufrags, *movers;
	struct dp_consumer **consumer_ssrcs; /* this worker's, by SSRC: tables/consumer_ssrcs.h */
	uint32_t hash_seed; /* random, so that nobody can choose what falls into one chain */
	/*
	 * this worker's plain transports, by the offset of their UDP port in the range; NULL: none
	 */
	struct dp_transport **plain_transports;
	struct dp_transport *resolving; /* those that resolve a MAC address, linked by next_resolving */
	struct dp_audience *audience; /* by port and stream slot: dp_audience_of() */
	struct dp_transport **owned; /* this worker's transports, without gaps */
	uint32_t owned_count, owned_next; /* owned_next: index that housekeeping visits next */
	struct dp_transport *ingress; /* list of the producing ones, linked by ingress_next */
	struct dp_schedule audio[SH_MAX_PORTS], video[SH_MAX_PORTS]; /* by port_index */
	/*
	 * by port_index: consecutive loops in which audio left no room in the TX queue for waiting
	 * video
	 */
	uint32_t audio_loops[SH_MAX_PORTS];
	uint32_t fanout_first; /* port_index that the fan-out serves first */
	struct dp_stream **watched; /* streams with an audience here, without gaps; has room for all */
	uint32_t watched_count;
	uint64_t next_tick_ns, last_tick_ns; /* housekeeping runs every millisecond */
	uint64_t next_cycle_ns; /* when its next cycle over all owned transports may begin */
	uint64_t tx_age_ns; /* dataplane.tx_age_ms: packets of a growing backlog expire at this age */
	uint64_t deadline_ns; /* and all others at this one */
	uint64_t cache_ns; /* media.cache_ms; shorter while the pool is short */
	struct dp_catching_up catching_up;
	uint64_t retention_ns; /* how long sent packets are kept; shorter while the pool is short */

	/* memory for media, shared by all workers and allocated by dp_media_memory_init() */
	uint8_t *session_in, *session_out; /* SRTP sessions by transport slot; a slot is its owner's */
	size_t session_in_size, session_out_size; /* of one session, in bytes */
	struct rte_mempool *twcc_pool, *chunk_pool, *selection_pool, *catch_up_pool, *continuation_pool;
	struct dp_adapt *adapt; /* by transport slot; a slot is its owner's */
	struct dp_probing *probing; /* tables/probing.h */
	struct dp_prepared *prepared; /* packets of layered streams, for all viewers (path/prepared.h) */
	struct dp_resent *resent; /* this worker's retransmissions (tables/resent.h) */

	/*
	 * Rings. Other workers and the agent read these pointers, so nothing that is written while
	 * the worker runs shares a cache line with them (start/cache_lines.c).
	 */
	struct rte_ring *ops __rte_cache_aligned; /* struct dp_op, from the agent to this worker */
	struct rte_ring *reports; /* struct dp_report, from this worker to the agent */
	struct rte_ring *handoff[SH_MAX_WORKERS]; /* mbufs from worker i to this one */
	struct rte_ring *wake[SH_MAX_WORKERS]; /* from worker i: slots of its streams with new packets */
	struct rte_ring *neighbours[SH_MAX_WORKERS]; /* struct dp_path_news that worker i received */
	struct dp_worker *peer[SH_MAX_WORKERS]; /* all workers by id, this one included */
	/* Who has put something into handoff[], into wake[]; writers: the other workers, this one */
	struct dp_bell handoff_bell, wake_bell;
	/* NULL: no control plane is connected; writer: agent; reader: worker */
	_Atomic(const struct dp_control_rings *) control_rings __rte_cache_aligned;
	_Atomic(struct dp_capture *) capture; /* NULL: nothing is captured; the same (worker/capture.h) */

	const struct dp_ports *ports;
	struct dp_clock clock;
	struct dp_txq **txq; /* by port_id; send/tx.h */
	/* Cost of a packet in the budgets of a peer's transport (dp_budget_cost()). */
	uint64_t packet_cost_ns, check_cost_ns, rtcp_cost_ns;
	/*
	 * Notes that a live packet to a viewer was dropped from the queue before a device
	 * (path/unsent.h); NULL: nobody wants to know
	 */
	void (*unsent)(struct dp_worker *w, const struct rte_mbuf *m, enum sh_drop reason);
	uint64_t failure_budget_ns; /* for forged packets of suspected transports (tables/forgery.h) */
	uint64_t mover_budget_ns; /* for searches for peers that may have moved (tables/movers.h) */
	/* Budgets (worker/budget.h) for punted packets of strangers: */
	uint64_t punt_budget_ns; /* of all of them, */
	uint64_t *network_budget_ns; /* and by the sender's network, DP_NETWORKS of them (path/punt.c) */
	/* Budgets of the exception path (path/exception.c), and the cost of a frame in them */
	uint64_t to_kernel_ns, from_kernel_ns, kernel_cost_ns;
	struct dp_reassembly *reassembly; /* path/reassemble.h */
	uint32_t fragment_id; /* of the last datagram that was sent in fragments */
	struct sh_packet *packet; /* buffer in which a punted or injected packet is built */
	uint64_t handers, wakers; /* workers in whose rings more may be; bit i: worker i */
	unsigned next_hander; /* the worker whose hand-off ring is read first in the next loop */
	uint16_t rx_first; /* port_index that is polled first */
	/* when it last asked for a neighbour's MAC address; 0: never; writer: worker; readers: workers */
	_Atomic uint64_t asked_ns;
	_Atomic uint64_t quiescent; /* completed loops; writer: worker; reader: agent */
	_Atomic bool stop; /* writer: main thread */
};

/*
 * Whether more than `limit` ns have passed since `then`. `then` may be a little later than now_ns,
 * because another worker has read it from its own clock.
 */
static inline bool dp_older_than(const struct dp_worker *w, uint64_t then, uint64_t limit)
{
	return w->now_ns > then && w->now_ns - then > limit;
}

#endif

/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_DATAPLANE_WORKER_H
#define SPATE_DATAPLANE_WORKER_H

/*
 * One worker: an lcore that polls its queues, and all that belongs to it. Workers share
 * nothing that is written per packet but the rings between them and the streams'
 * cursors (table.h).
 */

#include <stdint.h>

#include <rte_hash.h>
#include <rte_mbuf.h>
#include <rte_mempool.h>
#include <rte_ring.h>

#include "shared/config.h"
#include "shared/ring.h"
#include "shared/stats.h"
#include "dataplane/worker/clock.h"
#include "dataplane/device/ports.h"
#include "dataplane/tables/table.h"

enum { DP_BURST = 32 };

/* In the private area of every mbuf that was received. */
struct dp_meta {
	struct sh_path path; /* as the sender has it: remote is the sender */
	uint64_t rx_ns;
	struct dp_transport *transport; /* NULL: unknown tuple */
	uint16_t payload_offset, payload_len; /* of UDP, from rte_pktmbuf_mtod */
	uint8_t tuple; /* index in transport->tuple, or one of DP_TUPLE_* */
	bool neighbour; /* no packet: another worker has heard where path.remote is */
};

static inline struct dp_meta *dp_meta(struct rte_mbuf *m)
{
	return rte_mbuf_to_priv(m);
}

/* A control operation from the agent to a worker, and its answer. */
struct dp_op {
	struct sh_cmd cmd;
	uint32_t slot; /* of the object */
	uint32_t slot2; /* PRODUCER_ADD, CONSUMER_ADD: of the transport */
	uint32_t slot3; /* CONSUMER_ADD: of the stream */
	int32_t error; /* in the answer: 0 or errno */
	uint32_t task; /* the agent's, echoed */
};

struct dp_report { /* worker to agent */
	uint32_t kind; /* enum sh_event_kind; ACK: op is the one done */
	sh_id id;
	struct sh_addr remote;
	struct dp_op op;
};

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

/*
 * Audiences of one port and one kind of stream for which there are packets. A round is a pass of each that
 * waits: one that has had its own and has more waits for the others, so that under overload no viewer is looked
 * at more often than another, whichever stream it watches.
 */
struct dp_turns {
	struct dp_audience **now, **later; /* still to have their pass in this round, and in the next */
	uint32_t count, later_count;
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
	struct dp_transport *
		*plain; /* by offset of their UDP port, this worker's plain transports; NULL: none */
	uint32_t asking; /* plain transports that ask for a neighbour's MAC */
	struct dp_audience *audience; /* this worker's viewers: dp_audience_of() */
	struct dp_transport **owned; /* this worker's transports, dense, for housekeeping */
	uint32_t owned_count, owned_next;
	struct dp_transport *ingress; /* those that produce */
	struct dp_turns audio[SH_MAX_PORTS], video[SH_MAX_PORTS]; /* what is to be fanned out, by port */
	uint32_t audio_loops[SH_MAX_PORTS]; /* so many in a row have left no room for video that waits */
	uint32_t fanout_first; /* index of the port that is served first */
	struct dp_stream **watched; /* streams that have an audience here, dense; room for every slot */
	uint32_t watched_count;
	uint64_t next_tick_ns, last_tick_ns, next_cycle_ns; /* housekeeping */
	uint64_t keep_ns; /* how long packets stay to be sent again: less while the pool is short */

	/* memory of the media path, made by dp_media_init() */
	uint8_t *session_in, *session_out; /* SRTP sessions by transport slot */
	size_t session_in_size, session_out_size;
	struct rte_mempool *twcc_pool, *chunk_pool;

	/* rings; what other workers look up here is never written (lines.c) */
	struct rte_ring *ops __rte_cache_aligned; /* of struct dp_op; agent to this worker */
	struct rte_ring *reports; /* of struct dp_report; this worker to the agent */
	struct rte_ring *handoff[SH_MAX_WORKERS]; /* mbufs from worker i to this one */
	struct rte_ring *wake[SH_MAX_WORKERS]; /* stream slots from worker i with packets for us */
	struct dp_worker *peer[SH_MAX_WORKERS];
	_Atomic(const struct dp_control *) control
		__rte_cache_aligned; /* rings to the control plane; NULL: none is connected */

	const struct dp_ports *ports;
	struct dp_clock clock;
	struct dp_txq **txq; /* by DPDK port; path/tx.h */
	uint64_t punt_tokens_ns; /* token bucket for strangers' packets */
	struct sh_packet *packet; /* where a punted or injected packet is put together */
	uint16_t rx_first; /* index of the port to poll first */
	_Atomic uint64_t quiescent; /* loops done; writer: worker; reader: agent */
	_Atomic bool stop; /* writer: main thread */
};

/* Runs a struct dp_worker on the calling lcore until its `stop` is set. */
int dp_worker_run(void *worker);

/* --- the stages (path/), in the order in which a packet meets them ---------------- */

/* A burst sorted by what it is. */
struct dp_batch {
	struct rte_mbuf *stun[DP_BURST], *dtls[DP_BURST], *rtp[DP_BURST], *rtcp[DP_BURST];
	unsigned stuns, dtlses, rtps, rtcps;
};

unsigned dp_rx(struct dp_worker *w, struct rte_mbuf **pkts); /* the devices' queues */
unsigned dp_parse(struct dp_worker *w, struct rte_mbuf **pkts, unsigned n); /* keeps UDP to us */
unsigned dp_steer(struct dp_worker *w, struct rte_mbuf **pkts, unsigned n); /* keeps our own port's */
unsigned dp_handed_in(struct dp_worker *w, struct rte_mbuf **pkts); /* what others steered to us */
void dp_classify(struct dp_worker *w, struct rte_mbuf **pkts, unsigned n, struct dp_batch *b);
void dp_stun(struct dp_worker *w, struct rte_mbuf **pkts, unsigned n); /* answers or punts */
void dp_punt(struct dp_worker *w, struct rte_mbuf **pkts, unsigned n);
unsigned dp_unprotect(struct dp_worker *w, struct rte_mbuf **pkts, unsigned n); /* RTP */
void dp_route(struct dp_worker *w, struct rte_mbuf **pkts, unsigned n); /* into streams */
void dp_rtcp(struct dp_worker *w, struct rte_mbuf **pkts, unsigned n);
unsigned dp_fanout(struct dp_worker *w); /* returns packets sent */
unsigned dp_inject(struct dp_worker *w);
unsigned dp_ops(struct dp_worker *w);
void dp_housekeeping(struct dp_worker *w); /* reports, retries, consent, statistics: every ms */
unsigned dp_tx_flush(struct dp_worker *w); /* returns packets that the devices took */

/* One packet is let go, with a reason. `m` may be NULL: there is nothing to free. */
void dp_drop(struct dp_worker *w, struct rte_mbuf *m, enum sh_drop reason);

/* --- sending ------------------------------------------------------------------------ */

/*
 * Puts the transport's headers in front of an mbuf that holds a UDP payload, fills in
 * lengths and checksums. The mbuf has DP_ENCAP_ROOM of headroom, all of which may change.
 */
void dp_encap(struct dp_worker *w, const struct dp_encap *e, struct rte_mbuf *m);
/* Builds the header template of a path. */
void dp_encap_init(struct dp_worker *w, struct dp_encap *e, const struct sh_path *path);
/* Queues in order; takes the mbuf. */
void dp_tx(struct dp_worker *w, uint16_t port, struct rte_mbuf *m);
/*
 * The same for at most 64 packets that fit the port's MTU and whose note (path/tx.h) is written; without
 * a detour where nothing waits before them.
 */
void dp_tx_burst(struct dp_worker *w, uint16_t port, struct rte_mbuf **m, unsigned n);
/*
 * How many packets to viewers should be written now, before the device has taken others. The
 * fan-out stops there and goes on later: packets that wait in numbers have left the cache when
 * their turn comes, and so have the buffers that come back.
 */
unsigned dp_tx_ahead(const struct dp_worker *w, uint16_t port);
/* Tells the agent (and so the control plane) something about an object. False, without waiting: no room. */
bool dp_tell(struct dp_worker *w, enum sh_event_kind kind, sh_id id, const struct sh_addr *remote);

/* --- the media path's memory, called by the main thread and the agent ------------------- */

/* Once at start, for all workers together: engines, sessions, pools. 0 or errno. */
int dp_media_init(struct dp_worker *const *workers, unsigned n);
/* Once at the end, when the worker has ended: wipes every key, frees its engine. */
void dp_media_close(struct dp_worker *w);
/* The agent, before it sends PRODUCER_ADD for a slot (`socket`: its owner's), and after the answer to PRODUCER_DEL. */
int dp_stream_prepare(struct dp_stream *s, const struct sh_config *config, uint8_t kind, int socket);
void dp_stream_dispose(struct dp_stream *s);

/* --- operations on tables, run on the owning worker; 0 or errno ----------------------- */

int dp_transport_add(struct dp_worker *w, const struct dp_op *op);
int dp_transport_bind(struct dp_worker *w, const struct dp_op *op);
int dp_transport_keys(struct dp_worker *w, const struct dp_op *op);
void dp_transport_close_srtp(struct dp_worker *w, struct dp_transport *t); /* wipes both sessions */
void dp_transport_refresh(struct dp_transport *t); /* can_send, after keys, path or consent changed */
int dp_transport_del(struct dp_worker *w, const struct dp_op *op);
int dp_stream_add(struct dp_worker *w, const struct dp_op *op);
int dp_stream_set(struct dp_worker *w, const struct dp_op *op);
int dp_stream_del(struct dp_worker *w, const struct dp_op *op); /* no reader is left */
int dp_consumer_add(struct dp_worker *w, const struct dp_op *op);
int dp_consumer_set(struct dp_worker *w, const struct dp_op *op);
int dp_consumer_del(struct dp_worker *w, const struct dp_op *op);
/* Asks for what a transport's viewers wait for, if media can reach them. */
void dp_consumers_want_keyframes(const struct dp_transport *t);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_DATAPLANE_PATH_OUTGOING_H
#define SPATE_DATAPLANE_PATH_OUTGOING_H

/*
 * Batches of packets to viewers: rewritten one by one, then protected, encapsulated and queued for
 * TX together, because the SRTP engine encrypts many packets at once faster than one by one.
 */

#include <stdbool.h>
#include <stdint.h>

#include <rte_branch_prediction.h>
#include <rte_mbuf.h>

#include "dataplane/srtp/srtp.h"
#include "dataplane/tables/transport.h"

struct dp_worker;

enum {
	DP_JOBS = 64,
	DP_PACKET_WORK = 8, /* what writing one packet costs, in units of dp_outgoing.allowed */
};

/* The packets of a batch. Their headers are written, their payloads are not encrypted yet. */
struct dp_outgoing {
	unsigned count, spares; /* entries in use: of job, mbuf and transport; of spare */
	/*
	 * Fan-out: how much more this loop may do; may fall a little below 0. A packet costs
	 * DP_PACKET_WORK; a viewer who gets nothing, or a packet that is not written, costs 1.
	 */
	int allowed;
	uint8_t kind; /* fan-out: enum sh_kind of the stream */
	struct dp_srtp_job job[DP_JOBS];
	struct rte_mbuf *mbuf[DP_JOBS];
	struct dp_transport *transport[DP_JOBS];
	struct rte_mbuf *spare[DP_JOBS]; /* empty mbufs, allocated in bulk */
};

/* Allocates empty mbufs when there are none. False: the pool is empty. */
bool dp_outgoing_refill(struct dp_worker *w, struct dp_outgoing *o);

/* Takes an empty mbuf; the caller adds it or puts it back into `spare`. NULL: the pool is empty. */
static inline struct rte_mbuf *dp_outgoing_mbuf(struct dp_worker *w, struct dp_outgoing *o)
{
	if (unlikely(!o->spares) && !dp_outgoing_refill(w, o))
		return NULL;
	return o->spare[--o->spares];
}

/* Fetches the cache lines of `len` bytes in order to write them. */
static inline void dp_outgoing_own(uint8_t *from, size_t len)
{
	for (size_t at = 0; at < len + RTE_CACHE_LINE_SIZE; at += RTE_CACHE_LINE_SIZE)
#ifdef RTE_ARCH_X86
		/* Without -mprfchw, __builtin_prefetch(, 1) compiles to a prefetch for reading. */
		__asm__ volatile("prefetchw %0" : : "m"(from[at]));
#else
		__builtin_prefetch(from + at, 1);
#endif
}

/*
 * Adds a packet to transport `t`. `m` holds the RTP header of `hdr_len` bytes; the payload is read
 * when the batch is flushed and must stay valid until then. `roc` is the packet's SRTP rollover
 * counter. The caller has checked that `count` is less than DP_JOBS and that the TX queue has room
 * (dp_tx_room()).
 */
static inline void dp_outgoing_add(struct dp_outgoing *o, struct dp_transport *t, struct rte_mbuf *m,
	uint16_t hdr_len, const uint8_t *payload, uint16_t payload_len, uint32_t roc)
{
	unsigned i = o->count++;
	uint8_t *dst = rte_pktmbuf_mtod(m, uint8_t *);

	o->mbuf[i] = m;
	o->transport[i] = t;
	o->job[i] = (struct dp_srtp_job){
		.session = t->out,
		.dst = dst,
		.payload = payload,
		.hdr_len = hdr_len,
		.payload_len = payload_len,
		.roc = roc,
	};
	/* The other core has this memory in its cache: each store would wait for its line. */
	if (t->encap.read_by_cpu)
		dp_outgoing_own(dst + hdr_len, payload_len);
}

/* Protects and encapsulates all packets of the batch and queues them for TX. */
void dp_outgoing_flush(struct dp_worker *w, struct dp_outgoing *o);
/* Flushes the batch, and frees the empty mbufs. */
void dp_outgoing_end(struct dp_worker *w, struct dp_outgoing *o);

#endif

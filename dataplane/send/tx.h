/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_DATAPLANE_SEND_TX_H
#define SPATE_DATAPLANE_SEND_TX_H

/*
 * The bounded FIFO queue in front of one TX queue of a device. A burst to many viewers is longer
 * than the device's ring: packets that do not fit into the ring wait here, in order, and are
 * offered again in the next loop, until they expire.
 */

#include <stdint.h>

#include <rte_mbuf.h>
#include <rte_mbuf_dyn.h>

struct dp_worker;

/* What the queue must know of a packet, in a dynamic field of the mbuf. */
struct dp_tx_note {
	uint64_t since_ns; /* age counts from here: reception of a forwarded packet, else creation */
	uint64_t kind; /* enum sh_kind of a packet to a viewer; 0: anything else, or a retransmission */
};

/* The offset of the field in an mbuf, set by dp_txq_init(). */
extern int dp_tx_note_offset;

static inline struct dp_tx_note *dp_tx_note(struct rte_mbuf *m)
{
	return RTE_MBUF_DYNFIELD(m, dp_tx_note_offset, struct dp_tx_note *);
}

enum {
	DP_TXQ_SLOTS = 16384,
	DP_TXQ_ROOM = 256, /* most packets to viewers that the fan-out queues */
	DP_TX_BURST_MAX = 64, /* most packets that dp_tx_burst() takes */
};

struct dp_txq {
	uint32_t head, tail; /* free-running positions; the packets in [tail, head) wait */
	uint32_t flushed; /* head when the queue was last offered to the device */
	uint32_t limit; /* most packets that may wait; half the pool is for reception and streams */
	struct rte_mbuf *mbuf[DP_TXQ_SLOTS];
};

/* Registers the mbuf field, once at start, before any packet exists. 0 or errno. */
int dp_txq_init(void);

/*
 * Makes a queue in memory of NUMA node `socket`. `queues` queues, one per worker and port, share a
 * pool of `mbufs`. NULL: no memory.
 */
struct dp_txq *dp_txq_new(uint32_t mbufs, unsigned queues, int socket);
/* Frees the packets that wait. The worker must have stopped. */
void dp_txq_clear(struct dp_txq *q);

/*
 * Queues a frame for a port; its age counts from now. Takes ownership of `m`. A frame that exceeds
 * the MTU, or finds the queue full, is dropped.
 */
void dp_tx(struct dp_worker *w, uint16_t port_id, struct rte_mbuf *m);
/*
 * Likewise for `n` packets to viewers, at most DP_TX_BURST_MAX, that fit the port's MTU and have
 * their note. If the queue is empty, the device gets them directly.
 */
void dp_tx_burst(struct dp_worker *w, uint16_t port_id, struct rte_mbuf **m, unsigned n);
/*
 * The room in the queue for packets to viewers; 0: write none until the device has taken others.
 * The fan-out stops there and continues later: if many packets waited, neither they nor the mbufs
 * that the device returns would still be in the CPU's cache.
 */
unsigned dp_tx_room(const struct dp_worker *w, uint16_t port_id);
/* Offers the queued packets of all ports to the devices. Returns how many the devices took. */
unsigned dp_tx_flush(struct dp_worker *w);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_DATAPLANE_SEND_TX_H
#define SPATE_DATAPLANE_SEND_TX_H

/*
 * The bounded queue in front of one TX queue of a device. A burst to many viewers is
 * longer than the device's ring: what the ring does not take stays here, in order, and
 * goes on in the next loop, until it is too old.
 */

#include <stdint.h>

#include <rte_mbuf.h>
#include <rte_mbuf_dyn.h>

struct dp_worker;

/*
 * What the queue knows of a packet: in a dynamic field of the mbuf. Its age counts from
 * the arrival of what it forwards, else from when it was queued.
 */
struct dp_tx_note {
	uint64_t since_ns;
	uint64_t kind; /* enum sh_kind of a packet to a viewer; 0: anything else, or a retransmission */
};

/* The field's place; dp_txq_init(). */
extern int dp_tx_note_offset;

static inline struct dp_tx_note *dp_tx_note(struct rte_mbuf *m)
{
	return RTE_MBUF_DYNFIELD(m, dp_tx_note_offset, struct dp_tx_note *);
}

enum {
	DP_TXQ_SLOTS = 16384,
	DP_TXQ_ROOM = 256, /* of the fan-out's packets */
	DP_TX_BURST_MAX = 64, /* packets that dp_tx_burst() takes */
};

struct dp_txq {
	uint32_t head, tail; /* free running; [tail, head) wait */
	uint32_t flushed; /* head at the last try to send */
	uint32_t limit; /* most that may wait: half the pool is for the receive queues and the streams */
	struct rte_mbuf *mbuf[DP_TXQ_SLOTS];
};

/* Once at start, before there are packets. 0 or errno. */
int dp_txq_init(void);

/* One of `queues`, each worker's for each port, that share a pool of `mbufs`. NULL: no memory. */
struct dp_txq *dp_txq_new(uint32_t mbufs, unsigned queues, int socket);
/* Gives back what waits. Called when the worker has stopped. */
void dp_txq_clear(struct dp_txq *q);

/* Queues in order; takes the mbuf. */
void dp_tx(struct dp_worker *w, uint16_t port_id, struct rte_mbuf *m);
/*
 * The same for at most DP_TX_BURST_MAX packets that fit the port's MTU and whose note is written; without a
 * detour where the queue is empty.
 */
void dp_tx_burst(struct dp_worker *w, uint16_t port_id, struct rte_mbuf **m, unsigned n);
/*
 * How many packets to viewers should be written now, before the device has taken others. The
 * fan-out stops there and goes on later: packets that wait in numbers have left the cache when
 * they are sent, and so have the buffers that come back.
 */
unsigned dp_tx_room(const struct dp_worker *w, uint16_t port_id);
/* Offers the queues to the devices. Returns how many packets the devices took. */
unsigned dp_tx_flush(struct dp_worker *w);

#endif

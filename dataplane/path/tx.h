/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_DATAPLANE_TX_H
#define SPATE_DATAPLANE_TX_H

/*
 * The bounded queue in front of one TX queue of a device. A burst to many viewers is
 * longer than the device's ring: what the ring does not take stays here, in order, and
 * goes on in the next loop, until it is too old.
 */

#include "../worker.h"

enum {
	DP_TXQ_SLOTS = 16384,
	DP_TXQ_AHEAD = 256, /* of the fan-out's packets */
};

struct dp_txq {
	uint32_t head, tail; /* free running; [tail, head) wait */
	uint32_t flushed; /* head at the last try to send */
	uint32_t limit; /* most that may wait: the pool feeds the receive queues too */
	struct rte_mbuf *mbuf[DP_TXQ_SLOTS];
	uint64_t queued_ns[DP_TXQ_SLOTS];
};

/* For one of `workers` that share a pool of `mbufs`. NULL: no memory. */
struct dp_txq *dp_txq_new(uint32_t mbufs, unsigned workers, int socket);
/* Gives back what waits. Called when the worker has stopped. */
void dp_txq_clear(struct dp_txq *q);

#endif

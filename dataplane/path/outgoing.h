/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_DATAPLANE_PATH_OUTGOING_H
#define SPATE_DATAPLANE_PATH_OUTGOING_H

/* Packets on their way to viewers, in batches: rewritten, then protected, encapsulated and queued together. */

#include <stdint.h>

#include "dataplane/srtp/srtp.h"

struct dp_transport;
struct dp_worker;
struct rte_mbuf;

enum { DP_JOBS = 64 };

/* Packets written but not encrypted yet. */
struct dp_outgoing {
	unsigned count, spares;
	unsigned allowed; /* fan-out: how many more in this loop */
	uint8_t kind; /* fan-out: enum sh_kind of the stream */
	struct dp_srtp_job job[DP_JOBS];
	struct rte_mbuf *mbuf[DP_JOBS];
	struct dp_transport *transport[DP_JOBS];
	struct rte_mbuf *spare[DP_JOBS];
};

/* An empty mbuf, or NULL: the pool is. */
struct rte_mbuf *dp_outgoing_mbuf(struct dp_worker *w, struct dp_outgoing *o);
/* Adds a packet; the caller has seen to room. */
void dp_outgoing_add(struct dp_outgoing *o, struct dp_transport *t, struct rte_mbuf *m, uint16_t hdr_len,
	const uint8_t *payload, uint16_t payload_len, uint32_t roc);
/* Protects, encapsulates and queues all. */
void dp_outgoing_flush(struct dp_worker *w, struct dp_outgoing *o);
/* The same, and gives back what was not used. */
void dp_outgoing_end(struct dp_worker *w, struct dp_outgoing *o);

#endif

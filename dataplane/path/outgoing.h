/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_DATAPLANE_PATH_MEDIA_H
#define SPATE_DATAPLANE_PATH_MEDIA_H

/* What the media stages share. */

#include "dataplane/tables/stream.h"
#include "dataplane/worker/worker.h"

#define DP_MS 1000000ull /* nanoseconds */

/* What a packet that authenticated, or is all right where nothing is protected, tells of its transport. */
void dp_authenticated(struct dp_worker *w, struct dp_transport *t, const struct dp_meta *meta, bool rtp);

/* --- fan-out: packets on their way to viewers ------------------------------------------- */

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

/* Adds one packet of a stream for one viewer, if it flows to it at all. False: no mbuf. */
bool dp_rewrite(struct dp_worker *w, const struct dp_slot *slot, struct dp_consumer *c,
	struct dp_outgoing *o);

/* Whether a packet of that much RTP fits the path, protected; and so an mbuf, which has room for any port's MTU. */
static inline bool dp_fits(const struct dp_transport *t, size_t rtp_len)
{
	const struct dp_encap *e = &t->encap;

	return rtp_len + DP_SRTP_RTP_OVERHEAD + (size_t)(e->len - e->ip_offset) <= e->mtu;
}

/* --- RTCP ----------------------------------------------------------------------------- */

/* Answers one number of a NACK. False: this viewer asks for too much, the rest of it is not looked at. */
bool dp_resend(struct dp_worker *w, struct dp_consumer *c, uint16_t seq, struct dp_outgoing *o);

/* To the producers of a transport, what is due: RR, NACK, PLI, transport-wide feedback, REMB. */
void dp_report_producers(struct dp_worker *w, struct dp_transport *t);
/* To the viewers of a transport: SR and SDES. */
void dp_report_consumers(struct dp_worker *w, struct dp_transport *t);

#endif

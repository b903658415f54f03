/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_DATAPLANE_PATH_STAGES_H
#define SPATE_DATAPLANE_PATH_STAGES_H

/*
 * The stages, in the order in which a packet meets them. Each is in the file of its name. A stage
 * takes a burst in `pkts`; one that returns a count has moved the packets that go on to the front.
 */

#include "dataplane/worker/packet.h"
#include "dataplane/worker/worker.h"

/* A burst sorted by what it is. */
struct dp_batch {
	struct rte_mbuf *stun[DP_BURST], *dtls[DP_BURST], *rtp[DP_BURST], *rtcp[DP_BURST];
	unsigned stuns, dtlses, rtps, rtcps;
};

unsigned dp_rx(struct dp_worker *w, struct rte_mbuf **pkts); /* the devices' queues */
unsigned dp_parse(struct dp_worker *w, struct rte_mbuf **pkts, unsigned n); /* keeps UDP to us */
unsigned dp_steer(struct dp_worker *w, struct rte_mbuf **pkts, unsigned n); /* keeps our own port's */
unsigned dp_handoff_rx(struct dp_worker *w, struct rte_mbuf **pkts); /* what others steered to us */
void dp_classify(struct dp_worker *w, struct rte_mbuf **pkts, unsigned n, struct dp_batch *b);
void dp_stun(struct dp_worker *w, struct rte_mbuf **pkts, unsigned n); /* answers or punts */
void dp_punt(struct dp_worker *w, struct rte_mbuf **pkts, unsigned n);
unsigned dp_unprotect(struct dp_worker *w, struct rte_mbuf **pkts, unsigned n); /* RTP */
void dp_route(struct dp_worker *w, struct rte_mbuf **pkts, unsigned n); /* into streams */
void dp_rtcp_in(struct dp_worker *w, struct rte_mbuf **pkts, unsigned n);
unsigned dp_fanout(struct dp_worker *w); /* returns packets sent */
unsigned dp_inject(struct dp_worker *w);
void dp_housekeeping(struct dp_worker *w); /* reports, retries, consent, statistics: every ms */

#endif

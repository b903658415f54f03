/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_DATAPLANE_PATH_STAGES_H
#define SPATE_DATAPLANE_PATH_STAGES_H

/*
 * The stages, in the order in which a packet passes them (loop.c). Each is in the file of its name;
 * dp_handoff_rx() is in steer.c and dp_dtls() in punt.c. A stage takes ownership of a burst: the
 * first `n` mbufs in `pkts`, or an array of DP_BURST that it fills itself. If it returns a count,
 * so many packets go on to the next stage and are at the front of `pkts`; all others have been
 * handed off, answered or dropped.
 */

#include "dataplane/worker/packet.h"
#include "dataplane/worker/worker.h"

/* A burst sorted by kind of packet, for the stages after dp_classify(). */
struct dp_batch {
	struct rte_mbuf *stun[DP_BURST], *dtls[DP_BURST], *rtp[DP_BURST], *rtcp[DP_BURST];
	unsigned stuns, dtlses, rtps, rtcps;
};

/* --- from the wire to this worker's datagrams -------------------------------------------- */

/* Receives frames from this worker's device queues. */
unsigned dp_rx(struct dp_worker *w, struct rte_mbuf **pkts);
/* Keeps UDP datagrams to our addresses and fills in their dp_meta. Answers ARP, ND and echo. */
unsigned dp_parse(struct dp_worker *w, struct rte_mbuf **pkts, unsigned n);
/* Keeps the datagrams to this worker's UDP ports and hands off those to other workers' ports. */
unsigned dp_steer(struct dp_worker *w, struct rte_mbuf **pkts, unsigned n);
/* Takes the datagrams that other workers handed off to this one. */
unsigned dp_handoff_rx(struct dp_worker *w, struct rte_mbuf **pkts);
/* Finds the transports of the datagrams and sorts them into `b`, by kind. */
void dp_classify(struct dp_worker *w, struct rte_mbuf **pkts, unsigned n, struct dp_batch *b);

/* --- each kind of packet ------------------------------------------------------------------ */

/* STUN: answers connectivity checks, and passes everything else up to the control plane. */
void dp_stun(struct dp_worker *w, struct rte_mbuf **pkts, unsigned n);
/* DTLS of bound addresses: passes it up to the control plane (in punt.c). */
void dp_dtls(struct dp_worker *w, struct rte_mbuf **pkts, unsigned n);
/* RTCP: decrypts it, takes the reports, retransmits for NACKs and notes key frame requests. */
void dp_rtcp_in(struct dp_worker *w, struct rte_mbuf **pkts, unsigned n);
/* RTP: authenticates and decrypts it in place; dp_meta then describes the decrypted packet. */
unsigned dp_unprotect(struct dp_worker *w, struct rte_mbuf **pkts, unsigned n);
/* Decrypted RTP: appends it to the ring of its stream and notifies the workers with viewers. */
void dp_route(struct dp_worker *w, struct rte_mbuf **pkts, unsigned n);

/* --- from the stream rings to the wire ---------------------------------------------------- */

/*
 * Sends the new packets in the stream rings to this worker's viewers. Each packet is rewritten
 * (path/rewrite.h), protected in a batch (path/outgoing.h), gets its headers (send/encap.h) and is
 * queued for the device (send/tx.h). Returns how much it did, 0: nothing.
 */
unsigned dp_fanout(struct dp_worker *w);

/* --- besides received packets ------------------------------------------------------------- */

/* Sends packets that the control plane made. Returns how many it took from the ring. */
unsigned dp_inject(struct dp_worker *w);
/* Once per millisecond: reports to peers, consent, statistics, and what time expires. */
void dp_housekeeping(struct dp_worker *w);

#endif

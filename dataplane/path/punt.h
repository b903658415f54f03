/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_DATAPLANE_PATH_PUNT_H
#define SPATE_DATAPLANE_PATH_PUNT_H

/* Passes packets up to the control plane, for the stages stun, dtls, unprotect and rtcp. */

struct dp_transport;
struct dp_worker;
struct rte_mbuf;

/*
 * Punts the datagram in `m`, or drops it. Takes ownership of `m`. The punt is charged to `payer`,
 * the transport at its address: nothing proves that it comes from the peer. NULL: it is charged to
 * the budgets for strangers.
 */
void dp_punt(struct dp_worker *w, struct rte_mbuf *m, struct dp_transport *payer);
/* The same for a datagram that is authentic, and was charged to another budget of its transport. */
void dp_punt_paid(struct dp_worker *w, struct rte_mbuf *m);
/*
 * Tells the control plane, at most once a second, that an authenticated packet came from an address
 * that is not bound: punts the beginning of the packet. `m` stays the caller's.
 */
void dp_punt_moved(struct dp_worker *w, struct rte_mbuf *m);

#endif

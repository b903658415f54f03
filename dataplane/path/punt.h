/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_DATAPLANE_PATH_PUNT_H
#define SPATE_DATAPLANE_PATH_PUNT_H

/* Passes packets up to the control plane, for the stages stun and dtls. */

struct dp_transport;
struct dp_worker;
struct rte_mbuf;

/*
 * Punts the datagram in `m`, or drops it. Takes ownership of `m`. The budget of `payer` pays for
 * it: of the transport for which the packet is proven to be. NULL: nobody vouches for it, and it
 * counts as a stranger's.
 */
void dp_punt(struct dp_worker *w, struct rte_mbuf *m, struct dp_transport *payer);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_DATAPLANE_SEND_FRAGMENT_H
#define SPATE_DATAPLANE_SEND_FRAGMENT_H

/*
 * Sends packets in fragments to viewers behind a link whose MTU is smaller than the port's. A media
 * packet cannot be made smaller: its size is the producer's choice.
 */

struct dp_encap;
struct dp_worker;
struct rte_mbuf;

/*
 * Sends an mbuf that holds a UDP payload, as dp_encap() takes it, in fragments of at most
 * e->path_mtu bytes, or drops it for lack of mbufs. Returns the number of datagrams sent, 0 or 1.
 */
unsigned dp_send_fragments(struct dp_worker *w, const struct dp_encap *e, struct rte_mbuf *m);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_DATAPLANE_PATH_ARP_ICMP_H
#define SPATE_DATAPLANE_PATH_ARP_ICMP_H

/*
 * Handles ARP, neighbour discovery and ICMP echo for the parse stage. `m` was received by `port`;
 * `f` and `ip` are its parsed headers. Both functions take ownership of `m`: they send it as the
 * answer, drop it or free it.
 */

#include "dataplane/net/frame.h"
#include "dataplane/net/ip.h"

struct dp_port;
struct dp_worker;
struct rte_mbuf;

/* Answers an ARP request for one of our addresses; takes the MAC address from a reply (RFC 826). */
void dp_arp_in(struct dp_worker *w, const struct dp_port *port, struct rte_mbuf *m, const struct dp_frame *f);
/*
 * Answers ICMP and ICMPv6 echo requests (RFC 792, RFC 4443) and neighbour solicitations, and takes
 * the MAC address from a neighbour advertisement (RFC 4861).
 */
void dp_icmp_in(struct dp_worker *w, const struct dp_port *port, struct rte_mbuf *m, const struct dp_frame *f,
	const struct dp_ip *ip);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_DATAPLANE_PATH_ARP_ICMP_H
#define SPATE_DATAPLANE_PATH_ARP_ICMP_H

/* What the parse stage answers itself. Each of these takes the mbuf. */

#include "dataplane/net/frame.h"
#include "dataplane/net/ip.h"

struct dp_port;
struct dp_worker;
struct rte_mbuf;

void dp_arp_in(struct dp_worker *w, const struct dp_port *port, struct rte_mbuf *m, const struct dp_frame *f);
/* ICMP echo, ICMPv6 echo and neighbour solicitation. */
void dp_icmp_in(struct dp_worker *w, const struct dp_port *port, struct rte_mbuf *m, const struct dp_frame *f,
	const struct dp_ip *ip);

#endif

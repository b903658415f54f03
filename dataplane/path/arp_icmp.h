/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_DATAPLANE_ANSWER_H
#define SPATE_DATAPLANE_ANSWER_H

/* What the parse stage answers itself. Each of these takes the mbuf. */

#include "dataplane/net/frame.h"
#include "dataplane/net/ip.h"
#include "dataplane/worker/worker.h"

void dp_answer_arp(struct dp_worker *w, const struct dp_port *port, struct rte_mbuf *m,
	const struct dp_frame *f);
/* ICMP echo, ICMPv6 echo and neighbour solicitation. */
void dp_answer_icmp(struct dp_worker *w, const struct dp_port *port, struct rte_mbuf *m,
	const struct dp_frame *f, const struct dp_ip *ip);

#endif

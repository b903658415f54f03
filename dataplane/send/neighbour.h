/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_DATAPLANE_SEND_NEIGHBOUR_H
#define SPATE_DATAPLANE_SEND_NEIGHBOUR_H

/* Requests a neighbour's MAC address, by ARP (RFC 826) or neighbour discovery (RFC 4861). */

#include "shared/abi.h"

struct dp_worker;

/*
 * Sends one request for path->remote from path->local, by the port and VLAN of path->l2. The answer
 * arrives at path/neighbour.h. Without a free mbuf, no request is sent and a drop is counted.
 */
void dp_neighbour_solicit(struct dp_worker *w, const struct sh_path *path);

#endif

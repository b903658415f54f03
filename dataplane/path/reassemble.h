/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_DATAPLANE_PATH_REASSEMBLE_H
#define SPATE_DATAPLANE_PATH_REASSEMBLE_H

/*
 * Puts the fragments of UDP datagrams together, with DPDK's rte_ip_frag. Anybody can send
 * fragments, so each worker keeps at most DP_REASSEMBLY_DATAGRAMS incomplete datagrams, of at most
 * 8 fragments each, for at most a second. All fragments of a datagram must reach the same worker.
 * Devices ensure that: a later fragment has no ports, so they distribute fragments by addresses.
 */

#include <stdint.h>

enum { DP_REASSEMBLY_DATAGRAMS = 64 };

struct dp_frame;
struct dp_port;
struct dp_reassembly;
struct dp_worker;
struct rte_mbuf;

/* The memory for one worker. NULL: there is none. */
struct dp_reassembly *dp_reassembly_new(int socket);
void dp_reassembly_free(struct dp_reassembly *r);

/*
 * Takes a fragment whose IP header is sound. Returns the datagram if it was the last one missing,
 * as a frame of one buffer with checksums still to be verified; NULL: it is kept, or was dropped.
 */
struct rte_mbuf *dp_reassemble(struct dp_worker *w, const struct dp_port *port, struct rte_mbuf *m,
	const struct dp_frame *f);

/* Drops fragments that were kept for too long. Housekeeping calls it each time. */
void dp_reassembly_expire(struct dp_worker *w);

#endif

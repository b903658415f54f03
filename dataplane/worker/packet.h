/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_DATAPLANE_WORKER_PACKET_H
#define SPATE_DATAPLANE_WORKER_PACKET_H

/*
 * Defines what the stages know of a received packet. It is stored in the private area of the
 * packet's mbuf.
 */

#include <stdint.h>

#include <rte_mbuf.h>

#include "shared/abi.h"

struct dp_transport;

enum { DP_BURST = 32 }; /* most packets that a stage takes in one call */

/*
 * Values of dp_meta.tuple for packets to a plain transport's port from another address than its
 * own.
 */
enum {
	DP_TUPLE_RTCP = 0xfd, /* from the UDP port above the transport's (RFC 3550, 11) */
	DP_TUPLE_STRANGER = 0xfe, /* from elsewhere: the transport learns it if it accepts the packet */
};

struct dp_meta {
	struct sh_path path; /* `remote` is the source of the packet, `local` its destination */
	uint64_t rx_ns; /* arrival, CLOCK_MONOTONIC */
	struct dp_transport *transport; /* NULL: none is known for this path */
	uint16_t payload_offset, payload_len; /* UDP payload; offset from rte_pktmbuf_mtod() */
	uint8_t tuple; /* index in transport->tuple, or one of DP_TUPLE_* */
};

static inline struct dp_meta *dp_meta(struct rte_mbuf *m)
{
	return rte_mbuf_to_priv(m);
}

#endif

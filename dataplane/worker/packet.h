/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_DATAPLANE_WORKER_PACKET_H
#define SPATE_DATAPLANE_WORKER_PACKET_H

/*
 * Defines what the stages know of a received packet. It is stored in the private area of the
 * packet's mbuf.
 */

#include <stdbool.h>
#include <stdint.h>

#include <rte_mbuf.h>

#include "shared/abi.h"

struct dp_transport;

enum { DP_BURST = 32 }; /* most packets that a stage takes in one call */

/*
 * Values of dp_meta.tuple for packets from another address than the transport's own. But for the
 * first one they are for packets to a plain transport's port.
 */
enum {
	/* on a WebRTC transport: from an unknown address; authentication tells whether it is the peer's */
	DP_TUPLE_MOVED = 0xfc,
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

/* Whether the packet came from an address that nobody vouches for until it is authenticated. */
static inline bool dp_is_from_elsewhere(const struct dp_meta *meta)
{
	return meta->tuple == DP_TUPLE_STRANGER || meta->tuple == DP_TUPLE_MOVED;
}

#endif

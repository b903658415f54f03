/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_DATAPLANE_SEND_ENCAP_H
#define SPATE_DATAPLANE_SEND_ENCAP_H

/* Ethernet, IP and UDP headers in front of a payload: a template for each path, then a copy and a few stores. */

#include <stdint.h>

#include "shared/abi.h"

struct dp_worker;
struct rte_mbuf;

enum {
	DP_ENCAP_MAX = 14 + 4 + 40 + 8, /* Ethernet, VLAN, IPv6, UDP */
	DP_ENCAP_ROOM = 80, /* copied in pieces of a fixed size: so many bytes before a payload may change */
	DP_ENCAP_SHORT = 48, /* enough for IPv4 */
};

/* Ethernet, VLAN, IP and UDP of one path, ready to be copied in front of a payload. */
struct dp_encap {
	uint8_t len; /* of all headers */
	uint8_t ip_offset, udp_offset; /* from their start */
	uint8_t family; /* 4 or 6; 0: no path yet */
	uint16_t port_id; /* DPDK */
	uint16_t mtu; /* longest IP packet */
	uint32_t ip_sum; /* IPv4: dp_sum() of the header without length and checksum */
	uint8_t header[DP_ENCAP_ROOM]; /* the last `len` bytes */
};

/* Builds the header template of a path. */
void dp_encap_init(struct dp_worker *w, struct dp_encap *e, const struct sh_path *path);
/*
 * Puts the template's headers in front of an mbuf that holds a UDP payload, and fills in lengths and
 * checksums. The mbuf has DP_ENCAP_ROOM of headroom, all of which may change.
 */
void dp_encap(struct dp_worker *w, const struct dp_encap *e, struct rte_mbuf *m);

#endif

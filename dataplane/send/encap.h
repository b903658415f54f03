/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_DATAPLANE_SEND_ENCAP_H
#define SPATE_DATAPLANE_SEND_ENCAP_H

/*
 * Puts Ethernet, IP and UDP headers in front of a payload. Each path has a template, so that a
 * packet costs a copy and a few stores.
 */

#include <stdbool.h>
#include <stdint.h>

#include "shared/abi.h"

struct dp_worker;
struct rte_mbuf;

enum {
	DP_ENCAP_MAX = 14 + 4 + 40 + 8, /* Ethernet, VLAN, IPv6, UDP */
	DP_ENCAP_ROOM = 80, /* bytes before a payload that may change: a fixed-size copy is faster */
	DP_ENCAP_SHORT = 48, /* bytes copied if the headers are no longer than this, as with IPv4 */
};

/* The headers of one path, ready to be copied in front of a payload. Network byte order. */
struct dp_encap {
	uint8_t len; /* length of all headers */
	uint8_t ip_offset, udp_offset; /* from the start of the Ethernet header */
	uint8_t family; /* 4 or 6; 0: no path yet */
	uint16_t port_id; /* DPDK's, of the port by which packets leave */
	uint16_t mtu; /* longest IP packet of the port, in bytes */
	uint16_t path_mtu; /* longer ones are sent in fragments (send/fragment.h); at most mtu */
	bool read_by_cpu; /* the port's other side is a CPU, whose caches hold what it has read */
	uint32_t ip_sum; /* IPv4: dp_sum() of the header without length and checksum */
	uint8_t header[DP_ENCAP_ROOM]; /* the headers are the last `len` bytes */
};

/* Builds the header template of a path. path->l2.port must be one of our ports. */
void dp_encap_init(struct dp_worker *w, struct dp_encap *e, const struct sh_path *path);
/*
 * Puts the template's headers in front of an mbuf that holds a UDP payload, and fills in lengths
 * and checksums, or leaves the checksums to the device. The mbuf has DP_ENCAP_ROOM bytes of
 * headroom, all of which may change. It is ready for send/tx.h.
 */
void dp_encap(struct dp_worker *w, const struct dp_encap *e, struct rte_mbuf *m);

#endif

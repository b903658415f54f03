/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_DATAPLANE_NET_FRAME_H
#define SPATE_DATAPLANE_NET_FRAME_H

/*
 * Parses and builds Ethernet II headers with at most one 802.1Q tag. Pure C.
 *
 * The parsers of this folder return DP_NET_OK, or the reason for which the packet must be dropped.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "shared/drop.h"

#define DP_NET_OK SH_DROP_COUNT

enum {
	DP_ETHER_HEADER = 14,
	DP_ETHER_VLAN = 4,
	DP_ETHERTYPE_IPV4 = 0x0800,
	DP_ETHERTYPE_ARP = 0x0806,
	DP_ETHERTYPE_VLAN = 0x8100,
	DP_ETHERTYPE_IPV6 = 0x86dd,
};

/* A parsed header; the pointers point into the frame. */
struct dp_frame {
	const uint8_t *dst, *src;
	uint16_t type; /* DP_ETHERTYPE_* */
	uint16_t vlan; /* VLAN id; 0: untagged, or tagged with a priority only */
	uint16_t offset; /* offset of the payload from the start of the frame */
};

/*
 * Parses a frame of `len` bytes. Returns DP_NET_OK, SH_DROP_ETH_SHORT, SH_DROP_ETH_TYPE, or
 * SH_DROP_NOT_OURS if the source address is not unicast.
 */
enum sh_drop dp_frame_parse(struct dp_frame *f, const uint8_t *data, size_t len);

/* Whether the frame is sent to `mac` or to a group (multicast or broadcast) address. */
bool dp_frame_for(const struct dp_frame *f, const uint8_t mac[6]);

/*
 * Writes a header with EtherType `type`, with a tag if `vlan` is not 0. Returns its length in
 * bytes, 14 or 18.
 */
size_t dp_frame_build(uint8_t *out, const uint8_t dst[6], const uint8_t src[6], uint16_t vlan, uint16_t type);

#endif

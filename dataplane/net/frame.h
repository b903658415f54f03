/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_DATAPLANE_FRAME_H
#define SPATE_DATAPLANE_FRAME_H

/*
 * Ethernet II with at most one 802.1Q tag. Pure C.
 *
 * Parsers in this directory answer with the reason for which the packet must be let go,
 * or DP_NET_OK.
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

/* Pointers go into the frame. */
struct dp_frame {
	const uint8_t *dst, *src;
	uint16_t type; /* DP_ETHERTYPE_* */
	uint16_t vlan; /* 0: untagged, or a priority tag */
	uint16_t offset; /* of what follows */
};

/* DP_NET_OK, ETH_SHORT, ETH_TYPE; NOT_OURS when the source is no unicast address. */
enum sh_drop dp_frame_parse(struct dp_frame *f, const uint8_t *data, size_t len);

/* Whether the frame is for `mac`: its own address, or any group's. */
bool dp_frame_for(const struct dp_frame *f, const uint8_t mac[6]);

/* Writes a header for `type`. Returns its length, 14 or 18. */
size_t dp_frame_build(uint8_t *out, const uint8_t dst[6], const uint8_t src[6], uint16_t vlan, uint16_t type);

static inline uint16_t dp_get16(const uint8_t *p)
{
	return (uint16_t)(p[0] << 8 | p[1]);
}

static inline void dp_put16(uint8_t *p, uint16_t v)
{
	p[0] = (uint8_t)(v >> 8);
	p[1] = (uint8_t)v;
}

#endif

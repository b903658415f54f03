/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_DATAPLANE_NET_FRAGMENT_H
#define SPATE_DATAPLANE_NET_FRAGMENT_H

/* Parses and builds fragments of IPv4 (RFC 791) and IPv6 (RFC 8200, 4.5) with UDP. Pure C. */

#include "dataplane/net/ip.h"

enum {
	DP_IPV6_FRAGMENT_HEADER = 8,
	DP_PROTO_FRAGMENT = 44,
	DP_FRAGMENT_END = 9216, /* no longer datagram is reassembled; the longest frame has 9,000 bytes */
};

/* A parsed fragment. Lengths and offsets are in bytes. */
struct dp_fragment {
	const uint8_t *dst; /* points into the frame */
	uint16_t header; /* length of the IP header, with IPv6's fragment header */
	uint16_t len; /* of the part of the datagram, which begins at frame + offset + header */
};

/*
 * Parses the fragment at `offset` of a frame of `len` bytes, which dp_ipv4_parse() or
 * dp_ipv6_parse() called a fragment. Returns DP_NET_OK, SH_DROP_IP_MALFORMED (also for a part that
 * cannot be of a UDP datagram), or SH_DROP_IP_FRAGMENT (other protocols; options or further
 * extension headers, which nobody sends with media; a fragment that is the whole datagram).
 */
enum sh_drop dp_fragment_parse(struct dp_fragment *out, uint8_t family, const uint8_t *frame, size_t len,
	size_t offset);

/*
 * Turns the IP header at `ip` (20 or 40 bytes, for UDP) into a fragment's, with complete lengths
 * and checksum. `at`: where the part of `len` bytes begins in the datagram, a multiple of 8;
 * `more`: it is not the last. IPv6: writes the fragment header behind it. Returns the length of all
 * headers.
 */
size_t dp_fragment_build(uint8_t *ip, uint8_t family, uint32_t id, size_t at, size_t len, bool more);

#endif

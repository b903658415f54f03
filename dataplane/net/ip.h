/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_DATAPLANE_NET_IP_H
#define SPATE_DATAPLANE_NET_IP_H

/*
 * Parses and builds IPv4 (RFC 791) and IPv6 (RFC 8200) headers as far as an endpoint needs them.
 * Pure C.
 */

#include "dataplane/net/frame.h"

enum {
	DP_IPV4_HEADER = 20,
	DP_IPV6_HEADER = 40,
	DP_IPV6_EXTENSIONS = 4, /* extension headers that the parser skips at most */
	DP_IP_TTL = 64,
	DP_PROTO_ICMP = 1,
	DP_PROTO_UDP = 17,
	DP_PROTO_ICMPV6 = 58,
};

/* A parsed header. Offsets and lengths are in bytes, offsets from the start of the frame. */
struct dp_ip {
	uint8_t family; /* 4 or 6 */
	uint8_t proto;
	uint8_t hop_limit;
	bool options; /* has IPv4 options or IPv6 extension headers */
	uint16_t offset, l4_offset, l4_len;
	const uint8_t *src, *dst; /* point into the frame; 4 or 16 bytes */
};

/*
 * Parses the header at `offset` of a frame of `len` bytes. Bytes behind the packet's own length are
 * Ethernet padding and are ignored. `verify`: also check the IPv4 header checksum. Returns
 * DP_NET_OK, SH_DROP_IP_MALFORMED (also if the source address is not a valid one),
 * SH_DROP_IP_CHECKSUM, SH_DROP_IP_FRAGMENT or SH_DROP_IP_PROTO (IPv6 extension headers that an
 * endpoint cannot process).
 */
enum sh_drop dp_ipv4_parse(struct dp_ip *ip, const uint8_t *frame, size_t len, size_t offset, bool verify);
enum sh_drop dp_ipv6_parse(struct dp_ip *ip, const uint8_t *frame, size_t len, size_t offset);

/*
 * Writes a header for UDP with the length 0 and, for IPv4, the checksum 0 and DF set, which the
 * caller fills in. Returns its length in bytes.
 */
size_t dp_ip_build(uint8_t *out, uint8_t family, const uint8_t *src, const uint8_t *dst);

#endif

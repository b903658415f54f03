/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_DATAPLANE_IP_H
#define SPATE_DATAPLANE_IP_H

/* IPv4 (RFC 791) and IPv6 (RFC 8200) headers, as far as an endpoint needs them. Pure C. */

#include "dataplane/net/frame.h"

enum {
	DP_IPV4_HEADER = 20,
	DP_IPV6_HEADER = 40,
	DP_IPV6_EXTENSIONS = 4, /* extension headers followed at most */
	DP_IP_TTL = 64,
	DP_PROTO_ICMP = 1,
	DP_PROTO_UDP = 17,
	DP_PROTO_ICMPV6 = 58,
};

/* Offsets are from the start of the frame. */
struct dp_ip {
	uint8_t family; /* 4 or 6 */
	uint8_t proto;
	uint8_t hop_limit;
	bool options; /* IPv4 options, or IPv6 extension headers */
	uint16_t offset, l4_offset, l4_len;
	const uint8_t *src, *dst; /* into the frame: 4 or 16 bytes */
};

/*
 * Parses the header at `offset` of a frame of `len` bytes. What lies behind the packet's
 * own length is Ethernet padding and is not looked at. `verify`: also the IPv4 header
 * checksum. DP_NET_OK, IP_MALFORMED, IP_CHECKSUM, IP_FRAGMENT, IP_PROTO.
 */
enum sh_drop dp_ipv4_parse(struct dp_ip *ip, const uint8_t *frame, size_t len, size_t offset, bool verify);
enum sh_drop dp_ipv6_parse(struct dp_ip *ip, const uint8_t *frame, size_t len, size_t offset);

/* Writes a header for UDP with length 0 and, for IPv4, checksum 0 and DF set. Returns its length. */
size_t dp_ip_build(uint8_t *out, uint8_t family, const uint8_t *src, const uint8_t *dst);

#endif

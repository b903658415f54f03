/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_DATAPLANE_NET_PMTU_H
#define SPATE_DATAPLANE_NET_PMTU_H

/*
 * Parses a router's message that a packet is too big for its next link: "fragmentation needed" of
 * ICMP (RFC 1191) and "packet too big" of ICMPv6 (RFC 8201). Pure C.
 */

#include "dataplane/net/icmp.h"

enum {
	DP_ICMP_UNREACHABLE = 3,
	DP_ICMPV6_TOO_BIG = 2,
	DP_PMTU_MIN_IPV4 = 576, /* smaller values are not believed: every host accepts packets of this size */
	DP_PMTU_MIN_IPV6 = 1280, /* RFC 8200, 5 */
};

/* A believable message. Addresses point into the frame; ports are in host byte order. */
struct dp_pmtu {
	uint16_t mtu; /* longest IP packet in bytes, not below the minimum of its family */
	const uint8_t *local_ip, *remote_ip; /* of the quoted packet: its source and destination */
	uint16_t local_port, remote_port;
};

/*
 * Parses the ICMP message that `ip` describes, after dp_icmp_parse() has checked it. False: it is
 * no such message, or it quotes no UDP packet that we could have sent: one from the address that
 * the message came to, longer than the MTU, with DF (IPv4), not a later fragment.
 */
bool dp_pmtu_parse(struct dp_pmtu *out, const uint8_t *frame, const struct dp_ip *ip);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_DATAPLANE_NET_ND_H
#define SPATE_DATAPLANE_NET_ND_H

/*
 * Parses and builds solicitations and advertisements of IPv6 neighbour discovery (RFC 4861). Pure
 * C. MAC addresses are 6 bytes, IPv6 addresses 16 bytes in network byte order.
 */

#include "dataplane/net/ip.h"

enum {
	DP_ND_SOLICITATION = 135,
	DP_ND_ADVERTISEMENT = 136,
	DP_ND_ADVERTISEMENT_LEN = 32, /* with the target link-layer address option */
	DP_ND_SOLICITATION_LEN = 32, /* with the source link-layer address option */
};

struct dp_nd {
	const uint8_t *target; /* points into the frame */
	bool duplicate_detection; /* the source is the unspecified address (RFC 4862, 5.4) */
};

/*
 * Validates a neighbour solicitation (ICMPv6 type 135) as RFC 4861, 7.1.1 requires; dp_icmp_parse()
 * has checked the checksum. Returns DP_NET_OK or SH_DROP_IP_MALFORMED.
 */
enum sh_drop dp_nd_parse(struct dp_nd *nd, const uint8_t *frame, const struct dp_ip *ip);

/*
 * Writes the frame of the advertisement that replies to `nd`, with a tag if `vlan` is not 0.
 * `asker_ip` and `eth_src` are the addresses of the solicitation's sender; `mac` is ours. Returns
 * its length in bytes, at most 14 + 4 + 40 + DP_ND_ADVERTISEMENT_LEN.
 */
size_t dp_nd_reply(uint8_t *out, const struct dp_nd *nd, const uint8_t *asker_ip, const uint8_t eth_src[6],
	uint16_t vlan, const uint8_t mac[6]);

/*
 * Writes the frame of a solicitation for `target` from our addresses `mac` and `ip`, with a tag if
 * `vlan` is not 0. Returns its length in bytes, at most 14 + 4 + 40 + DP_ND_SOLICITATION_LEN.
 */
size_t dp_nd_solicit(uint8_t *out, const uint8_t mac[6], uint16_t vlan, const uint8_t ip[16],
	const uint8_t target[16]);

/*
 * Validates a neighbour advertisement (ICMPv6 type 136) as RFC 4861, 7.1.2 requires;
 * dp_icmp_parse() has checked the checksum. Stores pointers into the frame to the target's IPv6
 * address and to its MAC address. Returns DP_NET_OK, or SH_DROP_IP_MALFORMED, also if it has no
 * unicast MAC address.
 */
enum sh_drop dp_nd_answer(const uint8_t **target, const uint8_t **mac, const uint8_t *frame,
	const struct dp_ip *ip);

#endif

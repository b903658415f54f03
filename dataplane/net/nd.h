/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_DATAPLANE_ND_H
#define SPATE_DATAPLANE_ND_H

/* IPv6 neighbour discovery (RFC 4861): solicitations and advertisements, both ways. Pure C. */

#include "dataplane/net/ip.h"

enum {
	DP_ND_SOLICITATION = 135,
	DP_ND_ADVERTISEMENT = 136,
	DP_ND_ADVERTISEMENT_LEN = 32, /* with the target's link-layer address */
	DP_ND_SOLICITATION_LEN = 32, /* with our own */
};

struct dp_nd {
	const uint8_t *target; /* 16 bytes, into the frame */
	bool duplicate_detection; /* asked from the unspecified address (RFC 4862, 5.4) */
};

/*
 * Checks an ICMPv6 message of type 135 as RFC 4861, 7.1.1 demands. The checksum is
 * checked by dp_icmp_parse. DP_NET_OK or IP_MALFORMED.
 */
enum sh_drop dp_nd_parse(struct dp_nd *nd, const uint8_t *frame, const struct dp_ip *ip);

/*
 * Writes the whole answering frame, with `vlan` when it is not 0, at `out`. `eth_src` is
 * who asked. Returns its length, at most 14 + 4 + 40 + DP_ND_ADVERTISEMENT_LEN.
 */
size_t dp_nd_reply(uint8_t *out, const struct dp_nd *nd, const uint8_t *asker_ip, const uint8_t eth_src[6],
	uint16_t vlan, const uint8_t mac[6]);

/*
 * Writes the whole frame that asks for `target`, from our address `ip`. Returns its length,
 * at most 14 + 4 + 40 + DP_ND_SOLICITATION_LEN.
 */
size_t dp_nd_ask(uint8_t *out, const uint8_t mac[6], uint16_t vlan, const uint8_t ip[16],
	const uint8_t target[16]);

/*
 * Of a message of type 136 as RFC 4861, 7.1.2 demands: whom it speaks of, and that one's MAC; both
 * point into the frame. The checksum is checked by dp_icmp_parse. DP_NET_OK or IP_MALFORMED,
 * also where it has no MAC.
 */
enum sh_drop dp_nd_answer(const uint8_t **target, const uint8_t **mac, const uint8_t *frame,
	const struct dp_ip *ip);

#endif

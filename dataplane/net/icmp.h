/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_DATAPLANE_NET_ICMP_H
#define SPATE_DATAPLANE_NET_ICMP_H

/* Parses ICMP (RFC 792) and ICMPv6 (RFC 4443) messages and builds echo replies. Pure C. */

#include "dataplane/net/ip.h"

enum { DP_ICMP_HEADER = 8, DP_ICMP_ECHO = 8, DP_ICMPV6_ECHO = 128 };

/*
 * Checks the length and checksum of the message that `ip` describes and stores its type. Returns
 * DP_NET_OK, SH_DROP_IP_MALFORMED or SH_DROP_IP_CHECKSUM.
 */
enum sh_drop dp_icmp_parse(uint8_t *type, const uint8_t *frame, const struct dp_ip *ip);

/*
 * Turns an echo request into its reply, in place: swaps the IP addresses, sends the frame from
 * `mac` to its sender, and updates the checksums. `ip` must not have options.
 */
void dp_icmp_echo_reply(uint8_t *frame, const struct dp_ip *ip, const uint8_t mac[6]);

#endif

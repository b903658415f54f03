/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_DATAPLANE_ICMP_H
#define SPATE_DATAPLANE_ICMP_H

/* ICMP (RFC 792) and ICMPv6 (RFC 4443) echo. Pure C. */

#include "dataplane/net/ip.h"

enum { DP_ICMP_HEADER = 8, DP_ICMP_ECHO = 8, DP_ICMPV6_ECHO = 128 };

/*
 * Checks length and checksum of the message that `ip` holds and gives its type.
 * DP_NET_OK, IP_MALFORMED, IP_CHECKSUM.
 */
enum sh_drop dp_icmp_parse(uint8_t *type, const uint8_t *frame, const struct dp_ip *ip);

/*
 * Turns an echo request into its reply, in place: MAC and IP addresses change sides.
 * `ip` has no options.
 */
void dp_icmp_echo_reply(uint8_t *frame, const struct dp_ip *ip, const uint8_t mac[6]);

#endif

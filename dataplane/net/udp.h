/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_DATAPLANE_NET_UDP_H
#define SPATE_DATAPLANE_NET_UDP_H

/* Parses UDP headers (RFC 768; over IPv6: RFC 8200, 8.1). Pure C. */

#include "dataplane/net/ip.h"

enum { DP_UDP_HEADER = 8 };

struct dp_udp {
	uint16_t src, dst; /* host byte order */
	uint16_t payload_offset, payload_len; /* in bytes, from the start of the frame */
};

/*
 * Parses the header at the offset that `ip` gives. `verify`: also check the checksum. Returns
 * DP_NET_OK, SH_DROP_UDP_MALFORMED, or SH_DROP_UDP_CHECKSUM (wrong, or absent over IPv6).
 */
enum sh_drop dp_udp_parse(struct dp_udp *u, const uint8_t *frame, const struct dp_ip *ip, bool verify);

#endif

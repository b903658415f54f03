/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_DATAPLANE_UDP_H
#define SPATE_DATAPLANE_UDP_H

/* UDP (RFC 768; over IPv6: RFC 8200, 8.1). Pure C. */

#include "dataplane/net/ip.h"

enum { DP_UDP_HEADER = 8 };

struct dp_udp {
	uint16_t src, dst; /* host order */
	uint16_t payload_offset, payload_len; /* offset from the start of the frame */
};

/*
 * Parses what `ip` says is there. `verify`: also the checksum. DP_NET_OK, UDP_MALFORMED,
 * UDP_CHECKSUM (wrong, or absent over IPv6).
 */
enum sh_drop dp_udp_parse(struct dp_udp *u, const uint8_t *frame, const struct dp_ip *ip, bool verify);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
#include "dataplane/net/udp.h"

#include "dataplane/net/checksum.h"
#include "shared/bytes.h"

enum sh_drop dp_udp_parse(struct dp_udp *u, const uint8_t *frame, const struct dp_ip *ip, bool verify)
{
	const uint8_t *h = frame + ip->l4_offset;
	uint16_t len;

	if (ip->l4_len < DP_UDP_HEADER)
		return SH_DROP_UDP_MALFORMED;
	len = sh_get_be16(h + 4);
	if (len < DP_UDP_HEADER || len > ip->l4_len)
		return SH_DROP_UDP_MALFORMED;
	u->src = sh_get_be16(h);
	u->dst = sh_get_be16(h + 2);
	if (u->src == 0) /* a reply would have no destination port */
		return SH_DROP_UDP_MALFORMED;
	if (h[6] == 0 && h[7] == 0) {
		if (ip->family == 6)
			return SH_DROP_UDP_CHECKSUM;
	} else if (verify) {
		uint32_t sum = dp_sum_pseudo(ip->family, ip->src, ip->dst, DP_PROTO_UDP, len);

		if (dp_sum_fold(dp_sum(sum, h, len)) != 0)
			return SH_DROP_UDP_CHECKSUM;
	}
	u->payload_offset = (uint16_t)(ip->l4_offset + DP_UDP_HEADER);
	u->payload_len = (uint16_t)(len - DP_UDP_HEADER);
	return DP_NET_OK;
}

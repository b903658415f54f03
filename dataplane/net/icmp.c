/* SPDX-License-Identifier: Apache-2.0 */
#include "dataplane/net/icmp.h"

#include <string.h>

#include "dataplane/net/checksum.h"

static uint32_t pseudo(const struct dp_ip *ip)
{
	return ip->family == 4 ? 0 : dp_sum_pseudo(6, ip->src, ip->dst, DP_PROTO_ICMPV6, ip->l4_len);
}

enum sh_drop dp_icmp_parse(uint8_t *type, const uint8_t *frame, const struct dp_ip *ip)
{
	const uint8_t *p = frame + ip->l4_offset;

	if (ip->l4_len < DP_ICMP_HEADER)
		return SH_DROP_IP_MALFORMED;
	if (dp_sum_fold(dp_sum(pseudo(ip), p, ip->l4_len)) != 0)
		return SH_DROP_IP_CHECKSUM;
	*type = p[0];
	return DP_NET_OK;
}

static void swap(uint8_t *a, uint8_t *b, size_t len)
{
	uint8_t keep[16];

	memcpy(keep, a, len);
	memcpy(a, b, len);
	memcpy(b, keep, len);
}

void dp_icmp_echo_reply(uint8_t *frame, const struct dp_ip *ip, const uint8_t mac[6])
{
	uint8_t *h = frame + ip->offset, *p = frame + ip->l4_offset;
	uint16_t sum;

	memcpy(frame, frame + 6, 6);
	memcpy(frame + 6, mac, 6);
	if (ip->family == 4) {
		swap(h + 12, h + 16, 4);
		h[8] = DP_IP_TTL;
		h[10] = h[11] = 0;
		sum = dp_sum_fold(dp_sum(0, h, DP_IPV4_HEADER));
		memcpy(h + 10, &sum, 2);
		p[0] = 0;
	} else {
		swap(h + 8, h + 24, 16);
		h[7] = DP_IP_TTL;
		p[0] = 129;
	}
	p[2] = p[3] = 0;
	sum = dp_sum_fold(dp_sum(pseudo(ip), p, ip->l4_len));
	memcpy(p + 2, &sum, 2);
}

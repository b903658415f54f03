/* SPDX-License-Identifier: Apache-2.0 */
#include "dataplane/net/ip.h"

#include <string.h>

#include "dataplane/net/checksum.h"
#include "shared/bytes.h"

/* Whether the address is a valid source: not unspecified, not a group, not loopback. */
static bool ipv4_source(const uint8_t *a)
{
	return a[0] != 0 && a[0] != 127 && a[0] < 224;
}

/* Likewise, but ICMPv6 may come from the unspecified address (RFC 4862, 5.4). */
static bool ipv6_source(const uint8_t *a, uint8_t proto)
{
	static const uint8_t zero[15];

	if (a[0] == 0xff)
		return false;
	if (memcmp(a, zero, sizeof(zero)) != 0)
		return true;
	return a[15] == 0 ? proto == DP_PROTO_ICMPV6 : a[15] != 1;
}

enum sh_drop dp_ipv4_parse(struct dp_ip *ip, const uint8_t *frame, size_t len, size_t offset, bool verify)
{
	const uint8_t *h = frame + offset;
	size_t header, total;

	if (len < offset + DP_IPV4_HEADER || h[0] >> 4 != 4)
		return SH_DROP_IP_MALFORMED;
	header = (size_t)(h[0] & 0x0f) * 4;
	total = sh_get_be16(h + 2);
	if (header < DP_IPV4_HEADER || total < header || total > len - offset)
		return SH_DROP_IP_MALFORMED;
	if (verify && dp_sum_fold(dp_sum(0, h, header)) != 0)
		return SH_DROP_IP_CHECKSUM;
	if (sh_get_be16(h + 6) & 0x3fff) /* more fragments follow, or this is not the first */
		return SH_DROP_IP_FRAGMENT;
	if (!ipv4_source(h + 12))
		return SH_DROP_IP_MALFORMED;
	ip->family = 4;
	ip->proto = h[9];
	ip->hop_limit = h[8];
	ip->options = header > DP_IPV4_HEADER;
	ip->offset = (uint16_t)offset;
	ip->l4_offset = (uint16_t)(offset + header);
	ip->l4_len = (uint16_t)(total - header);
	ip->src = h + 12;
	ip->dst = h + 16;
	return DP_NET_OK;
}

/*
 * Skips hop-by-hop options, destination options and routing headers with no segments left (RFC
 * 8200, 4.3, 4.4, 4.6). Advances `at` and `next`; sets `any` if a header was skipped.
 */
static enum sh_drop ipv6_extensions(const uint8_t *frame, size_t end, size_t *at, uint8_t *next, bool *any)
{
	for (int i = 0;; i++) {
		size_t size;

		if (*next == 44)
			return SH_DROP_IP_FRAGMENT;
		if (*next != 0 && *next != 60 && *next != 43)
			return DP_NET_OK;
		if (i == DP_IPV6_EXTENSIONS)
			return SH_DROP_IP_PROTO;
		if (end - *at < 8)
			return SH_DROP_IP_MALFORMED;
		size = ((size_t)frame[*at + 1] + 1) * 8;
		if (size > end - *at)
			return SH_DROP_IP_MALFORMED;
		if (*next == 43 && frame[*at + 3] != 0) /* segments left: not the destination */
			return SH_DROP_IP_PROTO;
		*next = frame[*at];
		*at += size;
		*any = true;
	}
}

enum sh_drop dp_ipv6_parse(struct dp_ip *ip, const uint8_t *frame, size_t len, size_t offset)
{
	const uint8_t *h = frame + offset;
	size_t payload, at = offset + DP_IPV6_HEADER;
	enum sh_drop reason;

	if (len < at || h[0] >> 4 != 6)
		return SH_DROP_IP_MALFORMED;
	payload = sh_get_be16(h + 4);
	if (payload > len - at)
		return SH_DROP_IP_MALFORMED;
	ip->family = 6;
	ip->proto = h[6];
	ip->hop_limit = h[7];
	ip->options = false;
	ip->offset = (uint16_t)offset;
	ip->src = h + 8;
	ip->dst = h + 24;
	len = at + payload;
	reason = ipv6_extensions(frame, len, &at, &ip->proto, &ip->options);
	ip->l4_offset = (uint16_t)at;
	ip->l4_len = (uint16_t)(len - at);
	if (reason == DP_NET_OK && !ipv6_source(ip->src, ip->proto))
		return SH_DROP_IP_MALFORMED;
	return reason;
}

size_t dp_ip_build(uint8_t *out, uint8_t family, const uint8_t *src, const uint8_t *dst)
{
	if (family == 4) {
		memset(out, 0, DP_IPV4_HEADER);
		out[0] = 0x45;
		out[6] = 0x40; /* DF */
		out[8] = DP_IP_TTL;
		out[9] = DP_PROTO_UDP;
		memcpy(out + 12, src, 4);
		memcpy(out + 16, dst, 4);
		return DP_IPV4_HEADER;
	}
	memset(out, 0, DP_IPV6_HEADER);
	out[0] = 0x60;
	out[6] = DP_PROTO_UDP;
	out[7] = DP_IP_TTL;
	memcpy(out + 8, src, 16);
	memcpy(out + 24, dst, 16);
	return DP_IPV6_HEADER;
}

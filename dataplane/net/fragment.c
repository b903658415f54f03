/* SPDX-License-Identifier: Apache-2.0 */
#include "dataplane/net/fragment.h"

#include <string.h>

#include "dataplane/net/checksum.h"
#include "dataplane/net/udp.h"
#include "shared/bytes.h"

enum { MORE_IPV4 = 0x2000, OFFSET_IPV4 = 0x1fff, MORE_IPV6 = 1, OFFSET_IPV6 = 0xfff8 };

/* `at` is the part's offset in the datagram. */
static enum sh_drop check(const struct dp_fragment *f, size_t at, bool more)
{
	if (at == 0 && !more)
		return SH_DROP_IP_FRAGMENT;
	if (f->len == 0 || (more && f->len % 8 != 0) || (at == 0 && f->len < DP_UDP_HEADER) ||
		at + f->len > DP_FRAGMENT_END)
		return SH_DROP_IP_MALFORMED;
	return DP_NET_OK;
}

static enum sh_drop parse_ipv4(struct dp_fragment *out, const uint8_t *h)
{
	uint16_t field = sh_get_be16(h + 6);

	if ((h[0] & 0x0f) * 4 != DP_IPV4_HEADER || h[9] != DP_PROTO_UDP)
		return SH_DROP_IP_FRAGMENT;
	out->dst = h + 16;
	out->header = DP_IPV4_HEADER;
	out->len = (uint16_t)(sh_get_be16(h + 2) - DP_IPV4_HEADER);
	return check(out, (size_t)(field & OFFSET_IPV4) * 8, (field & MORE_IPV4) != 0);
}

static enum sh_drop parse_ipv6(struct dp_fragment *out, const uint8_t *h)
{
	const uint8_t *f = h + DP_IPV6_HEADER;
	uint16_t payload = sh_get_be16(h + 4), field;

	if (h[6] != DP_PROTO_FRAGMENT)
		return SH_DROP_IP_FRAGMENT;
	if (payload < DP_IPV6_FRAGMENT_HEADER)
		return SH_DROP_IP_MALFORMED;
	if (f[0] != DP_PROTO_UDP)
		return SH_DROP_IP_FRAGMENT;
	field = sh_get_be16(f + 2);
	out->dst = h + 24;
	out->header = DP_IPV6_HEADER + DP_IPV6_FRAGMENT_HEADER;
	out->len = (uint16_t)(payload - DP_IPV6_FRAGMENT_HEADER);
	return check(out, field & OFFSET_IPV6, (field & MORE_IPV6) != 0);
}

enum sh_drop dp_fragment_parse(struct dp_fragment *out, uint8_t family, const uint8_t *frame, size_t len,
	size_t offset)
{
	const uint8_t *h = frame + offset;
	size_t header = family == 4 ? DP_IPV4_HEADER : DP_IPV6_HEADER;
	size_t payload;

	if (len < offset + header)
		return SH_DROP_IP_MALFORMED;
	payload = family == 4 ? sh_get_be16(h + 2) : (size_t)sh_get_be16(h + 4) + DP_IPV6_HEADER;
	if (payload < header || payload > len - offset)
		return SH_DROP_IP_MALFORMED;
	return family == 4 ? parse_ipv4(out, h) : parse_ipv6(out, h);
}

static size_t build_ipv4(uint8_t *ip, uint32_t id, size_t at, size_t len, bool more)
{
	uint16_t sum;

	sh_put_be16(ip + 2, (uint16_t)(DP_IPV4_HEADER + len));
	sh_put_be16(ip + 4, (uint16_t)id);
	sh_put_be16(ip + 6, (uint16_t)((more ? MORE_IPV4 : 0) | at / 8)); /* DF is cleared */
	ip[10] = ip[11] = 0;
	sum = dp_sum_fold(dp_sum(0, ip, DP_IPV4_HEADER));
	memcpy(ip + 10, &sum, 2);
	return DP_IPV4_HEADER;
}

static size_t build_ipv6(uint8_t *ip, uint32_t id, size_t at, size_t len, bool more)
{
	uint8_t *f = ip + DP_IPV6_HEADER;

	sh_put_be16(ip + 4, (uint16_t)(DP_IPV6_FRAGMENT_HEADER + len));
	ip[6] = DP_PROTO_FRAGMENT;
	f[0] = DP_PROTO_UDP;
	f[1] = 0;
	sh_put_be16(f + 2, (uint16_t)(at | (more ? MORE_IPV6 : 0)));
	sh_put_be32(f + 4, id);
	return DP_IPV6_HEADER + DP_IPV6_FRAGMENT_HEADER;
}

size_t dp_fragment_build(uint8_t *ip, uint8_t family, uint32_t id, size_t at, size_t len, bool more)
{
	return family == 4 ? build_ipv4(ip, id, at, len, more) : build_ipv6(ip, id, at, len, more);
}

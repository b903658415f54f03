/* SPDX-License-Identifier: Apache-2.0 */
#include "dataplane/net/pmtu.h"

#include <string.h>

#include "dataplane/net/fragment.h"
#include "dataplane/net/udp.h"
#include "shared/bytes.h"

enum { CODE_FRAGMENTATION_NEEDED = 4, DF = 0x4000, OFFSET = 0x1fff };

/* Limits the MTU from below. A router without RFC 1191 leaves the field at 0. */
static uint16_t at_least(uint32_t mtu, uint16_t min)
{
	if (mtu < min)
		return min;
	return mtu < UINT16_MAX ? (uint16_t)mtu : UINT16_MAX;
}

static void set_ports(struct dp_pmtu *out, const uint8_t *udp)
{
	out->local_port = sh_get_be16(udp);
	out->remote_port = sh_get_be16(udp + 2);
}

static bool parse_ipv4(struct dp_pmtu *out, const uint8_t *p, size_t len, const uint8_t *to)
{
	const uint8_t *q = p + DP_ICMP_HEADER;
	uint16_t field;

	if (p[0] != DP_ICMP_UNREACHABLE || p[1] != CODE_FRAGMENTATION_NEEDED ||
		len < DP_ICMP_HEADER + DP_IPV4_HEADER + DP_UDP_HEADER)
		return false;
	field = sh_get_be16(q + 6);
	out->mtu = at_least(sh_get_be16(p + 6), DP_PMTU_MIN_IPV4);
	if (q[0] != 0x45 || q[9] != DP_PROTO_UDP || !(field & DF) || (field & OFFSET) != 0 ||
		sh_get_be16(q + 2) <= out->mtu || memcmp(q + 12, to, 4) != 0)
		return false;
	out->local_ip = q + 12;
	out->remote_ip = q + 16;
	set_ports(out, q + DP_IPV4_HEADER);
	return true;
}

static bool parse_ipv6(struct dp_pmtu *out, const uint8_t *p, size_t len, const uint8_t *to)
{
	const uint8_t *q = p + DP_ICMP_HEADER;
	const uint8_t *udp = q + DP_IPV6_HEADER;
	size_t need = DP_ICMP_HEADER + DP_IPV6_HEADER + DP_UDP_HEADER;

	if (p[0] != DP_ICMPV6_TOO_BIG || len < need)
		return false;
	out->mtu = at_least(sh_get_be32(p + 4), DP_PMTU_MIN_IPV6);
	if (q[0] >> 4 != 6 || DP_IPV6_HEADER + sh_get_be16(q + 4) <= out->mtu || memcmp(q + 8, to, 16) != 0)
		return false;
	if (q[6] == DP_PROTO_FRAGMENT) { /* our own, on a path that has become narrower still */
		if (len < need + DP_IPV6_FRAGMENT_HEADER || udp[0] != DP_PROTO_UDP ||
			(sh_get_be16(udp + 2) & 0xfff8) != 0)
			return false;
		udp += DP_IPV6_FRAGMENT_HEADER;
	} else if (q[6] != DP_PROTO_UDP) {
		return false;
	}
	out->local_ip = q + 8;
	out->remote_ip = q + 24;
	set_ports(out, udp);
	return true;
}

bool dp_pmtu_parse(struct dp_pmtu *out, const uint8_t *frame, const struct dp_ip *ip)
{
	const uint8_t *p = frame + ip->l4_offset;

	return ip->family == 4 ? parse_ipv4(out, p, ip->l4_len, ip->dst)
			       : parse_ipv6(out, p, ip->l4_len, ip->dst);
}

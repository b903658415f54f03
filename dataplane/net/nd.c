/* SPDX-License-Identifier: Apache-2.0 */
#include "dataplane/net/nd.h"

#include <string.h>

#include "dataplane/net/checksum.h"
#include "shared/bytes.h"

static const uint8_t unspecified[16];
static const uint8_t all_nodes[16] = {0xff, 0x02, [15] = 1};

/*
 * Checks the options: a type byte, then a length byte in units of 8 bytes that must not be 0.
 * Stores whether a source link-layer address is among them.
 */
static bool options_valid(const uint8_t *p, size_t len, bool *source_address)
{
	*source_address = false;
	while (len) {
		size_t size;

		if (len < 8)
			return false;
		size = (size_t)p[1] * 8;
		if (size == 0 || size > len)
			return false;
		if (p[0] == 1)
			*source_address = true;
		p += size;
		len -= size;
	}
	return true;
}

enum sh_drop dp_nd_parse(struct dp_nd *nd, const uint8_t *frame, const struct dp_ip *ip)
{
	const uint8_t *p = frame + ip->l4_offset;
	bool source_address;

	if (ip->hop_limit != 255 || ip->l4_len < 24 || p[1] != 0)
		return SH_DROP_IP_MALFORMED;
	nd->target = p + 8;
	nd->duplicate_detection = memcmp(ip->src, unspecified, 16) == 0;
	if (nd->target[0] == 0xff || !options_valid(p + 24, (size_t)ip->l4_len - 24, &source_address))
		return SH_DROP_IP_MALFORMED;
	if (nd->duplicate_detection && source_address)
		return SH_DROP_IP_MALFORMED;
	return DP_NET_OK;
}

enum { MESSAGE_LEN = DP_ND_ADVERTISEMENT_LEN, SOURCE_ADDRESS = 1, TARGET_ADDRESS = 2 };

/*
 * Writes a solicitation or an advertisement without its checksum. Both have the same length: a
 * target, and one option with our MAC address.
 */
static void message(uint8_t *ip, uint8_t type, const uint8_t *from, const uint8_t *to, const uint8_t *target,
	const uint8_t mac[6])
{
	uint8_t *p = ip + DP_IPV6_HEADER;

	dp_ip_build(ip, 6, from, to);
	sh_put_be16(ip + 4, MESSAGE_LEN);
	ip[6] = DP_PROTO_ICMPV6;
	ip[7] = 255;
	memset(p, 0, MESSAGE_LEN);
	p[0] = type;
	memcpy(p + 8, target, 16);
	p[24] = type == DP_ND_SOLICITATION ? SOURCE_ADDRESS : TARGET_ADDRESS;
	p[25] = 1;
	memcpy(p + 26, mac, 6);
}

static void set_sum(uint8_t *ip)
{
	uint8_t *p = ip + DP_IPV6_HEADER;
	uint16_t sum = dp_sum_fold(dp_sum(dp_sum_pseudo(6, ip + 8, ip + 24, DP_PROTO_ICMPV6, MESSAGE_LEN), p,
		MESSAGE_LEN));

	memcpy(p + 2, &sum, 2);
}

size_t dp_nd_reply(uint8_t *out, const struct dp_nd *nd, const uint8_t *asker_ip, const uint8_t eth_src[6],
	uint16_t vlan, const uint8_t mac[6])
{
	static const uint8_t all_nodes_mac[6] = {0x33, 0x33, 0, 0, 0, 1};
	const uint8_t *to = nd->duplicate_detection ? all_nodes : asker_ip;
	size_t at = dp_frame_build(out, nd->duplicate_detection ? all_nodes_mac : eth_src, mac, vlan,
		DP_ETHERTYPE_IPV6);
	uint8_t *ip = out + at, *p = ip + DP_IPV6_HEADER;

	message(ip, DP_ND_ADVERTISEMENT, nd->target, to, nd->target, mac);
	p[4] = nd->duplicate_detection ? 0x20 : 0x60; /* override; solicited, except for DAD */
	set_sum(ip);
	return at + DP_IPV6_HEADER + DP_ND_ADVERTISEMENT_LEN;
}

size_t dp_nd_solicit(uint8_t *out, const uint8_t mac[6], uint16_t vlan, const uint8_t ip[16],
	const uint8_t target[16])
{
	/*
	 * The solicited-node multicast address of the target (RFC 4291, 2.7.1), and its MAC
	 * address.
	 */
	uint8_t group[16] = {0xff, 0x02, [11] = 1, [12] = 0xff, target[13], target[14], target[15]};
	const uint8_t group_mac[6] = {0x33, 0x33, group[12], group[13], group[14], group[15]};
	size_t at = dp_frame_build(out, group_mac, mac, vlan, DP_ETHERTYPE_IPV6);

	message(out + at, DP_ND_SOLICITATION, ip, group, target, mac);
	set_sum(out + at);
	return at + DP_IPV6_HEADER + DP_ND_SOLICITATION_LEN;
}

enum sh_drop dp_nd_answer(const uint8_t **target, const uint8_t **mac, const uint8_t *frame,
	const struct dp_ip *ip)
{
	const uint8_t *p = frame + ip->l4_offset, *option;
	bool source_address;

	if (ip->hop_limit != 255 || ip->l4_len < 24 || p[1] != 0 || p[8] == 0xff ||
		!options_valid(p + 24, (size_t)ip->l4_len - 24, &source_address))
		return SH_DROP_IP_MALFORMED;
	*target = p + 8;
	for (option = p + 24; option < p + ip->l4_len; option += option[1] * 8)
		if (option[0] == TARGET_ADDRESS && !(option[2] & 1)) {
			*mac = option + 2;
			return DP_NET_OK;
		}
	return SH_DROP_IP_MALFORMED;
}

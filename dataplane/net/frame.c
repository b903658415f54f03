/* SPDX-License-Identifier: Apache-2.0 */
#include "dataplane/net/frame.h"

#include <string.h>

#include "shared/bytes.h"

enum sh_drop dp_frame_parse(struct dp_frame *f, const uint8_t *data, size_t len)
{
	if (len < DP_ETHER_HEADER)
		return SH_DROP_ETH_SHORT;
	f->dst = data;
	f->src = data + 6;
	f->type = sh_get_be16(data + 12);
	f->vlan = 0;
	f->offset = DP_ETHER_HEADER;
	if (f->type == DP_ETHERTYPE_VLAN) {
		if (len < DP_ETHER_HEADER + DP_ETHER_VLAN)
			return SH_DROP_ETH_SHORT;
		f->vlan = sh_get_be16(data + 14) & 0x0fff;
		f->type = sh_get_be16(data + 16);
		f->offset += DP_ETHER_VLAN;
	}
	if (f->type != DP_ETHERTYPE_IPV4 && f->type != DP_ETHERTYPE_IPV6 && f->type != DP_ETHERTYPE_ARP)
		return SH_DROP_ETH_TYPE;
	if (f->src[0] & 1)
		return SH_DROP_NOT_OURS;
	return DP_NET_OK;
}

bool dp_frame_for(const struct dp_frame *f, const uint8_t mac[6])
{
	return (f->dst[0] & 1) || memcmp(f->dst, mac, 6) == 0;
}

size_t dp_frame_build(uint8_t *out, const uint8_t dst[6], const uint8_t src[6], uint16_t vlan, uint16_t type)
{
	size_t at = 12;

	memcpy(out, dst, 6);
	memcpy(out + 6, src, 6);
	if (vlan) {
		sh_put_be16(out + at, DP_ETHERTYPE_VLAN);
		sh_put_be16(out + at + 2, vlan & 0x0fff);
		at += DP_ETHER_VLAN;
	}
	sh_put_be16(out + at, type);
	return at + 2;
}

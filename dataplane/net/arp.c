/* SPDX-License-Identifier: Apache-2.0 */
#include "dataplane/net/arp.h"

#include <string.h>

#include "shared/bytes.h"

enum { REQUEST = 1, REPLY = 2 };

static const uint8_t kind[6] = {0, 1, 8, 0, 6, 4}; /* Ethernet, IPv4, and their address lengths */

enum sh_drop dp_arp_parse(struct dp_arp *a, const uint8_t *frame, size_t len, size_t offset)
{
	const uint8_t *p = frame + offset;

	if (len < offset + DP_ARP_LEN || memcmp(p, kind, sizeof(kind)) != 0)
		return SH_DROP_ARP_MALFORMED;
	a->request = sh_get_be16(p + 6) == REQUEST;
	a->reply = sh_get_be16(p + 6) == REPLY;
	a->sender_mac = p + 8;
	a->sender_ip = p + 14;
	a->target_ip = p + 24;
	if (a->sender_mac[0] & 1) /* our reply to a group address would reach many hosts */
		return SH_DROP_ARP_MALFORMED;
	return DP_NET_OK;
}

void dp_arp_reply(uint8_t *frame, size_t offset, const uint8_t mac[6])
{
	uint8_t *p = frame + offset, asked[4];

	memcpy(asked, p + 24, 4);
	sh_put_be16(p + 6, REPLY);
	memcpy(p + 18, p + 8, 10); /* the sender becomes the target */
	memcpy(p + 8, mac, 6);
	memcpy(p + 14, asked, 4);
	memcpy(frame, p + 18, 6);
	memcpy(frame + 6, mac, 6);
}

size_t dp_arp_request(uint8_t *out, const uint8_t mac[6], uint16_t vlan, const uint8_t ip[4],
	const uint8_t target_ip[4])
{
	static const uint8_t all[6] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff};
	size_t at = dp_frame_build(out, all, mac, vlan, DP_ETHERTYPE_ARP);
	uint8_t *p = out + at;

	memcpy(p, kind, sizeof(kind));
	sh_put_be16(p + 6, REQUEST);
	memcpy(p + 8, mac, 6);
	memcpy(p + 14, ip, 4);
	memset(p + 18, 0, 6);
	memcpy(p + 24, target_ip, 4);
	return at + DP_ARP_LEN;
}

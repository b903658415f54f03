/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_DATAPLANE_NET_ARP_H
#define SPATE_DATAPLANE_NET_ARP_H

/*
 * Parses and builds ARP packets for IPv4 over Ethernet (RFC 826). Pure C. MAC addresses are 6
 * bytes, IPv4 addresses 4 bytes in network byte order.
 */

#include "dataplane/net/frame.h"

enum { DP_ARP_LEN = 28 };

struct dp_arp {
	bool request, reply; /* both false: another operation, to be ignored */
	const uint8_t *sender_mac, *sender_ip, *target_ip; /* point into the frame */
};

/*
 * Parses the ARP packet at `offset` of a frame of `len` bytes. Returns DP_NET_OK or
 * SH_DROP_ARP_MALFORMED (too short, another protocol, or the sender's MAC is a group address).
 */
enum sh_drop dp_arp_parse(struct dp_arp *a, const uint8_t *frame, size_t len, size_t offset);

/*
 * Writes a broadcast frame that requests the MAC address of `target_ip`, from our addresses `mac`
 * and `ip`, with a tag if `vlan` is not 0. Returns its length in bytes, 42 or 46.
 */
size_t dp_arp_request(uint8_t *out, const uint8_t mac[6], uint16_t vlan, const uint8_t ip[4],
	const uint8_t target_ip[4]);

/* Turns the request at `offset` into the reply, in place: the requested address is at `mac`. */
void dp_arp_reply(uint8_t *frame, size_t offset, const uint8_t mac[6]);

#endif

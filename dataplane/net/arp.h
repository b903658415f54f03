/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_DATAPLANE_ARP_H
#define SPATE_DATAPLANE_ARP_H

/* ARP for IPv4 over Ethernet (RFC 826). Pure C. */

#include "dataplane/net/frame.h"

enum { DP_ARP_LEN = 28 };

struct dp_arp {
	bool request, reply; /* neither: an operation that means nothing here */
	const uint8_t *sender_mac, *sender_ip, *target_ip; /* into the frame */
};

/* DP_NET_OK or ARP_MALFORMED. */
enum sh_drop dp_arp_parse(struct dp_arp *a, const uint8_t *frame, size_t len, size_t offset);

/*
 * Writes the frame that asks who has `target_ip`, with `vlan` when it is not 0. Returns its
 * length, 42 or 46.
 */
size_t dp_arp_ask(uint8_t *out, const uint8_t mac[6], uint16_t vlan, const uint8_t ip[4],
	const uint8_t target_ip[4]);

/* Turns the request at `offset` into the reply that says `mac` has the address asked for. */
void dp_arp_reply(uint8_t *frame, size_t offset, const uint8_t mac[6]);

#endif

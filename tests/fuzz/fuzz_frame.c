/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An Ethernet frame through the parsers of all layers below UDP's payload, also as a fragment, with
 * and without checksums, and through what is answered to it. What a parser accepts lies within the
 * frame.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "dataplane/net/arp.h"
#include "dataplane/net/fragment.h"
#include "dataplane/net/icmp.h"
#include "dataplane/net/nd.h"
#include "dataplane/net/pmtu.h"
#include "dataplane/net/udp.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { FRAME_MAX = 9018 };

static const uint8_t mac[6] = {2, 0, 0, 0, 0, 1};

static void must(bool what)
{
	if (!what)
		abort();
}

static bool within(const uint8_t *p, size_t n, const uint8_t *frame, size_t len)
{
	return p >= frame && n <= len && p <= frame + len - n;
}

/* What is written for the sender must be parsed again. */
static void reparse(const uint8_t *out, size_t len)
{
	struct dp_frame f;

	must(dp_frame_parse(&f, out, len) == DP_NET_OK);
}

static void arp(uint8_t *frame, size_t len, size_t offset)
{
	struct dp_arp a;

	if (dp_arp_parse(&a, frame, len, offset) != DP_NET_OK)
		return;
	must(within(a.sender_mac, 6, frame, len) && within(a.sender_ip, 4, frame, len) &&
		within(a.target_ip, 4, frame, len) && !(a.request && a.reply));
	if (!a.request)
		return;
	dp_arp_reply(frame, offset, mac);
	must(dp_arp_parse(&a, frame, len, offset) == DP_NET_OK && a.reply);
	must(memcmp(a.sender_mac, mac, 6) == 0);
}

static void neighbours(const uint8_t *frame, size_t len, const struct dp_frame *f, const struct dp_ip *ip)
{
	uint8_t out[DP_ETHER_HEADER + DP_ETHER_VLAN + DP_IPV6_HEADER + DP_ND_ADVERTISEMENT_LEN];
	const uint8_t *target, *at;
	struct dp_nd nd;

	if (dp_nd_parse(&nd, frame, ip) == DP_NET_OK) {
		must(within(nd.target, 16, frame, len));
		size_t n = dp_nd_reply(out, &nd, ip->src, f->src, f->vlan, mac);

		must(n <= sizeof(out));
		reparse(out, n);
	}
	if (dp_nd_answer(&target, &at, frame, ip) == DP_NET_OK)
		must(within(target, 16, frame, len) && within(at, 6, frame, len) && !(at[0] & 1));
}

static void icmp(uint8_t *frame, size_t len, const struct dp_frame *f, const struct dp_ip *ip)
{
	struct dp_pmtu p;
	uint8_t type;

	if (dp_icmp_parse(&type, frame, ip) != DP_NET_OK)
		return;
	must(ip->l4_len >= DP_ICMP_HEADER);
	if (dp_pmtu_parse(&p, frame, ip)) {
		unsigned size = ip->family == 4 ? 4 : 16;

		must(within(p.local_ip, size, frame, len) && within(p.remote_ip, size, frame, len));
		must(p.mtu >= (ip->family == 4 ? DP_PMTU_MIN_IPV4 : DP_PMTU_MIN_IPV6));
	}
	if (ip->family == 6)
		neighbours(frame, len, f, ip);
	if (type == (ip->family == 4 ? DP_ICMP_ECHO : DP_ICMPV6_ECHO) && !ip->options)
		dp_icmp_echo_reply(frame, ip, mac);
}

static void udp(const uint8_t *frame, size_t len, const struct dp_ip *ip)
{
	for (unsigned verify = 0; verify < 2; verify++) {
		struct dp_udp u;

		if (dp_udp_parse(&u, frame, ip, verify) != DP_NET_OK)
			continue;
		must(within(frame + u.payload_offset, u.payload_len, frame, len));
		must(u.payload_offset == ip->l4_offset + DP_UDP_HEADER && u.src != 0);
	}
}

/* The fragment is built again from what was parsed, as the reassembly's opposite would. */
static void fragment(const uint8_t *frame, size_t len, const struct dp_frame *f, uint8_t family)
{
	uint8_t header[DP_IPV6_HEADER + DP_IPV6_FRAGMENT_HEADER] = {0};
	struct dp_fragment part;
	size_t n;

	if (dp_fragment_parse(&part, family, frame, len, f->offset) != DP_NET_OK)
		return;
	must(part.len > 0 && within(frame + f->offset + part.header, part.len, frame, len));
	must(within(part.dst, family == 4 ? 4 : 16, frame, len));
	memcpy(header, frame + f->offset, family == 4 ? DP_IPV4_HEADER : DP_IPV6_HEADER);
	n = dp_fragment_build(header, family, 7, 8, part.len, false);
	must(n == part.header);
}

static void walk(uint8_t *frame, size_t len, bool verify)
{
	enum sh_drop reason;
	struct dp_frame f;
	struct dp_ip ip;

	if (dp_frame_parse(&f, frame, len) != DP_NET_OK)
		return;
	must(f.offset <= len && within(f.src, 6, frame, len) && within(f.dst, 6, frame, len));
	dp_frame_for(&f, mac);
	if (f.type == DP_ETHERTYPE_ARP) {
		arp(frame, len, f.offset);
		return;
	}
	reason = f.type == DP_ETHERTYPE_IPV4 ? dp_ipv4_parse(&ip, frame, len, f.offset, verify)
					     : dp_ipv6_parse(&ip, frame, len, f.offset);
	if (reason == SH_DROP_IP_FRAGMENT)
		fragment(frame, len, &f, f.type == DP_ETHERTYPE_IPV4 ? 4 : 6);
	if (reason != DP_NET_OK)
		return;
	must(ip.l4_offset >= f.offset && within(frame + ip.l4_offset, ip.l4_len, frame, len));
	must(within(ip.src, ip.family == 4 ? 4 : 16, frame, len));
	udp(frame, len, &ip);
	if (ip.proto == (ip.family == 4 ? DP_PROTO_ICMP : DP_PROTO_ICMPV6))
		icmp(frame, len, &f, &ip);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t *frame;

	if (size > FRAME_MAX)
		return 0;
	for (unsigned verify = 0; verify < 2; verify++) {
		frame = malloc(size ? size : 1); /* just as long, and replies overwrite it */
		must(frame);
		memcpy(frame, data, size);
		walk(frame, size, verify);
		free(frame);
	}
	return 0;
}

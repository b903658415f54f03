/* SPDX-License-Identifier: Apache-2.0 */

/* ARP, neighbour discovery and echo. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "dataplane/net/arp.h"
#include "dataplane/net/checksum.h"
#include "dataplane/net/icmp.h"
#include "dataplane/net/nd.h"
#include "shared/bytes.h"

static const uint8_t us[6] = {2, 0, 0, 0, 0, 1}, them[6] = {2, 0, 0, 0, 0, 2};
static const uint8_t our6[16] = {0xfd, [15] = 1}, their6[16] = {0xfd, [15] = 9};

/* --- ARP -------------------------------------------------------------------------------------- */

static const uint8_t arp_request[42] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 2, 0, 0, 0, 0, 2, 0x08,
	0x06, /* Ethernet */
	0, 1, 8, 0, 6, 4, 0, 1, 2, 0, 0, 0, 0, 2, 10, 0, 0, 9, 0, 0, 0, 0, 0, 0, 10, 0, 0, 1};

static void arp_answered(void **state)
{
	static const uint8_t reply[42] = {2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1, 0x08, 0x06, /* Ethernet */
		0, 1, 8, 0, 6, 4, 0, 2, 2, 0, 0, 0, 0, 1, 10, 0, 0, 1, 2, 0, 0, 0, 0, 2, 10, 0, 0, 9};
	uint8_t frame[42];
	struct dp_arp a;

	memcpy(frame, arp_request, sizeof(frame));
	assert_int_equal(dp_arp_parse(&a, frame, sizeof(frame), 14), DP_NET_OK);
	assert_true(a.request);
	assert_int_equal(a.target_ip[3], 1);
	assert_int_equal(a.sender_ip[3], 9);
	dp_arp_reply(frame, 14, us);
	assert_memory_equal(frame, reply, sizeof(reply));
}

static void arp_refused(void **state)
{
	uint8_t frame[42];
	struct dp_arp a;

	for (size_t len = 0; len < 42; len++)
		assert_int_equal(dp_arp_parse(&a, arp_request, len, 14), SH_DROP_ARP_MALFORMED);
	for (size_t i = 14; i < 20; i++) { /* hardware, protocol and their lengths */
		memcpy(frame, arp_request, sizeof(frame));
		frame[i] ^= 2;
		assert_int_equal(dp_arp_parse(&a, frame, sizeof(frame), 14), SH_DROP_ARP_MALFORMED);
	}
	memcpy(frame, arp_request, sizeof(frame));
	frame[22] = 0xff;
	assert_int_equal(dp_arp_parse(&a, frame, sizeof(frame), 14), SH_DROP_ARP_MALFORMED);
	memcpy(frame, arp_request, sizeof(frame));
	frame[21] = 2;
	assert_int_equal(dp_arp_parse(&a, frame, sizeof(frame), 14), DP_NET_OK);
	assert_false(a.request);
}

/* --- neighbour discovery ------------------------------------------------------------------------ */

struct message {
	uint8_t frame[128];
	struct dp_ip ip;
};

/* An ICMPv6 message of `len` bytes behind Ethernet and IPv6. */
static void message(struct message *m, const uint8_t *src, const uint8_t *icmp, size_t len)
{
	size_t at;
	uint16_t sum;

	memset(m, 0, sizeof(*m));
	at = dp_frame_build(m->frame, us, them, 0, DP_ETHERTYPE_IPV6);
	dp_ip_build(m->frame + at, 6, src, our6);
	sh_put_be16(m->frame + at + 4, (uint16_t)len);
	m->frame[at + 6] = DP_PROTO_ICMPV6;
	m->frame[at + 7] = 255;
	memcpy(m->frame + 54, icmp, len);
	sum = dp_sum_fold(dp_sum(dp_sum_pseudo(6, src, our6, DP_PROTO_ICMPV6, (uint16_t)len), icmp, len));
	memcpy(m->frame + 56, &sum, 2);
	assert_int_equal(dp_ipv6_parse(&m->ip, m->frame, 54 + len, 14), DP_NET_OK);
}

static const uint8_t solicitation[32] = {DP_ND_SOLICITATION, [8] = 0xfd, [23] = 1, /* the target */
	[24] = 1, 1, 2, 0, 0, 0, 0, 2 /* source link-layer address */};

static void nd_answered(void **state)
{
	uint8_t out[128];
	struct message m;
	struct dp_nd nd;
	struct dp_ip ip;
	uint8_t type;
	size_t len;

	message(&m, their6, solicitation, 32);
	assert_int_equal(dp_icmp_parse(&type, m.frame, &m.ip), DP_NET_OK);
	assert_int_equal(type, DP_ND_SOLICITATION);
	assert_int_equal(dp_nd_parse(&nd, m.frame, &m.ip), DP_NET_OK);
	assert_false(nd.duplicate_detection);
	assert_memory_equal(nd.target, our6, 16);

	len = dp_nd_reply(out, &nd, m.ip.src, them, 0, us);
	assert_int_equal(len, 14 + 40 + 32);
	assert_memory_equal(out, them, 6);
	assert_memory_equal(out + 6, us, 6);
	assert_int_equal(dp_ipv6_parse(&ip, out, len, 14), DP_NET_OK);
	assert_int_equal(ip.hop_limit, 255);
	assert_memory_equal(ip.src, our6, 16);
	assert_memory_equal(ip.dst, their6, 16);
	assert_int_equal(dp_icmp_parse(&type, out, &ip), DP_NET_OK);
	assert_int_equal(type, DP_ND_ADVERTISEMENT);
	assert_int_equal(out[58], 0x60);
	assert_memory_equal(out + 62, our6, 16);
	assert_memory_equal(out + 78, "\x02\x01", 2);
	assert_memory_equal(out + 80, us, 6);
}

/* RFC 4862, 5.4.3: who asks from "::" is told through the all-nodes group. */
static void nd_duplicate(void **state)
{
	static const uint8_t nobody[16], group[6] = {0x33, 0x33, 0, 0, 0, 1};
	uint8_t out[128];
	struct message m;
	struct dp_nd nd;

	message(&m, nobody, solicitation, 24);
	assert_int_equal(dp_nd_parse(&nd, m.frame, &m.ip), DP_NET_OK);
	assert_true(nd.duplicate_detection);
	assert_int_equal(dp_nd_reply(out, &nd, m.ip.src, them, 9, us), 18 + 40 + 32);
	assert_memory_equal(out, group, 6);
	assert_int_equal(out[15], 9);
	assert_int_equal(out[18 + 24], 0xff);
	assert_int_equal(out[18 + 44], 0x20);
	message(&m, nobody, solicitation, 32); /* with a link-layer address: not allowed */
	assert_int_equal(dp_nd_parse(&nd, m.frame, &m.ip), SH_DROP_IP_MALFORMED);
}

static void nd_refused(void **state)
{
	uint8_t bad[32];
	struct message m;
	struct dp_nd nd;

	for (size_t len = 8; len < 32; len++) { /* 24 is without the option */
		message(&m, their6, solicitation, len);
		assert_int_equal(dp_nd_parse(&nd, m.frame, &m.ip),
			len == 24 ? DP_NET_OK : SH_DROP_IP_MALFORMED);
	}
	message(&m, their6, solicitation, 32);
	m.ip.hop_limit = 254;
	assert_int_equal(dp_nd_parse(&nd, m.frame, &m.ip), SH_DROP_IP_MALFORMED);
	memcpy(bad, solicitation, 32);
	bad[1] = 1;
	message(&m, their6, bad, 32);
	assert_int_equal(dp_nd_parse(&nd, m.frame, &m.ip), SH_DROP_IP_MALFORMED);
	memcpy(bad, solicitation, 32);
	bad[8] = 0xff;
	message(&m, their6, bad, 32);
	assert_int_equal(dp_nd_parse(&nd, m.frame, &m.ip), SH_DROP_IP_MALFORMED);
	for (unsigned units = 0; units < 256; units++) {
		memcpy(bad, solicitation, 32);
		bad[25] = (uint8_t)units;
		message(&m, their6, bad, 32);
		assert_int_equal(dp_nd_parse(&nd, m.frame, &m.ip),
			units == 1 ? DP_NET_OK : SH_DROP_IP_MALFORMED);
	}
}

/* --- echo ----------------------------------------------------------------------------------------- */

static void echo6(void **state)
{
	static const uint8_t request[13] = {DP_ICMPV6_ECHO, 0, 0, 0, 1, 2, 3, 4, 'h', 'e', 'l', 'l', 'o'};
	struct message m;
	struct dp_ip ip;
	uint8_t type;

	message(&m, their6, request, sizeof(request));
	assert_int_equal(dp_icmp_parse(&type, m.frame, &m.ip), DP_NET_OK);
	dp_icmp_echo_reply(m.frame, &m.ip, us);
	assert_int_equal(dp_ipv6_parse(&ip, m.frame, 54 + sizeof(request), 14), DP_NET_OK);
	assert_int_equal(dp_icmp_parse(&type, m.frame, &ip), DP_NET_OK);
	assert_int_equal(type, 129);
	assert_memory_equal(ip.dst, their6, 16);
	assert_memory_equal(m.frame + 58, request + 4, sizeof(request) - 4);
	m.frame[60] ^= 1;
	assert_int_equal(dp_icmp_parse(&type, m.frame, &ip), SH_DROP_IP_CHECKSUM);
}

static void echo4(void **state)
{
	static const uint8_t src[4] = {10, 0, 0, 9}, dst[4] = {10, 0, 0, 1};
	uint8_t frame[14 + 20 + 11] = {0}, type;
	size_t at = dp_frame_build(frame, us, them, 0, DP_ETHERTYPE_IPV4);
	struct dp_ip ip;
	uint16_t sum;

	dp_ip_build(frame + at, 4, src, dst);
	sh_put_be16(frame + at + 2, 31);
	frame[at + 8] = 3;
	frame[at + 9] = DP_PROTO_ICMP;
	memcpy(frame + 34,
		"\x08\x00\x00\x00"
		"abcdefg",
		11);
	sum = dp_sum_fold(dp_sum(0, frame + 34, 11));
	memcpy(frame + 36, &sum, 2);
	assert_int_equal(dp_ipv4_parse(&ip, frame, sizeof(frame), at, false), DP_NET_OK);
	assert_int_equal(dp_icmp_parse(&type, frame, &ip), DP_NET_OK);
	assert_int_equal(type, DP_ICMP_ECHO);
	dp_icmp_echo_reply(frame, &ip, us);
	assert_int_equal(dp_ipv4_parse(&ip, frame, sizeof(frame), at, true), DP_NET_OK);
	assert_int_equal(ip.hop_limit, DP_IP_TTL);
	assert_memory_equal(ip.src, dst, 4);
	assert_int_equal(dp_icmp_parse(&type, frame, &ip), DP_NET_OK);
	assert_int_equal(type, 0);
	assert_memory_equal(frame + 38, "abcdefg", 7);
}

/* --- what we ask ------------------------------------------------------------------------------- */

/* The question is the one that is answered above; the answer says who it is from. */
static void arp_asked(void **state)
{
	uint8_t frame[46], ip[4] = {10, 0, 0, 9}, target[4] = {10, 0, 0, 1};
	struct dp_arp a;

	assert_int_equal(dp_arp_request(frame, them, 0, ip, target), 42);
	assert_memory_equal(frame, arp_request, sizeof(arp_request));
	dp_arp_reply(frame, 14, us);
	assert_int_equal(dp_arp_parse(&a, frame, 42, 14), DP_NET_OK);
	assert_true(a.reply && !a.request);
	assert_memory_equal(a.sender_mac, us, 6);
	assert_memory_equal(a.sender_ip, target, 4);
	assert_int_equal(dp_arp_request(frame, them, 7, ip, target), 46);
	assert_int_equal(frame[12] << 8 | frame[13], DP_ETHERTYPE_VLAN);
}

static void nd_asked(void **state)
{
	uint8_t frame[100], out[100];
	const uint8_t *target, *mac;
	struct dp_frame f;
	struct dp_nd nd;
	struct dp_ip ip;
	uint8_t type;
	size_t len = dp_nd_solicit(frame, us, 0, our6, their6);

	assert_int_equal(len, 14 + 40 + DP_ND_SOLICITATION_LEN);
	assert_int_equal(dp_frame_parse(&f, frame, len), DP_NET_OK);
	assert_memory_equal(f.dst, ((uint8_t[]){0x33, 0x33, 0xff, 0, 0, 9}), 6);
	assert_int_equal(dp_ipv6_parse(&ip, frame, len, f.offset), DP_NET_OK);
	assert_memory_equal(ip.dst, ((uint8_t[16]){0xff, 2, [11] = 1, [12] = 0xff, [15] = 9}), 16);
	assert_memory_equal(ip.src, our6, 16);
	assert_int_equal(dp_icmp_parse(&type, frame, &ip), DP_NET_OK);
	assert_int_equal(type, DP_ND_SOLICITATION);
	assert_int_equal(dp_nd_parse(&nd, frame, &ip), DP_NET_OK);
	assert_memory_equal(nd.target, their6, 16);

	/* And what comes back. */
	len = dp_nd_reply(out, &nd, ip.src, f.src, 0, them);
	assert_int_equal(dp_ipv6_parse(&ip, out, len, 14), DP_NET_OK);
	assert_int_equal(dp_icmp_parse(&type, out, &ip), DP_NET_OK);
	assert_int_equal(type, DP_ND_ADVERTISEMENT);
	assert_int_equal(dp_nd_answer(&target, &mac, out, &ip), DP_NET_OK);
	assert_memory_equal(target, their6, 16);
	assert_memory_equal(mac, them, 6);
	out[14 + 40 + 26] |= 1; /* a group's */
	assert_int_equal(dp_nd_answer(&target, &mac, out, &ip), SH_DROP_IP_MALFORMED);
	out[14 + 40 + 26] &= 0xfe;
	out[14 + 40 + 24] = 1; /* not the target's */
	assert_int_equal(dp_nd_answer(&target, &mac, out, &ip), SH_DROP_IP_MALFORMED);
	out[14 + 40 + 24] = 2;
	out[14 + 40 + 25] = 0; /* an option without a length */
	assert_int_equal(dp_nd_answer(&target, &mac, out, &ip), SH_DROP_IP_MALFORMED);
	out[14 + 40 + 25] = 1;
	ip.l4_len = 24; /* no option */
	assert_int_equal(dp_nd_answer(&target, &mac, out, &ip), SH_DROP_IP_MALFORMED);
	ip.l4_len = 32;
	ip.hop_limit = 254;
	assert_int_equal(dp_nd_answer(&target, &mac, out, &ip), SH_DROP_IP_MALFORMED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(arp_asked),
		cmocka_unit_test(nd_asked),
		cmocka_unit_test(arp_answered),
		cmocka_unit_test(arp_refused),
		cmocka_unit_test(nd_answered),
		cmocka_unit_test(nd_duplicate),
		cmocka_unit_test(nd_refused),
		cmocka_unit_test(echo6),
		cmocka_unit_test(echo4),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

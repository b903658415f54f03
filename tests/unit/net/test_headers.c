/* SPDX-License-Identifier: Apache-2.0 */

/* Ethernet, IPv4, IPv6 and UDP. Buffers are of the exact length, so that ASan sees a read past the end. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "dataplane/net/checksum.h"
#include "dataplane/net/udp.h"
#include "shared/bytes.h"

static const uint8_t us[6] = {2, 0, 0, 0, 0, 1}, them[6] = {2, 0, 0, 0, 0, 2};
static const uint8_t src4[4] = {10, 0, 0, 9}, dst4[4] = {10, 0, 0, 1};
static const uint8_t src6[16] = {0xfd, [15] = 9}, dst6[16] = {0xfd, [15] = 1};

struct packet {
	uint8_t *data;
	size_t len;
};

/* Ethernet, IP, UDP and `payload` bytes; `gap` bytes of extension headers or options in between. */
static struct packet make(uint8_t family, uint16_t vlan, size_t gap, size_t payload)
{
	struct packet p = {.data = calloc(1, 2048)};
	size_t at = dp_frame_build(p.data, us, them, vlan, family == 4 ? 0x0800 : 0x86dd);
	uint8_t *ip = p.data + at, *udp;
	uint16_t sum;

	at += dp_ip_build(ip, family, family == 4 ? src4 : src6, family == 4 ? dst4 : dst6);
	at += gap;
	udp = p.data + at;
	sh_put_be16(udp, 4000);
	sh_put_be16(udp + 2, 20000);
	sh_put_be16(udp + 4, (uint16_t)(8 + payload));
	p.len = at + 8 + payload;
	if (family == 4) {
		ip[0] = (uint8_t)(0x40 | (5 + gap / 4));
		memset(ip + 20, 1, gap);
		sh_put_be16(ip + 2, (uint16_t)(20 + gap + 8 + payload));
		sum = dp_sum_fold(dp_sum(0, ip, 20 + gap));
		memcpy(ip + 10, &sum, 2);
		sum = dp_sum_fold(dp_sum(dp_sum_pseudo(4, src4, dst4, 17, (uint16_t)(8 + payload)), udp,
			8 + payload));
	} else {
		sh_put_be16(ip + 4, (uint16_t)(gap + 8 + payload));
		sum = dp_sum_fold(dp_sum(dp_sum_pseudo(6, src6, dst6, 17, (uint16_t)(8 + payload)), udp,
			8 + payload));
	}
	memcpy(udp + 6, &sum, 2);
	p.data = realloc(p.data, p.len);
	return p;
}

/* All the way through. */
static enum sh_drop walk(const struct packet *p, struct dp_udp *udp)
{
	struct dp_frame f;
	struct dp_ip ip;
	enum sh_drop reason = dp_frame_parse(&f, p->data, p->len);

	if (reason != DP_NET_OK)
		return reason;
	reason = f.type == DP_ETHERTYPE_IPV4 ? dp_ipv4_parse(&ip, p->data, p->len, f.offset, true)
					     : dp_ipv6_parse(&ip, p->data, p->len, f.offset);
	return reason == DP_NET_OK ? dp_udp_parse(udp, p->data, &ip, true) : reason;
}

static void right_ones(void **state)
{
	for (uint8_t family = 4; family <= 6; family += 2)
		for (uint16_t vlan = 0; vlan <= 4094; vlan += 4094)
			for (size_t len = 0; len < 1400; len += 97) {
				struct packet p = make(family, vlan, 0, len);
				struct dp_udp u;

				assert_int_equal(walk(&p, &u), DP_NET_OK);
				assert_int_equal(u.src, 4000);
				assert_int_equal(u.dst, 20000);
				assert_int_equal(u.payload_len, len);
				assert_int_equal(u.payload_offset, p.len - len);
				free(p.data);
			}
}

/* Cut anywhere, a frame is refused and not read past its end. */
static void every_cut(void **state)
{
	for (uint8_t family = 4; family <= 6; family += 2)
		for (size_t gap = 0; gap <= 8; gap += 8) {
			struct packet p = make(family, 5, family == 4 ? gap : 0, 40);
			size_t whole = p.len;

			for (size_t len = 0; len < whole; len++) {
				struct packet cut = {malloc(len ? len : 1), len};
				struct dp_udp u;

				memcpy(cut.data, p.data, len);
				assert_int_not_equal(walk(&cut, &u), DP_NET_OK);
				free(cut.data);
			}
			free(p.data);
		}
}

/* Any one byte may be anything: no read past the end, and what is said stays inside. */
static void every_byte(void **state)
{
	for (uint8_t family = 4; family <= 6; family += 2) {
		struct packet p = make(family, 0, 0, 20);

		for (size_t i = 12; i < p.len; i++)
			for (unsigned v = 0; v < 256; v++) {
				uint8_t keep = p.data[i];
				struct dp_udp u;

				p.data[i] = (uint8_t)v;
				if (walk(&p, &u) == DP_NET_OK)
					assert_true((size_t)u.payload_offset + u.payload_len <= p.len);
				p.data[i] = keep;
			}
		free(p.data);
	}
}

/* Ethernet pads to 60 bytes: what is behind the packet does not count. */
static void padding(void **state)
{
	struct packet p = make(4, 0, 0, 3);
	struct dp_udp u;

	p.data = realloc(p.data, 60);
	memset(p.data + p.len, 0xee, 60 - p.len);
	p.len = 60;
	assert_int_equal(walk(&p, &u), DP_NET_OK);
	assert_int_equal(u.payload_len, 3);
	free(p.data);
}

static void ipv4_options(void **state)
{
	for (size_t gap = 4; gap <= 40; gap += 4) {
		struct packet p = make(4, 0, gap, 30);
		struct dp_udp u;

		assert_int_equal(walk(&p, &u), DP_NET_OK);
		assert_int_equal(u.payload_offset, 14 + 20 + gap + 8);
		p.data[34] ^= 0x80; /* in the options: the header's checksum covers them */
		assert_int_equal(walk(&p, &u), SH_DROP_IP_CHECKSUM);
		free(p.data);
	}
}

/* A chain of `n` destination option headers of 8 bytes each. */
static enum sh_drop extensions(unsigned n, uint8_t last)
{
	struct packet p = make(6, 0, n * 8, 10);
	struct dp_udp u;
	enum sh_drop reason;

	p.data[14 + 6] = n ? 60 : last;
	for (unsigned i = 0; i < n; i++)
		p.data[54 + i * 8] = i + 1 < n ? 60 : last;
	reason = walk(&p, &u);
	free(p.data);
	return reason;
}

static void ipv6_extensions(void **state)
{
	for (unsigned n = 0; n <= DP_IPV6_EXTENSIONS; n++)
		assert_int_equal(extensions(n, 17), DP_NET_OK);
	assert_int_equal(extensions(DP_IPV6_EXTENSIONS + 1, 17), SH_DROP_IP_PROTO);
	assert_int_equal(extensions(1, 44), SH_DROP_IP_FRAGMENT);
}

static void ipv6_routing(void **state)
{
	struct packet p = make(6, 0, 8, 10);
	struct dp_udp u;

	p.data[14 + 6] = 43;
	p.data[54] = 17;
	assert_int_equal(walk(&p, &u), DP_NET_OK);
	p.data[57] = 1; /* a segment left: to be sent on, which we don't */
	assert_int_equal(walk(&p, &u), SH_DROP_IP_PROTO);
	free(p.data);
}

static void sources(void **state)
{
	static const uint8_t bad4[][4] = {{0, 0, 0, 0}, {127, 0, 0, 1}, {224, 0, 0, 1}, {255, 255, 255, 255}};
	static const uint8_t bad6[][16] = {{0}, {[15] = 1}, {0xff, 2, [15] = 1}};
	struct dp_ip ip;

	for (unsigned i = 0; i < 4; i++) {
		struct packet p = make(4, 0, 0, 4);

		memcpy(p.data + 26, bad4[i], 4);
		assert_int_equal(dp_ipv4_parse(&ip, p.data, p.len, 14, false), SH_DROP_IP_MALFORMED);
		free(p.data);
	}
	for (unsigned i = 0; i < 3; i++) {
		struct packet p = make(6, 0, 0, 4);

		memcpy(p.data + 22, bad6[i], 16);
		assert_int_equal(dp_ipv6_parse(&ip, p.data, p.len, 14), SH_DROP_IP_MALFORMED);
		free(p.data);
	}
}

static void udp_checksums(void **state)
{
	struct packet p4 = make(4, 0, 0, 9), p6 = make(6, 0, 0, 9);
	struct dp_udp u;

	p4.data[p4.len - 1] ^= 1;
	p6.data[p6.len - 1] ^= 1;
	assert_int_equal(walk(&p4, &u), SH_DROP_UDP_CHECKSUM);
	assert_int_equal(walk(&p6, &u), SH_DROP_UDP_CHECKSUM);
	sh_put_be16(p4.data + 40, 0); /* RFC 768: none */
	sh_put_be16(p6.data + 60, 0); /* RFC 8200, 8.1: there must be one */
	assert_int_equal(walk(&p4, &u), DP_NET_OK);
	assert_int_equal(walk(&p6, &u), SH_DROP_UDP_CHECKSUM);
	free(p4.data);
	free(p6.data);
}

static void whom_it_is_for(void **state)
{
	uint8_t data[14] = {[12] = 8};
	struct dp_frame f;

	memcpy(data, us, 6);
	memcpy(data + 6, them, 6);
	assert_int_equal(dp_frame_parse(&f, data, 14), DP_NET_OK);
	assert_true(dp_frame_for(&f, us));
	assert_false(dp_frame_for(&f, them));
	memset(data, 0xff, 6);
	assert_true(dp_frame_for(&f, us));
	data[6] |= 1;
	assert_int_equal(dp_frame_parse(&f, data, 14), SH_DROP_NOT_OURS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(right_ones),
		cmocka_unit_test(every_cut),
		cmocka_unit_test(every_byte),
		cmocka_unit_test(padding),
		cmocka_unit_test(ipv4_options),
		cmocka_unit_test(ipv6_extensions),
		cmocka_unit_test(ipv6_routing),
		cmocka_unit_test(sources),
		cmocka_unit_test(udp_checksums),
		cmocka_unit_test(whom_it_is_for),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

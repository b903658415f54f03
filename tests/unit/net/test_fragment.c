/* SPDX-License-Identifier: Apache-2.0 */
/* Fragments, and what routers say about the MTU: at their edges, cut at each length. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "dataplane/net/fragment.h"
#include "dataplane/net/pmtu.h"
#include "shared/bytes.h"

static const uint8_t ours[16] = {10, 1, 0, 2, 1}, theirs[16] = {10, 1, 0, 9, 1};

enum { ROOM = 4096 };

/* A fragment of `len` bytes at `at`. Returns the length of the packet. */
static size_t make(uint8_t *out, uint8_t family, size_t at, size_t len, bool more)
{
	dp_ip_build(out, family, theirs, ours);
	return dp_fragment_build(out, family, 7, at, len, more) + len;
}

/* Parses a copy in exactly so much memory, so that a sanitizer sees a read past the end. */
static enum sh_drop parse(struct dp_fragment *f, uint8_t family, const uint8_t *packet, size_t len)
{
	uint8_t *copy = malloc(len ? len : 1);
	enum sh_drop reason;

	assert_non_null(copy);
	memcpy(copy, packet, len);
	reason = dp_fragment_parse(f, family, copy, len, 0);
	free(copy);
	return reason;
}

static void what_is_built_is_parsed(void **state)
{
	for (uint8_t family = 4; family <= 6; family += 2)
		for (size_t at = 0; at < 1600; at += 8) {
			uint8_t packet[ROOM] = {0};
			struct dp_fragment f;
			struct dp_ip ip;
			size_t len = make(packet, family, at, 400, true);

			assert_int_equal(family == 4 ? dp_ipv4_parse(&ip, packet, len, 0, true)
						     : dp_ipv6_parse(&ip, packet, len, 0),
				SH_DROP_IP_FRAGMENT);
			assert_int_equal(parse(&f, family, packet, len), DP_NET_OK);
			assert_int_equal(f.len, 400);
			assert_int_equal(f.header, len - 400);
			assert_int_equal(packet[6] & 0x40, 0); /* IPv4: DF is cleared */
		}
}

static void a_cut_fragment_is_malformed(void **state)
{
	for (uint8_t family = 4; family <= 6; family += 2) {
		uint8_t packet[ROOM] = {0};
		struct dp_fragment f;
		size_t len = make(packet, family, 8, 64, true);

		for (size_t cut = 0; cut < len; cut++)
			assert_int_equal(parse(&f, family, packet, cut), SH_DROP_IP_MALFORMED);
	}
}

static enum sh_drop edge(uint8_t family, size_t at, size_t len, bool more)
{
	uint8_t packet[ROOM] = {0};
	struct dp_fragment f;
	size_t size = make(packet, family, at, len, more);

	return parse(&f, family, packet, size);
}

static void impossible_parts_are_refused(void **state)
{
	for (uint8_t family = 4; family <= 6; family += 2) {
		assert_int_equal(edge(family, 0, 400, false), SH_DROP_IP_FRAGMENT); /* the whole */
		assert_int_equal(edge(family, 8, 0, false), SH_DROP_IP_MALFORMED);
		assert_int_equal(edge(family, 0, 404, true), SH_DROP_IP_MALFORMED);
		assert_int_equal(edge(family, 8, 404, true), SH_DROP_IP_MALFORMED);
		assert_int_equal(edge(family, 8, 1, false), DP_NET_OK);
		assert_int_equal(edge(family, 0, 8, true), DP_NET_OK);
		assert_int_equal(edge(family, DP_FRAGMENT_END - 400, 400, false), DP_NET_OK);
		assert_int_equal(edge(family, DP_FRAGMENT_END - 392, 400, false), SH_DROP_IP_MALFORMED);
		assert_int_equal(edge(family, 65528, 400, false), SH_DROP_IP_MALFORMED);
	}
}

static void other_protocols_are_refused(void **state)
{
	uint8_t packet[ROOM] = {0};
	struct dp_fragment f;
	size_t len = make(packet, 4, 8, 64, true);

	packet[9] = 6;
	assert_int_equal(parse(&f, 4, packet, len), SH_DROP_IP_FRAGMENT);
	packet[9] = DP_PROTO_UDP;
	packet[0] = 0x46; /* options */
	assert_int_equal(parse(&f, 4, packet, len), SH_DROP_IP_FRAGMENT);
	len = make(packet, 6, 8, 64, true);
	packet[40] = 6;
	assert_int_equal(parse(&f, 6, packet, len), SH_DROP_IP_FRAGMENT);
	packet[6] = 60; /* an extension header in front */
	assert_int_equal(parse(&f, 6, packet, len), SH_DROP_IP_FRAGMENT);
}

/* --- what routers say -------------------------------------------------------------------------- */

struct message {
	uint8_t data[256];
	size_t len;
};

/* A message from a router, from its ICMP header on. It quotes a packet of 1,400 bytes. */
static struct message too_big(uint8_t family, uint32_t mtu)
{
	struct message m = {.len = DP_ICMP_HEADER};
	uint8_t *q = m.data + DP_ICMP_HEADER;
	size_t header = dp_ip_build(q, family, ours, theirs);

	m.data[0] = family == 4 ? DP_ICMP_UNREACHABLE : DP_ICMPV6_TOO_BIG;
	m.data[1] = family == 4 ? 4 : 0;
	if (family == 4) {
		sh_put_be16(m.data + 6, (uint16_t)mtu);
		sh_put_be16(q + 2, 1400);
	} else {
		sh_put_be32(m.data + 4, mtu);
		sh_put_be16(q + 4, (uint16_t)(1400 - header));
	}
	sh_put_be16(q + header, 20000);
	sh_put_be16(q + header + 2, 4000);
	m.len += header + 8;
	return m;
}

static bool believed(struct dp_pmtu *out, uint8_t family, const struct message *m, size_t len)
{
	uint8_t *copy = malloc(len ? len : 1);
	struct dp_ip ip = {.family = family, .l4_len = (uint16_t)len, .dst = ours};
	bool good;

	assert_non_null(copy);
	memcpy(copy, m->data, len);
	good = dp_pmtu_parse(out, copy, &ip);
	free(copy);
	return good;
}

static void a_router_is_believed(void **state)
{
	static const uint32_t said[][3] = {{4, 1300, 1300}, {4, 576, 576}, {4, 500, 576}, {4, 0, 576},
		{6, 1300, 1300}, {6, 1280, 1280}, {6, 68, 1280}, {6, 0, 1280}};

	for (size_t i = 0; i < sizeof(said) / sizeof(said[0]); i++) {
		struct message m = too_big((uint8_t)said[i][0], said[i][1]);
		struct dp_pmtu out;

		assert_true(believed(&out, (uint8_t)said[i][0], &m, m.len));
		assert_int_equal(out.mtu, said[i][2]);
		assert_int_equal(out.local_port, 20000);
		assert_int_equal(out.remote_port, 4000);
		for (size_t cut = DP_ICMP_HEADER; cut < m.len; cut++)
			assert_false(believed(&out, (uint8_t)said[i][0], &m, cut));
	}
}

/* Changes one byte of the message; nobody believes it then. */
static void disbelieved(uint8_t family, size_t at, uint8_t value)
{
	struct message m = too_big(family, 1300);
	struct dp_pmtu out;

	m.data[at] = value;
	assert_false(believed(&out, family, &m, m.len));
}

static void what_we_cannot_have_sent_is_not_believed(void **state)
{
	struct message m = too_big(6, 100000);
	struct dp_pmtu out;

	disbelieved(4, 0, 11); /* time exceeded */
	disbelieved(4, 1, 3); /* port unreachable */
	disbelieved(4, 8, 0x46); /* options */
	disbelieved(4, 8 + 2, 4); /* shorter than the MTU */
	disbelieved(4, 8 + 6, 0); /* without DF */
	disbelieved(4, 8 + 7, 1); /* a later fragment */
	disbelieved(4, 8 + 9, 6); /* TCP */
	disbelieved(4, 8 + 12, 11); /* from another address */
	disbelieved(6, 0, 3);
	disbelieved(6, 8, 0x40);
	disbelieved(6, 8 + 6, 6);
	disbelieved(6, 8 + 8, 11);
	disbelieved(6, 8 + 4, 0); /* shorter than the MTU */
	assert_false(believed(&out, 6, &m, m.len)); /* an MTU that it fits */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_built_is_parsed),
		cmocka_unit_test(a_cut_fragment_is_malformed),
		cmocka_unit_test(impossible_parts_are_refused),
		cmocka_unit_test(other_protocols_are_refused),
		cmocka_unit_test(a_router_is_believed),
		cmocka_unit_test(what_we_cannot_have_sent_is_not_believed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

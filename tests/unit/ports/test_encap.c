/* SPDX-License-Identifier: Apache-2.0 */

/* Headers in front of a payload: what a receiver checks, with and without the device's help. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <rte_mbuf.h>

#include "dataplane/device/ports.h"
#include "dataplane/net/checksum.h"
#include "dataplane/net/udp.h"
#include "dataplane/send/encap.h"
#include "dataplane/worker/worker.h"
#include "shared/bytes.h"

enum { ROOM = 2048 };

static struct dp_ports ports = {.count = 1, .port[0] = {.mac = {2, 0, 0, 0, 0, 1}, .mtu = 1500}};
static struct dp_worker worker = {.ports = &ports};
static uint8_t room[ROOM];

static struct sh_path path_of(uint8_t family, uint16_t vlan)
{
	struct sh_path path = {.l2 = {.mac = {2, 0, 0, 0, 0, 9}, .vlan = vlan}};

	path.local = (struct sh_addr){.family = family, .port = 20000, .ip = {10, 0, 0, 2}};
	path.remote = (struct sh_addr){.family = family, .port = 4000, .ip = {10, 0, 0, 9}};
	return path;
}

/* An mbuf with this payload. */
static struct rte_mbuf payload_of(uint8_t first, uint16_t len)
{
	struct rte_mbuf m = {.buf_addr = room,
		.buf_len = ROOM,
		.data_off = RTE_PKTMBUF_HEADROOM,
		.data_len = len,
		.pkt_len = len,
		.nb_segs = 1};

	memset(room, 0xee, sizeof(room)); /* headers must not depend on what was there */
	for (uint16_t i = 0; i < len; i++)
		room[RTE_PKTMBUF_HEADROOM + i] = (uint8_t)(first + i * 7);
	return m;
}

/* Parses the frame as its receiver does, checksums included, and returns the UDP checksum. */
static uint16_t received_sum(struct rte_mbuf *m, uint16_t payload_len)
{
	const uint8_t *frame = rte_pktmbuf_mtod(m, const uint8_t *);
	struct dp_frame f;
	struct dp_ip ip;
	struct dp_udp udp;

	assert_int_equal(dp_frame_parse(&f, frame, m->data_len), DP_NET_OK);
	if (f.type == DP_ETHERTYPE_IPV4)
		assert_int_equal(dp_ipv4_parse(&ip, frame, m->data_len, f.offset, true), DP_NET_OK);
	else
		assert_int_equal(dp_ipv6_parse(&ip, frame, m->data_len, f.offset), DP_NET_OK);
	assert_int_equal(dp_udp_parse(&udp, frame, &ip, true), DP_NET_OK);
	assert_int_equal(udp.payload_len, payload_len);
	return sh_get_be16(frame + ip.l4_offset + 6);
}

/* The UDP checksums of packets to a device that computes none. */
static void expect_checksums(bool over_ipv4)
{
	static const uint16_t lengths[] = {1, 2, 3, 12, 99, 160, 1199, 1200};

	ports.by_id[0] = &ports.port[0];
	ports.port[0].no_udp_sum = !over_ipv4;
	for (unsigned family = 4; family <= 6; family += 2)
		for (unsigned tag = 0; tag < 2; tag++)
			for (unsigned i = 0; i < RTE_DIM(lengths); i++) {
				struct sh_path path = path_of((uint8_t)family, tag ? 77 : 0);
				struct rte_mbuf m = payload_of((uint8_t)i, lengths[i]);
				struct dp_encap e;

				dp_encap_init(&worker, &e, &path);
				dp_encap(&worker, &e, &m);
				assert_int_equal(received_sum(&m, lengths[i]) != 0, over_ipv4 || family == 6);
			}
	ports.port[0].no_udp_sum = false;
}

static void without_offload_there_is_a_udp_checksum(void **state)
{
	expect_checksums(true);
}

static void ipv4_may_be_without_one(void **state)
{
	expect_checksums(false);
}

/* The payload's last word is chosen so that the sum is 0, which must be sent as ffff (RFC 768). */
static void checksum_of_zero(uint8_t family)
{
	ports.by_id[0] = &ports.port[0];
	struct sh_path path = path_of(family, 0);
	struct rte_mbuf m = payload_of(3, 100);
	struct dp_encap e;
	uint16_t sum;

	dp_encap_init(&worker, &e, &path);
	memset(room + RTE_PKTMBUF_HEADROOM + 98, 0, 2);
	dp_encap(&worker, &e, &m);
	sum = received_sum(&m, 100);
	assert_int_not_equal(sum, 0xffff);
	m = payload_of(3, 100);
	sh_put_be16(room + RTE_PKTMBUF_HEADROOM + 98, sum);
	dp_encap(&worker, &e, &m);
	assert_int_equal(received_sum(&m, 100), 0xffff);
}

static void a_checksum_of_zero_is_sent_as_ffff(void **state)
{
	checksum_of_zero(4);
	checksum_of_zero(6);
}

/* The driver needs them to give the buffer back to whom it belongs; others are of the reception. */
static void flags_of_a_foreign_buffer_are_kept(void **state)
{
	struct sh_path path = path_of(4, 0);
	struct rte_mbuf m = payload_of(3, 100);
	struct dp_encap e;

	ports.by_id[0] = &ports.port[0];
	m.ol_flags = RTE_MBUF_F_EXTERNAL | RTE_MBUF_F_RX_RSS_HASH | RTE_MBUF_F_RX_L4_CKSUM_GOOD;
	dp_encap_init(&worker, &e, &path);
	dp_encap(&worker, &e, &m);
	assert_true(m.ol_flags == RTE_MBUF_F_EXTERNAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(without_offload_there_is_a_udp_checksum),
		cmocka_unit_test(ipv4_may_be_without_one),
		cmocka_unit_test(a_checksum_of_zero_is_sent_as_ffff),
		cmocka_unit_test(flags_of_a_foreign_buffer_are_kept),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

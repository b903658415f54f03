/* SPDX-License-Identifier: Apache-2.0 */

/* What is left to a device, driver by driver. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <rte_ethdev.h>

#include "dataplane/device/offloads.h"
#include "shared/port_stats.h"
#include "shared/stats_names.h"

#define RX_SUMS                                                                                              \
	(RTE_ETH_RX_OFFLOAD_IPV4_CKSUM | RTE_ETH_RX_OFFLOAD_UDP_CKSUM | RTE_ETH_RX_OFFLOAD_TCP_CKSUM |       \
		RTE_ETH_RX_OFFLOAD_SCATTER)
#define TX_SUMS                                                                                              \
	(RTE_ETH_TX_OFFLOAD_IPV4_CKSUM | RTE_ETH_TX_OFFLOAD_UDP_CKSUM | RTE_ETH_TX_OFFLOAD_TCP_CKSUM |       \
		RTE_ETH_TX_OFFLOAD_MULTI_SEGS)
#define FAST RTE_ETH_TX_OFFLOAD_MBUF_FAST_FREE

static const struct {
	const char *device;
	uint64_t rx_capa, tx_capa;
	bool emulated, one_pool;
	uint64_t rx, tx;
	uint32_t shown;
} rows[] = {
	{"one that has all", RX_SUMS, TX_SUMS | FAST, false, true,
		RTE_ETH_RX_OFFLOAD_IPV4_CKSUM | RTE_ETH_RX_OFFLOAD_UDP_CKSUM,
		RTE_ETH_TX_OFFLOAD_IPV4_CKSUM | RTE_ETH_TX_OFFLOAD_UDP_CKSUM | FAST, 31},
	{"the same with workers on two nodes", RX_SUMS, TX_SUMS | FAST, false, false,
		RTE_ETH_RX_OFFLOAD_IPV4_CKSUM | RTE_ETH_RX_OFFLOAD_UDP_CKSUM,
		RTE_ETH_TX_OFFLOAD_IPV4_CKSUM | RTE_ETH_TX_OFFLOAD_UDP_CKSUM, 15},
	{"a TAP, which computes them", RX_SUMS, TX_SUMS | FAST, true, true, 0, 0, 0},
	{"virtio: UDP's alone", RTE_ETH_RX_OFFLOAD_UDP_CKSUM | RTE_ETH_RX_OFFLOAD_TCP_CKSUM,
		RTE_ETH_TX_OFFLOAD_UDP_CKSUM | RTE_ETH_TX_OFFLOAD_MULTI_SEGS, false, true,
		RTE_ETH_RX_OFFLOAD_UDP_CKSUM, RTE_ETH_TX_OFFLOAD_UDP_CKSUM,
		SH_OFFLOAD_RX_UDP_SUM | SH_OFFLOAD_TX_UDP_SUM},
	{"sends sums, checks none", 0, TX_SUMS, false, true, 0,
		RTE_ETH_TX_OFFLOAD_IPV4_CKSUM | RTE_ETH_TX_OFFLOAD_UDP_CKSUM,
		SH_OFFLOAD_TX_IPV4_SUM | SH_OFFLOAD_TX_UDP_SUM},
	{"segments are nothing to us", RTE_ETH_RX_OFFLOAD_SCATTER, RTE_ETH_TX_OFFLOAD_MULTI_SEGS, false, true,
		0, 0, 0},
	{"one that has nothing", 0, 0, false, true, 0, 0, 0},
};

static void chosen(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct dp_offloads o = dp_offloads_choose(rows[i].rx_capa, rows[i].tx_capa, rows[i].emulated,
			rows[i].one_pool);

		if (o.rx != rows[i].rx || o.tx != rows[i].tx || o.shown != rows[i].shown)
			fail_msg("%s: rx %#lx tx %#lx shown %u", rows[i].device, o.rx, o.tx, o.shown);
	}
}

static void names(void **state)
{
	(void)state;
	for (uint32_t bit = 1; bit <= SH_OFFLOAD_FAST_FREE; bit <<= 1)
		assert_non_null(sh_offload_name(bit));
	assert_null(sh_offload_name(0));
	assert_null(sh_offload_name(SH_OFFLOAD_FAST_FREE << 1));
	assert_string_equal(sh_steering_name(SH_STEER_HANDOFF), "hand-off");
	assert_string_equal(sh_steering_name(0), "unknown");
	assert_string_equal(sh_steering_name(SH_STEER_HANDOFF + 1), "unknown");
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(chosen), cmocka_unit_test(names)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

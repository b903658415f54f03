/* SPDX-License-Identifier: Apache-2.0 */

/* What came in on another worker's queue: to its owner, in order, a burst at once. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include <rte_malloc.h>

#include "dataplane/device/ports.h"
#include "dataplane/path/stages.h"
#include "dataplane/worker/packet.h"
#include "dataplane/worker/worker.h"
#include "tests/unit/stream/world.h"

enum { BASE = 20000, SLOTS = 8, ELSEWHERE = 40000 };

static struct rte_ring *pointers(void)
{
	struct rte_ring *r = rte_zmalloc(NULL, sizeof(*r) + SLOTS * sizeof(void *), 64);

	r->size = SLOTS;
	r->mask = r->capacity = SLOTS - 1;
	r->prod.sync_type = r->cons.sync_type = RTE_RING_SYNC_ST;
	return r;
}

static int setup(void **state)
{
	world_setup(state);
	for (unsigned i = 0; i < WORLD_WORKERS; i++) {
		struct dp_worker *w = &world->worker[i];

		w->udp_port = (uint16_t)(BASE + i);
		w->udp_ports = WORLD_WORKERS;
		for (unsigned from = 0; from < WORLD_WORKERS; from++)
			w->handoff[from] = from == i ? NULL : pointers();
	}
	return 0;
}

static int teardown(void **state)
{
	for (unsigned i = 0; i < WORLD_WORKERS; i++)
		for (unsigned from = 0; from < WORLD_WORKERS; from++)
			free(world->worker[i].handoff[from]);
	return world_teardown(state);
}

/* Packet i has i for its content. */
static void fill(struct rte_mbuf **pkts, const uint16_t *port, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		pkts[i] = world_mbuf(i);
		*dp_meta(pkts[i]) = (struct dp_meta){.path.local.port = port[i]};
	}
}

static void assert_packets(struct rte_mbuf **pkts, unsigned n, const uint32_t *content, unsigned expected)
{
	assert_int_equal(n, expected);
	for (unsigned i = 0; i < n; i++) {
		assert_int_equal(world_content(pkts[i]), content[i]);
		rte_pktmbuf_free(pkts[i]);
	}
}

static void each_to_its_owner_in_order(void **state)
{
	static const uint16_t port[] = {BASE + 1, BASE, BASE + 2, ELSEWHERE, BASE + 1, BASE + 1};
	struct rte_mbuf *pkts[DP_BURST];

	fill(pkts, port, RTE_DIM(port));
	assert_packets(pkts, dp_steer(&world->worker[0], pkts, RTE_DIM(port)), (uint32_t[]){1}, 1);
	assert_int_equal(world->stats[0].handed_off, 4);
	assert_int_equal(world->stats[0].drop[SH_DROP_UDP_PORT], 1);

	assert_packets(pkts, dp_handoff_rx(&world->worker[1], pkts), (uint32_t[]){0, 4, 5}, 3);
	assert_int_equal(world->stats[1].handed_in, 3);
	assert_packets(pkts, dp_handoff_rx(&world->worker[2], pkts), (uint32_t[]){2}, 1);
	assert_int_equal(dp_handoff_rx(&world->worker[1], pkts), 0);
}

static void what_does_not_fit_is_counted(void **state)
{
	struct rte_mbuf *pkts[DP_BURST];
	uint16_t port[SLOTS + 2];
	uint32_t content[SLOTS + 2];

	for (unsigned i = 0; i < RTE_DIM(port); i++) {
		port[i] = BASE + 2;
		content[i] = i;
	}
	fill(pkts, port, RTE_DIM(port));
	assert_int_equal(dp_steer(&world->worker[0], pkts, RTE_DIM(port)), 0);
	assert_int_equal(world->stats[0].handed_off, SLOTS - 1);
	assert_int_equal(world->stats[0].drop[SH_DROP_HANDOFF_FULL], 3);
	assert_packets(pkts, dp_handoff_rx(&world->worker[2], pkts), content, SLOTS - 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(each_to_its_owner_in_order, setup, teardown),
		cmocka_unit_test_setup_teardown(what_does_not_fit_is_counted, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

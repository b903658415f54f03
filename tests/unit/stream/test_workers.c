/* SPDX-License-Identifier: Apache-2.0 */

/*
 * With as many workers as there may be: packets that are handed off, and streams whose readers have
 * the highest ids. What a loop reads does not grow with the workers.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <rte_malloc.h>

#include "dataplane/path/stages.h"
#include "tests/unit/stream/world.h"

enum { ALL = SH_MAX_WORKERS, BASE = 20000, SLOTS = 16, FIRST = 70000 };

static struct dp_worker *worker[ALL];
static struct sh_worker_stats stats[ALL];

static struct rte_ring *ring(size_t record)
{
	struct rte_ring *r = rte_zmalloc(NULL, sizeof(*r) + SLOTS * record, 64);

	r->size = SLOTS;
	r->mask = r->capacity = SLOTS - 1;
	r->prod.sync_type = r->cons.sync_type = RTE_RING_SYNC_ST;
	return r;
}

static int setup(void **state)
{
	world_setup(state);
	memset(stats, 0, sizeof(stats));
	for (unsigned i = 0; i < ALL; i++) {
		worker[i] = rte_zmalloc(NULL, sizeof(*worker[i]), 64);
		worker[i]->id = i;
		worker[i]->workers = ALL;
		worker[i]->udp_port = (uint16_t)(BASE + i);
		worker[i]->udp_ports = 2 * ALL;
		worker[i]->stats = &stats[i];
		for (unsigned from = 0; from < ALL; from++)
			worker[i]->handoff[from] = from == i ? NULL : ring(sizeof(void *));
	}
	for (unsigned i = 0; i < ALL; i++)
		memcpy(worker[i]->peer, worker, sizeof(worker));
	return 0;
}

static int teardown(void **state)
{
	for (unsigned i = 0; i < ALL; i++) {
		for (unsigned from = 0; from < ALL; from++)
			free(worker[i]->handoff[from]);
		free(worker[i]);
	}
	return world_teardown(state);
}

/* Worker `from` receives one packet for UDP port BASE + `offset`. */
static void receive(unsigned from, unsigned offset)
{
	struct rte_mbuf *m = world_mbuf(from);

	*dp_meta(m) = (struct dp_meta){.path.local.port = (uint16_t)(BASE + offset)};
	assert_int_equal(dp_steer(worker[from], &m, 1), from == offset % ALL);
	if (from == offset % ALL)
		rte_pktmbuf_free(m);
}

/* From every worker to every other, to WebRTC's ports and to those of plain transports. */
static void each_pair(void **state)
{
	struct rte_mbuf *pkts[DP_BURST];

	for (unsigned from = 0; from < ALL; from++)
		for (unsigned offset = 0; offset < 2 * ALL; offset++) {
			struct dp_worker *to = worker[offset % ALL];

			receive(from, offset);
			if (to->id == from)
				continue;
			assert_int_equal(dp_handoff_rx(to, pkts), 1);
			assert_int_equal(world_content(pkts[0]), from);
			rte_pktmbuf_free(pkts[0]);
		}
	for (unsigned i = 0; i < ALL; i++) {
		assert_int_equal(stats[i].handed_off, 2 * (ALL - 1));
		assert_int_equal(stats[i].handed_in, 2 * (ALL - 1));
	}
}

static void a_burst_goes_to_32_workers(void **state)
{
	struct rte_mbuf *pkts[DP_BURST];

	for (unsigned i = 0; i < DP_BURST; i++) {
		pkts[i] = world_mbuf(i);
		*dp_meta(pkts[i]) = (struct dp_meta){.path.local.port = (uint16_t)(BASE + ALL - 1 - i)};
	}
	assert_int_equal(dp_steer(worker[0], pkts, DP_BURST), 0);
	for (unsigned i = 0; i < DP_BURST; i++) {
		assert_int_equal(dp_handoff_rx(worker[ALL - 1 - i], pkts), 1);
		assert_int_equal(world_content(pkts[0]), i);
		rte_pktmbuf_free(pkts[0]);
	}
}

/* Without news from others, a loop reads no ring: here there are none. */
static void a_loop_reads_no_ring_of_a_silent_worker(void **state)
{
	struct dp_worker *w = worker[ALL - 1];
	struct rte_ring *rings[ALL];
	struct rte_mbuf *pkts[DP_BURST];

	memcpy(rings, w->handoff, sizeof(rings));
	memset(w->handoff, 0, sizeof(w->handoff));
	assert_int_equal(dp_handoff_rx(w, pkts), 0);
	w->handoff[40] = rings[40];
	receive(40, ALL - 1);
	assert_int_equal(dp_handoff_rx(w, pkts), 1);
	rte_pktmbuf_free(pkts[0]);
	assert_int_equal(dp_handoff_rx(w, pkts), 0);
	memcpy(w->handoff, rings, sizeof(rings));
}

/* Each worker's packets have their turn, although there are always more than a burst. */
static void all_are_served_in_turn(void **state)
{
	enum { ROUNDS = 40 };
	struct rte_mbuf *pkts[DP_BURST];
	unsigned got[ALL] = {0}, most = 0, fewest = UINT32_MAX;

	for (unsigned round = 0; round < ROUNDS; round++) {
		for (unsigned from = 1; from < ALL; from++)
			while (rte_ring_free_count(worker[0]->handoff[from]) > 0)
				receive(from, 0);
		assert_int_equal(dp_handoff_rx(worker[0], pkts), DP_BURST);
		for (unsigned i = 0; i < DP_BURST; i++) {
			got[world_content(pkts[i])]++;
			rte_pktmbuf_free(pkts[i]);
		}
	}
	for (unsigned from = 1; from < ALL; from++) {
		most = RTE_MAX(most, got[from]);
		fewest = RTE_MIN(fewest, got[from]);
	}
	print_message("from %u to %u packets of each\n", fewest, most);
	assert_true(fewest > 0 && most <= fewest + 2 * (SLOTS - 1));
	for (unsigned n = dp_handoff_rx(worker[0], pkts); n > 0; n = dp_handoff_rx(worker[0], pkts))
		for (unsigned i = 0; i < n; i++)
			rte_pktmbuf_free(pkts[i]);
	for (unsigned from = 1; from < ALL; from++)
		assert_int_equal(rte_ring_count(worker[0]->handoff[from]), 0);
}

/* --- readers of a stream ------------------------------------------------------------------------ */

/* The world's workers, but with these ids. */
static const unsigned id[WORLD_WORKERS] = {31, 32, ALL - 1};

static int setup_readers(void **state)
{
	world_setup(state);
	world->config.dataplane.workers = ALL;
	for (unsigned i = 0; i < WORLD_WORKERS; i++) {
		struct dp_worker *w = &world->worker[i];

		for (unsigned k = 0; k < WORLD_WORKERS; k++) {
			free(w->wake[k]);
			w->wake[k] = NULL;
		}
		w->id = id[i];
		w->workers = ALL;
		memset(w->peer, 0, sizeof(w->peer));
		for (unsigned k = 0; k < WORLD_WORKERS; k++) {
			w->peer[id[k]] = &world->worker[k];
			w->wake[id[k]] = k == i ? NULL : ring(sizeof(uint32_t));
		}
	}
	return 0;
}

static int teardown_readers(void **state)
{
	for (unsigned i = 0; i < WORLD_WORKERS; i++)
		for (unsigned k = 0; k < WORLD_WORKERS; k++) {
			struct rte_ring **r = &world->worker[i].wake[id[k]];

			free(*r);
			*r = NULL;
		}
	return world_teardown(state);
}

static void readers_with_high_ids_are_woken_and_hold_the_ring(void **state)
{
	struct dp_stream *s = world_stream(0);

	for (unsigned i = 0; i < WORLD_WORKERS; i++) {
		world->worker[i].retention_ns = 0;
		assert_int_equal(world_join(i, 0, i), 0);
	}
	assert_true(s->readers == (UINT64_C(1) << 31 | UINT64_C(1) << 32 | UINT64_C(1) << 63));
	for (unsigned i = 0; i < 10; i++)
		world_packet(s, FIRST + i);
	dp_audience_notify(&world->worker[0], s);
	for (unsigned i = 0; i < WORLD_WORKERS; i++) {
		dp_stream_reclaim(s);
		assert_int_equal(world_mbufs(), 10); /* this worker has not read them */
		world->worker[i].now_ns++;
		dp_fanout(&world->worker[i]);
		assert_int_equal(world->sent[i], 10);
	}
	dp_stream_reclaim(s);
	assert_int_equal(world_mbufs(), 0);
	for (unsigned i = 0; i < WORLD_WORKERS; i++)
		world_leave(i);
	assert_true(s->readers == 0);
	world_stream_gone(0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(each_pair, setup, teardown),
		cmocka_unit_test_setup_teardown(a_burst_goes_to_32_workers, setup, teardown),
		cmocka_unit_test_setup_teardown(a_loop_reads_no_ring_of_a_silent_worker, setup, teardown),
		cmocka_unit_test_setup_teardown(all_are_served_in_turn, setup, teardown),
		cmocka_unit_test_setup_teardown(readers_with_high_ids_are_woken_and_hold_the_ring,
			setup_readers, teardown_readers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

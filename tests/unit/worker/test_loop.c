/* SPDX-License-Identifier: Apache-2.0 */
/* What a loop takes in before it fans out again: all of a rush, and of a flood no more than is fair. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "dataplane/path/catch_up.h"
#include "dataplane/path/exception.h"
#include "dataplane/path/loop.h"
#include "dataplane/path/stages.h"
#include "dataplane/send/tx.h"
#include "dataplane/tables/apply.h"
#include "dataplane/worker/clock.h"
#include "dataplane/worker/packet.h"
#include "dataplane/worker/worker.h"

enum { LOOPS = 4, FAIR = 8 * DP_BURST };

static struct sh_worker_stats stats;
static struct sh_config config;
static struct dp_worker worker;
static unsigned waiting, handed_waiting; /* packets at the devices, in the rings of other workers */
static unsigned taken[LOOPS], routed[LOOPS], fanouts;
static uint64_t clock_first, clock_last; /* at the first and last burst of a loop */

static unsigned up_to_a_burst(unsigned *from)
{
	unsigned n = *from < DP_BURST ? *from : DP_BURST;

	*from -= n;
	return n;
}

unsigned dp_rx(struct dp_worker *w, struct rte_mbuf **pkts)
{
	unsigned n = up_to_a_burst(&waiting);

	if (!taken[fanouts])
		clock_first = w->now_ns;
	clock_last = w->now_ns;
	taken[fanouts] += n;
	return n;
}

unsigned dp_handoff_rx(struct dp_worker *w, struct rte_mbuf **pkts)
{
	unsigned n = up_to_a_burst(&handed_waiting);

	taken[fanouts] += n;
	return n;
}

unsigned dp_fanout(struct dp_worker *w)
{
	if (++fanouts == LOOPS)
		atomic_store(&w->stop, true);
	return 0;
}

unsigned dp_catch_up(struct dp_worker *w)
{
	return 0;
}

unsigned dp_parse(struct dp_worker *w, struct rte_mbuf **pkts, unsigned n)
{
	return n;
}

unsigned dp_steer(struct dp_worker *w, struct rte_mbuf **pkts, unsigned n)
{
	return n;
}

void dp_classify(struct dp_worker *w, struct rte_mbuf **pkts, unsigned n, struct dp_batch *out)
{
	memset(out, 0, sizeof(*out));
	out->rtps = n;
}

unsigned dp_unprotect(struct dp_worker *w, struct rte_mbuf **pkts, unsigned n)
{
	return n;
}

void dp_route(struct dp_worker *w, struct rte_mbuf **pkts, unsigned n)
{
	routed[fanouts] += n;
}

void dp_stun(struct dp_worker *w, struct rte_mbuf **pkts, unsigned n)
{
}

void dp_dtls(struct dp_worker *w, struct rte_mbuf **pkts, unsigned n)
{
}

void dp_rtcp_in(struct dp_worker *w, struct rte_mbuf **pkts, unsigned n)
{
}

unsigned dp_exception_in(struct dp_worker *w)
{
	return 0;
}

unsigned dp_inject(struct dp_worker *w)
{
	return 0;
}

unsigned dp_apply_ops(struct dp_worker *w)
{
	return 0;
}

void dp_housekeeping(struct dp_worker *w)
{
}

unsigned dp_tx_flush(struct dp_worker *w)
{
	return 0;
}

static void run(unsigned at_devices, unsigned at_workers)
{
	memset(&worker, 0, sizeof(worker));
	memset(taken, 0, sizeof(taken));
	memset(routed, 0, sizeof(routed));
	worker.stats = &stats;
	worker.config = &config;
	worker.clock = (struct dp_clock){.tsc = rte_rdtsc(), .period = UINT64_MAX, .scale = 1ull << 32};
	fanouts = 0;
	waiting = at_devices;
	handed_waiting = at_workers;
	assert_int_equal(dp_worker_run(&worker), 0);
	for (unsigned i = 0; i < LOOPS; i++)
		assert_int_equal(routed[i], taken[i]);
}

/* What 20,000 viewers send while 2,048 packets go out is more than one burst. */
static void test_a_rush_is_taken_at_once(void **state)
{
	run(FAIR - 1, 0);
	assert_int_equal(taken[0], FAIR - 1);
	run(0, FAIR - 1);
	assert_int_equal(taken[0], FAIR - 1);
	run(5, 3 * DP_BURST);
	assert_int_equal(taken[0], 5 + 3 * DP_BURST);
}

static void test_a_flood_leaves_time_for_viewers(void **state)
{
	run(100 * FAIR, 100 * FAIR);
	for (unsigned i = 0; i < LOOPS; i++)
		assert_int_equal(taken[i], 2 * FAIR);
}

static void test_little_is_one_look(void **state)
{
	run(DP_BURST - 1, DP_BURST - 1);
	assert_int_equal(taken[0], 2 * (DP_BURST - 1));
	assert_int_equal(clock_first, clock_last);
}

/* The time from RX to TX begins with the burst, not with the loop. */
static void test_each_burst_has_its_time(void **state)
{
	run(100 * FAIR, 0);
	assert_true(clock_last > clock_first);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_rush_is_taken_at_once),
		cmocka_unit_test(test_a_flood_leaves_time_for_viewers),
		cmocka_unit_test(test_little_is_one_look),
		cmocka_unit_test(test_each_burst_has_its_time),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

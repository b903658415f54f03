/* SPDX-License-Identifier: Apache-2.0 */

/*
 * A large audience that is sent nothing: it waits for a key frame, a source has restarted, or all
 * packets have expired. A pass costs each viewer the same for any number of packets, and a loop
 * ends before all viewers have been visited. Times are compared with each other only, so that the
 * test does not depend on the machine.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include <rte_malloc.h>

#include "dataplane/path/stages.h"
#include "dataplane/tables/audience.h"
#include "dataplane/tables/scheduler.h"
#include "dataplane/tables/stream.h"
#include "dataplane/worker/clock.h"
#include "dataplane/worker/messages.h"
#include "dataplane/worker/worker.h"
#include "tests/unit/stream/world.h"

enum {
	VIEWERS = 20000,
	FEW = 8, /* packets of a short burst */
	MANY = 256, /* as many as a loop takes in */
	REPEATS = 7, /* of a measurement; the shortest time counts */
	MOST_TIMES = 6, /* MANY packets may take so much longer than FEW; proportional would be 32 */
};

static struct dp_transport *transports;
static struct dp_consumer *consumers;
static struct sh_consumer_stats *statistics;
static struct dp_stream *stream;
static uint64_t next_seq;

static int open_all(void **state)
{
	struct dp_worker *w;

	world_setup(state);
	w = &world->worker[0];
	world->config.dataplane.stream_packets = 1024;
	stream = world_stream(0);
	next_seq = 70000;
	transports = rte_zmalloc(NULL, VIEWERS * sizeof(*transports), 64);
	consumers = rte_zmalloc(NULL, VIEWERS * sizeof(*consumers), 64);
	statistics = rte_zmalloc(NULL, VIEWERS * sizeof(*statistics), 64);
	w->transports = transports;
	w->consumers = consumers;
	w->consumer_stats = statistics;
	for (unsigned i = 0; i < VIEWERS; i++) {
		struct dp_op op = {.slot = i, .slot2 = i};

		transports[i].slot = i % WORLD_VIEWERS; /* where the world notes what is sent */
		transports[i].can_send = true;
		transports[i].encap.mtu = 1500;
		op.cmd.id = i + 1;
		op.cmd.consumer_add.ssrc = 0x1000 + i;
		assert_int_equal(dp_consumer_add(w, &op), 0);
	}
	return 0;
}

static int close_all(void **state)
{
	for (unsigned i = 0; i < VIEWERS; i++) {
		struct dp_op op = {.slot = i};

		assert_int_equal(dp_consumer_del(&world->worker[0], &op), 0);
	}
	world_stream_gone(0);
	rte_free(transports);
	rte_free(consumers);
	rte_free(statistics);
	return world_teardown(state);
}

/* Appends so many packets; a decoder can start with the one at index `key`. */
static void burst(unsigned packets, unsigned key)
{
	for (unsigned i = 0; i < packets; i++) {
		struct dp_ring_entry *entry = dp_stream_next(stream);

		assert_true(world_append(stream, next_seq++));
		entry->info.keyframe = i == key;
	}
	dp_audience_notify(&world->worker[0], stream);
}

static void no_one_waits(void)
{
	for (unsigned i = 0; i < VIEWERS; i++)
		consumers[i].waiting_keyframe = false;
}

/* Runs loops until all viewers have been visited; returns how many. */
static unsigned run(void)
{
	struct dp_worker *w = &world->worker[0];
	unsigned loops = 0;

	while (dp_schedule_has_work(&w->video[0])) {
		memset(world->sent, 0, sizeof(world->sent));
		dp_fanout(w);
		loops++;
	}
	return loops;
}

static uint64_t clock_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

/* What a pass over all viewers takes after `prepare` and a burst, which sends them nothing. */
static uint64_t pass_time(unsigned packets, void (*prepare)(void), void (*afterwards)(void))
{
	uint64_t least = UINT64_MAX;

	for (unsigned i = 0; i < REPEATS; i++) {
		uint64_t begun;

		dp_stream_reclaim(stream);
		if (prepare)
			prepare();
		burst(packets, MANY);
		if (afterwards)
			afterwards();
		begun = clock_ns();
		run();
		least = RTE_MIN(least, clock_ns() - begun);
		dp_audience_tick(&world->worker[0], stream);
		for (unsigned k = 0; k < VIEWERS; k++) {
			assert_int_equal(consumers[k].at, stream->head);
			assert_int_equal(consumers[k].packets, 0);
		}
	}
	return least;
}

static void compare(const char *what, void (*prepare)(void), void (*afterwards)(void))
{
	uint64_t few = pass_time(FEW, prepare, afterwards), many = pass_time(MANY, prepare, afterwards);

	printf("%d viewers %s: %d packets %.2f ms, 64 packets %.2f ms, %d packets %.2f ms\n", VIEWERS, what,
		FEW, (double)few / 1e6, (double)pass_time(64, prepare, afterwards) / 1e6, MANY,
		(double)many / 1e6);
	assert_true(many < MOST_TIMES * few);
}

static void waiting_costs_the_same_for_any_burst(void **state)
{
	compare("wait for a key frame", NULL, NULL);
}

/* The first packet of the burst is the first after the restart. */
static void mark_restart(void)
{
	uint64_t first = world->worker[0].audience[0].served;

	stream->ring[first & stream->mask].restart = true;
}

static void a_restart_costs_the_same_for_any_burst(void **state)
{
	compare("see a restart", no_one_waits, mark_restart);
}

static void let_expire(void)
{
	world->worker[0].now_ns += 200 * DP_MS;
}

static void expiry_costs_the_same_for_any_burst(void **state)
{
	uint64_t n = 0;

	compare("lose all to age", no_one_waits, let_expire);
	n = world->stats[0].drop[SH_DROP_TX_AGE];
	assert_int_equal(n, (uint64_t)VIEWERS * REPEATS * (FEW + 64 + MANY));
}

/* The packets are too long for every path. */
static void shorten_paths(void)
{
	no_one_waits();
	for (unsigned i = 0; i < VIEWERS; i++) {
		consumers[i].seq.started = true;
		transports[i].encap.mtu = 10;
	}
}

/* More viewers than a loop visits, and then packets that are looked at and not written. */
static void a_loop_ends_early_though_nothing_is_sent(void **state)
{
	burst(64, MANY);
	assert_in_range(run(), 2, 4);
	shorten_paths();
	burst(64, MANY);
	assert_in_range(run(), VIEWERS * 64 / 16384, VIEWERS * 64 / 16384 + 10);
	assert_int_equal(world->stats[0].drop[SH_DROP_TOO_LONG], VIEWERS * 64);
}

/* All begin at the first packet of the first key frame, and go on to the end. */
static void all_begin_at_the_key_frame(void **state)
{
	burst(10, MANY);
	run();
	burst(10, 4);
	run();
	for (unsigned i = 0; i < VIEWERS; i++) {
		assert_int_equal(consumers[i].packets, 6);
		assert_int_equal(consumers[i].seq.base, 70014);
		assert_false(consumers[i].waiting_keyframe);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(waiting_costs_the_same_for_any_burst, open_all, close_all),
		cmocka_unit_test_setup_teardown(a_restart_costs_the_same_for_any_burst, open_all, close_all),
		cmocka_unit_test_setup_teardown(expiry_costs_the_same_for_any_burst, open_all, close_all),
		cmocka_unit_test_setup_teardown(a_loop_ends_early_though_nothing_is_sent, open_all,
			close_all),
		cmocka_unit_test_setup_teardown(all_begin_at_the_key_frame, open_all, close_all),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

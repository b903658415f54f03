/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Two ports: who is served by one does not wait for the other's device, loses nothing for
 * it, and nothing when his path changes over. What a dead device's viewers do not get is
 * counted and comes to an end. Time stands still but for what these tests let go by.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include <rte_random.h>

#include "dataplane/path/stages.h"
#include "dataplane/tables/audience.h"
#include "dataplane/tables/scheduler.h"
#include "dataplane/tables/stream.h"
#include "dataplane/tables/stream_ring.h"
#include "dataplane/worker/clock.h"
#include "dataplane/worker/worker.h"
#include "tests/unit/stream/world.h"

enum { EACH = 80, FIRST = 70000 }; /* viewers by each port: odd and even ones */

static void open_all(unsigned slot)
{
	for (unsigned i = 0; i < 2 * EACH; i++) {
		world->transport[i].encap.port_id = i % 2;
		assert_int_equal(world_join(i, slot, 0), 0);
	}
}

static void leave_all(unsigned viewers)
{
	for (unsigned i = 0; i < viewers; i++)
		world_leave(i);
	world_stream_gone(0);
	assert_int_equal(world->worker[0].watched_count, 0);
}

/* A loop that is a millisecond after the last. */
static void loop(void)
{
	struct dp_worker *w = &world->worker[0];

	w->now_ns += DP_MS;
	dp_fanout(w);
	for (uint32_t i = 0; i < w->watched_count; i++)
		dp_audience_tick(w, w->watched[i]);
}

/* A packet every two milliseconds; each has to be with the living port's viewers before the next one comes. */
static void a_dead_port(void **state)
{
	enum { PACKETS = 10 * WORLD_RING, AGE_PACKETS = 20 };
	const struct sh_worker_stats *stats = &world->stats[0];
	struct dp_stream *s = world_stream(0);

	world_tx_age((2 * AGE_PACKETS + 1) * DP_MS);
	open_all(0);
	world->other_room = 0;
	for (unsigned n = 0; n < PACKETS; n++) {
		world_packet(s, FIRST + n);
		loop();
		for (unsigned i = 0; i < 2 * EACH; i += 2)
			assert_int_equal(world->sent[i] + (n >= WORLD_SENT ? WORLD_SENT : 0), n + 1);
		loop();
		if (n + 1 == WORLD_SENT)
			memset(world->sent, 0, sizeof(world->sent));
	}
	dp_stream_reclaim(s);
	assert_true(s->head - s->cursor[0].at <= s->window);

	/* It lives again: what is young enough comes, in order; the rest is counted, once for each viewer. */
	memset(world->sent, 0, sizeof(world->sent));
	world->other_room = UINT32_MAX;
	loop();
	for (unsigned i = 0; i < 2 * EACH; i++) {
		assert_int_equal(world->sent[i], i % 2 ? AGE_PACKETS : 0);
		for (unsigned k = 0; k < world->sent[i]; k++)
			assert_int_equal(world->log[i][k].content, FIRST + PACKETS - AGE_PACKETS + k);
	}
	assert_int_equal(stats->drop[SH_DROP_TX_AGE], EACH * (PACKETS - AGE_PACKETS));
	assert_int_equal(stats->aged_video, stats->drop[SH_DROP_TX_AGE]);
	leave_all(2 * EACH);
}

/* Packets come faster than they age: the ring makes room for new ones, and no one else loses any. */
static void a_dead_port_and_a_short_ring(void **state)
{
	enum { PACKETS = 5 * WORLD_RING };
	struct dp_stream *s = world_stream(0);
	uint64_t got;

	open_all(0);
	world->other_room = 0;
	for (unsigned n = 0; n < PACKETS; n++) {
		world_packet(s, FIRST + n);
		if (n % 8 == 7)
			loop();
	}
	loop();
	for (unsigned i = 0; i < 2 * EACH; i += 2)
		assert_int_equal(world->sent[i], PACKETS);
	world->other_room = UINT32_MAX;
	loop();
	loop(); /* more than one loop writes */
	got = world->sent[1];
	assert_in_range(got, WORLD_RING / 2, WORLD_RING);
	assert_int_equal(world->stats[0].drop[SH_DROP_TX_BEHIND], EACH * (PACKETS - got));
	assert_int_equal(world->stats[0].drop[SH_DROP_TX_AGE], 0);
	leave_all(2 * EACH);
}

/* What leaves before its turn comes is counted too, and the streams' turns of a port are that port's own. */
static void leaving_a_dead_port(void **state)
{
	struct dp_stream *s = world_stream(0);

	open_all(0);
	world->other_room = 0;
	for (unsigned n = 0; n < 10; n++)
		world_packet(s, FIRST + n);
	loop();
	assert_false(dp_schedule_has_work(&world->worker[0].video[0]));
	assert_true(dp_schedule_has_work(&world->worker[0].video[1]));
	world->worker[0].now_ns += 200 * DP_MS;
	loop();
	leave_all(2 * EACH);
	assert_int_equal(world->stats[0].drop[SH_DROP_TX_AGE], 10 * EACH);
	assert_false(dp_schedule_has_work(&world->worker[0].video[1]));
}

/* Both ports take less than there is: each viewer has what its port can, and they share that evenly. */
static void two_slow_ports(void **state)
{
	struct dp_stream *s = world_stream(0);

	open_all(0);
	for (unsigned ms = 0; ms < 1000; ms++) {
		if (ms % 2 == 0)
			world_packet(s, FIRST + ms / 2);
		world->room = 32;
		world->other_room = 16;
		loop();
	}
	for (unsigned i = 0; i < 2 * EACH; i++) {
		unsigned fair = 1000 * (i % 2 ? 16 : 32) / EACH;

		assert_in_range(world->sent[i], fair * 85 / 100, fair * 115 / 100);
	}
	leave_all(2 * EACH);
}

/* Paths change over and back while passes stand still: everybody has everything once, in order. */
static void changing_over(void **state)
{
	enum { PACKETS = 300 };
	struct dp_stream *s = world_stream(0);

	open_all(0);
	for (unsigned n = 0; n < PACKETS; n++) {
		world_packet(s, FIRST + n);
		for (unsigned k = 0; k < 2; k++) {
			unsigned i = (unsigned)rte_rand_max(2 * EACH);

			world->transport[i].encap.port_id ^= 1;
			dp_audience_change_port(&world->worker[0], &world->transport[i]);
			world->room = (unsigned)rte_rand_max(2 * EACH);
			world->other_room = (unsigned)rte_rand_max(2 * EACH);
			dp_fanout(&world->worker[0]);
			dp_audience_tick(&world->worker[0], s);
			dp_stream_reclaim(s);
		}
	}
	world->room = world->other_room = UINT32_MAX;
	loop();
	loop();
	for (unsigned i = 0; i < 2 * EACH; i++) {
		assert_int_equal(world->sent[i], PACKETS);
		for (unsigned k = 0; k < PACKETS; k++)
			assert_int_equal(world->log[i][k].content, FIRST + k);
	}
	assert_int_equal(world->stats[0].drop[SH_DROP_TX_AGE], 0);
	leave_all(2 * EACH);
}

/* All of them, so that the first audience ends, with what it has not had. */
static void the_last_changes_over(void **state)
{
	struct dp_stream *s = world_stream(0);

	world->config.dataplane.stream_packets = WORLD_RING;
	assert_int_equal(world_join(0, 0, 0), 0);
	world->room = 0;
	for (unsigned n = 0; n < 20; n++)
		world_packet(s, FIRST + n);
	loop();
	world->transport[0].encap.port_id = 1;
	dp_audience_change_port(&world->worker[0], &world->transport[0]);
	dp_stream_reclaim(s);
	assert_int_equal(world_mbufs(), 20);
	loop();
	loop();
	assert_int_equal(world->sent[0], 20);
	leave_all(1);
}

/* A worker that comes back late: of a full ring's packets it serves the younger ones, and there is room again. */
static void a_late_worker(void **state)
{
	struct dp_stream *s = world_stream(0);
	unsigned taken = 0;

	assert_int_equal(world_join(0, 0, 1), 0);
	while (world_append(s, FIRST + taken))
		taken++;
	assert_int_equal(taken, WORLD_RING);
	dp_audience_tick(&world->worker[1], s);
	assert_true(world_append(s, FIRST + taken));
	dp_fanout(&world->worker[1]);
	assert_int_equal(world->stats[1].drop[SH_DROP_TX_BEHIND] + world->sent[0], taken + 1);
	assert_in_range(world->sent[0], WORLD_RING / 2, WORLD_RING);
	assert_int_equal(world->log[0][world->sent[0] - 1].content, FIRST + taken);
	leave_all(1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_dead_port, world_setup, world_teardown),
		cmocka_unit_test_setup_teardown(a_dead_port_and_a_short_ring, world_setup, world_teardown),
		cmocka_unit_test_setup_teardown(leaving_a_dead_port, world_setup, world_teardown),
		cmocka_unit_test_setup_teardown(two_slow_ports, world_setup, world_teardown),
		cmocka_unit_test_setup_teardown(changing_over, world_setup, world_teardown),
		cmocka_unit_test_setup_teardown(the_last_changes_over, world_setup, world_teardown),
		cmocka_unit_test_setup_teardown(a_late_worker, world_setup, world_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

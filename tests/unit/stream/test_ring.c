/* SPDX-License-Identifier: Apache-2.0 */

/* The stream ring: what is in it, what has gone back, what is found in it, and what is never taken in. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "dataplane/path/stages.h"
#include "dataplane/tables/audience.h"
#include "dataplane/tables/scheduler.h"
#include "dataplane/tables/stream.h"
#include "dataplane/tables/stream_ring.h"
#include "dataplane/worker/clock.h"
#include "dataplane/worker/packet.h"
#include "dataplane/worker/worker.h"
#include "tests/unit/stream/world.h"

enum { WINDOW = WORLD_RING / 2 };

static uint64_t head(const struct dp_stream *s)
{
	return s->head;
}

static uint64_t find(const struct dp_stream *s, uint64_t seq)
{
	uint64_t low = head(s) > WORLD_RING ? head(s) - WORLD_RING : 0;

	return dp_stream_find(s, seq, low, head(s));
}

/* With nobody watching nothing is kept from the pool for long, and the ring never is full. */
static void nobody_reads(void **state)
{
	struct dp_stream *s = world_stream(0);

	for (unsigned i = 0; i < 10 * WORLD_RING; i++) {
		world_packet(s, 70000 + i);
		assert_true(world_mbufs() <= WORLD_RING);
	}
	dp_stream_reclaim(s);
	assert_int_equal(world_mbufs(), 0);
	world_stream_gone(0);
}

/* A reader that does not go on keeps what it has not read, and then the ring is full. */
static void slow_reader(void **state)
{
	struct dp_stream *s = world_stream(0);
	unsigned taken = 0;

	world_packet(s, 70000);
	assert_int_equal(world_join(0, 0, 1), 0);
	while (world_append(s, 70001 + taken))
		taken++;
	assert_int_equal(taken, WORLD_RING);
	dp_stream_reclaim(s);
	assert_int_equal(world_mbufs(), WORLD_RING);
	world_leave(0);
	assert_true(world_append(s, 80000));
	world_stream_gone(0);
}

/* Behind what has been served a window stays, for NACKs, unless it is old. */
static void window_and_age(void **state)
{
	struct dp_stream *s = world_stream(0);
	struct dp_worker *w = &world->worker[0];

	w->retention_ns = 1000 * DP_MS;
	assert_int_equal(world_join(0, 0, 0), 0);
	for (unsigned i = 0; i < 3 * WORLD_RING; i++) {
		world_packet(s, 70000 + i);
		dp_fanout(w);
		assert_true(w->audience[0].served == head(s));
	}
	dp_stream_reclaim(s);
	assert_int_equal(world_mbufs(), WINDOW);
	assert_true(w->audience[0].low == head(s) - WINDOW);

	w->now_ns += 500 * DP_MS;
	for (unsigned i = 0; i < 5; i++)
		world_packet(s, 70000 + 3 * WORLD_RING + i);
	dp_fanout(w);
	w->now_ns += 600 * DP_MS; /* older than what is kept, but for the last five */
	dp_audience_advance_cursor(w, &w->audience[0]);
	dp_stream_reclaim(s);
	assert_int_equal(world_mbufs(), 5);

	w->retention_ns = 0; /* the pool is short */
	w->now_ns++;
	dp_audience_advance_cursor(w, &w->audience[0]);
	dp_stream_reclaim(s);
	assert_int_equal(world_mbufs(), 0);
	assert_int_equal(world->sent[0], 3 * WORLD_RING + 5);
	world_leave(0);
	world_stream_gone(0);
}

/* Several readers: the slowest decides, wherever it is. */
static void slowest_decides(void **state)
{
	struct dp_stream *s = world_stream(0);

	for (unsigned i = 0; i < WORLD_WORKERS; i++) {
		world->worker[i].retention_ns = 0;
		assert_int_equal(world_join(i, 0, i), 0);
	}
	for (unsigned i = 0; i < 20; i++)
		world_packet(s, 70000 + i);
	for (unsigned i = 0; i < WORLD_WORKERS; i++) {
		world->worker[i].now_ns++;
		dp_fanout(&world->worker[i]);
		dp_stream_reclaim(s);
		assert_int_equal(world_mbufs(), i + 1 < WORLD_WORKERS ? 20 : 0);
		assert_int_equal(world->sent[i], 20);
	}
	for (unsigned i = 0; i < WORLD_WORKERS; i++)
		world_leave(i);
	world_stream_gone(0);
}

/* Positions of 32 bits and of indices that many numbers share. */
static void finding(void **state)
{
	struct dp_stream *s = world_stream(0);
	uint64_t start = UINT32_MAX - 100ull;

	/* As after so many packets. */
	s->head = s->reclaimed = start;
	for (uint64_t i = 0; i < 300; i++) {
		assert_true(world_append(s, 65536 + i));
		assert_true(find(s, 65536 + i) == start + i);
		if (i >= WORLD_RING) { /* overwritten in ring and index */
			assert_true(find(s, 65536 + i - WORLD_RING) == DP_CURSOR_NONE);
			assert_true(find(s, 65536 + i - WORLD_RING + 1) == start + i - WORLD_RING + 1);
		}
		assert_true(find(s, 65536 + i + 1) == DP_CURSOR_NONE);
		assert_true(find(s, 65536 + i + 65536) == DP_CURSOR_NONE);
	}
	/* Bounds: low is in, high is not. */
	assert_true(dp_stream_find(s, 65536 + 299, head(s) - 1, head(s)) == head(s) - 1);
	assert_true(dp_stream_find(s, 65536 + 299, head(s), head(s)) == DP_CURSOR_NONE);
	assert_true(dp_stream_find(s, 65536 + 299, 0, head(s) - 1) == DP_CURSOR_NONE);
	world_stream_gone(0);
}

static void finding_in_an_empty_ring(void **state)
{
	struct dp_stream *s = world_stream(0);

	assert_true(find(s, 65536) == DP_CURSOR_NONE);
	assert_true(find(s, 0) == DP_CURSOR_NONE);
	world_stream_gone(0);
}

/* An RTP packet of the stream's own, through the route stage. Returns whether it was taken. */
static bool route(struct dp_stream *s, uint16_t seq, uint32_t ssrc)
{
	const uint8_t rtp[] = {0x80, 96, (uint8_t)(seq >> 8), (uint8_t)seq, 0, 0, 0, 1, (uint8_t)(ssrc >> 24),
		(uint8_t)(ssrc >> 16), (uint8_t)(ssrc >> 8), (uint8_t)ssrc, 0x90, 0x80, 1, 2, 3, 4};
	struct rte_mbuf *m = world_mbuf(0);
	uint64_t before = head(s);

	memcpy(m->buf_addr, rtp, sizeof(rtp));
	*dp_meta(m) = (struct dp_meta){.transport = s->transport, .payload_len = sizeof(rtp), .rx_ns = 1};
	dp_route(&world->worker[0], &m, 1);
	return head(s) != before;
}

/* No number enters twice, in the worst order there is, even when its mbuf has long gone back. */
static void never_twice(void **state)
{
	struct dp_stream *s = world_stream(0);
	const uint16_t first = 65500; /* wraps */

	/* First the later half of what may come, then the older half, and then all of it again. */
	assert_true(route(s, first, 0x100));
	for (uint16_t i = WINDOW - 1; i >= 1; i--)
		assert_true(route(s, (uint16_t)(first - i), 0x100));
	for (uint16_t i = WINDOW - 1; i >= 1; i--)
		assert_int_equal(route(s, (uint16_t)(first + i), 0x100), true);
	dp_stream_reclaim(s);
	assert_int_equal(world_mbufs(), 0);
	for (uint16_t i = 0; i < WINDOW; i++) {
		assert_false(route(s, (uint16_t)(first + i), 0x100));
		assert_false(route(s, (uint16_t)(first - i), 0x100));
	}
	assert_int_equal(world->stats[0].drop[SH_DROP_DUPLICATE] + world->stats[0].drop[SH_DROP_TOO_OLD],
		2 * WINDOW);
	assert_false(route(s, (uint16_t)(first - 2 * WINDOW), 0x100));
	assert_true(route(s, (uint16_t)(first + WINDOW), 0x100));
	world_stream_gone(0);
}

/* Where a worker does not go on, the ring is full one day: what arrives then is dropped. */
static void no_room(void **state)
{
	struct dp_stream *s = world_stream(0);
	uint16_t seq = 100;

	assert_true(route(s, seq++, 0x100));
	assert_int_equal(world_join(0, 0, 1), 0);
	while (route(s, seq, 0x100))
		seq++;
	assert_int_equal(seq, 101 + WORLD_RING);
	assert_int_equal(world->stats[0].drop[SH_DROP_STREAM_FULL], 1);
	world_leave(0);
	world_stream_gone(0);
}

/* SSRC 0 stands for one that is not known yet, and so is nobody's. */
static void ssrc_0(void **state)
{
	struct dp_stream *s = world_stream(0);

	s->ssrc = 0;
	assert_false(route(s, 1, 0));
	assert_int_equal(world->stats[0].drop[SH_DROP_UNKNOWN_SSRC], 1);
	world_stream_gone(0);
}

/* A wake that is older than the stream in the slot moves nothing. */
static void stale_wake(void **state)
{
	struct dp_stream *s = world_stream(0), *t;

	world_stream(1);
	assert_int_equal(world_join(0, 0, 1), 0);
	assert_int_equal(world_join(1, 1, 1), 0);
	for (unsigned i = 0; i < 5; i++)
		world_packet(s, 70000 + i);
	dp_fanout(&world->worker[1]);
	world_packet(&world->stream[1], 70000); /* its wake is not taken before all has changed */
	world_leave(1);
	world_stream_gone(1);
	t = &world->stream[1];
	assert_int_equal(dp_stream_prepare(t, &world->config,
				 &(struct sh_producer_add){.kind = SH_KIND_VIDEO,
					 .encodings = 1,
					 .spatial_layers = 1,
					 .temporal_layers = 1},
				 0),
		0);
	dp_fanout(&world->worker[1]);
	assert_false(dp_schedule_has_work(world->worker[1].video));
	assert_true(t->cursor[1].at == DP_CURSOR_NONE);
	assert_true(world->worker[1].audience[0].served == 5);
	dp_stream_dispose(t);
	world_leave(0);
	world_stream_gone(0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(nobody_reads, world_setup, world_teardown),
		cmocka_unit_test_setup_teardown(slow_reader, world_setup, world_teardown),
		cmocka_unit_test_setup_teardown(window_and_age, world_setup, world_teardown),
		cmocka_unit_test_setup_teardown(slowest_decides, world_setup, world_teardown),
		cmocka_unit_test_setup_teardown(finding, world_setup, world_teardown),
		cmocka_unit_test_setup_teardown(finding_in_an_empty_ring, world_setup, world_teardown),
		cmocka_unit_test_setup_teardown(never_twice, world_setup, world_teardown),
		cmocka_unit_test_setup_teardown(no_room, world_setup, world_teardown),
		cmocka_unit_test_setup_teardown(ssrc_0, world_setup, world_teardown),
		cmocka_unit_test_setup_teardown(stale_wake, world_setup, world_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

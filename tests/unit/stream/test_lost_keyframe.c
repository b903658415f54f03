/* SPDX-License-Identifier: Apache-2.0 */

/*
 * A viewer who was sent a key frame asks for another one: its first packet was lost, which no NACK
 * can name, or its decoder has lost what it needs. It begins again with the one in the ring where
 * the producer takes no requests, does not answer, or where the viewer has just begun so. Else the
 * producer is asked.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "dataplane/path/catch_up.h"
#include "dataplane/path/stages.h"
#include "dataplane/tables/catch_up.h"
#include "dataplane/tables/key_cache.h"
#include "dataplane/tables/stream.h"
#include "dataplane/worker/clock.h"
#include "dataplane/worker/worker.h"
#include "tests/unit/stream/world.h"

enum { FRAME_MS = 40, STEP = 3600, SIZE = 60, KEY_PACKETS = 9, INTERVAL_MS = 500 };

static struct dp_worker *w;
static struct dp_consumer *viewer;
static struct dp_stream *stream;
static uint16_t seq;
static uint32_t timestamp;

static void frame(bool key)
{
	unsigned packets = key ? KEY_PACKETS : 1;

	for (unsigned i = 0; i < packets; i++, seq++) {
		uint8_t p[SIZE] = {i == 0 ? 0x10 : 0, key ? 0 : 1, 0, 0, 0x9d, 0x01, 0x2a};

		world_rtp_marked(stream, seq, timestamp, p, sizeof(p), i == packets - 1);
	}
	timestamp += STEP;
}

/* Frames go on for that time; the keepers of the packets that are there do as well. */
static void pass(unsigned ms)
{
	for (unsigned i = 1; i <= ms; i++) {
		w->now_ns += DP_MS;
		if (i % FRAME_MS == 0)
			frame(false);
		dp_fanout(w);
		dp_catch_up(w);
		dp_stream_reclaim(stream);
	}
}

/* A key frame, 200 ms of frames, and a viewer who is sent them. */
static int open_stream(void **state)
{
	world_setup(state);
	w = &world->worker[0];
	viewer = &world->consumer[0];
	world->config.dataplane.stream_packets = 512;
	world->config.media.cache_ms = 8000;
	world->config.media.join_bitrate = 10000000;
	world->config.media.join_budget = 100000000;
	world->config.media.keyframe_ms = INTERVAL_MS;
	w->cache_ns = 8000 * DP_MS;
	w->retention_ns = 1000 * DP_MS;
	stream = world_stream(0);
	stream->flags = SH_PRODUCER_PLI;
	atomic_store(&stream->kbps, SIZE * 8 / FRAME_MS);
	seq = 100;
	timestamp = 1000000;
	frame(true);
	pass(200);
	assert_int_equal(world_join(0, 0, 0), 0);
	assert_int_equal(w->stats->catch_ups, 1);
	atomic_store(&stream->keyframe_wanted, 0);
	return 0;
}

static int close_stream(void **state)
{
	world_leave(0);
	world_stream_gone(0);
	return world_teardown(state);
}

static bool asked(void)
{
	return atomic_exchange(&stream->keyframe_wanted, 0);
}

static uint64_t begun(void)
{
	return w->stats->catch_ups;
}

/* Until the key frame can have come, a PLI is about what was before; then it begins again, under new numbers. */
static void begins_again_while_it_catches_up(void **state)
{
	uint64_t before;

	dp_consumer_want_keyframe(w, viewer);
	assert_int_equal(begun(), 1);
	pass(60);
	dp_consumer_want_keyframe(w, viewer);
	assert_int_equal(begun(), 1);
	pass(100);
	assert_true(world->sent[0] >= KEY_PACKETS);
	before = world->log[0][world->sent[0] - 1].number;
	world->sent[0] = 0;
	dp_consumer_want_keyframe(w, viewer);
	assert_int_equal(begun(), 2);
	pass(400);
	assert_true(world->sent[0] > KEY_PACKETS);
	assert_int_equal(world->log[0][0].number, before + 1);
	for (unsigned i = 0; i + 1 < world->sent[0]; i++)
		assert_int_equal(world->log[0][i + 1].number, world->log[0][i].number + 1);
	assert_false(viewer->catching_up);
	/* The path is long: it is not known before a round trip. */
	viewer->rtt_us = 300000;
	dp_consumer_want_keyframe(w, viewer);
	pass(250);
	assert_int_equal(begun(), 3);
	dp_consumer_want_keyframe(w, viewer);
	assert_int_equal(begun(), 3);
	assert_false(asked());
}

/* Long after it has begun, the producer is asked; one that does not answer is not waited for. */
static void the_ring_serves_if_the_producer_does_not_answer(void **state)
{
	pass(3000);
	dp_catch_up_release(w, viewer, false);
	assert_null(viewer->catch_up);
	dp_consumer_want_keyframe(w, viewer);
	assert_true(asked());
	pass(INTERVAL_MS - 100);
	dp_consumer_want_keyframe(w, viewer);
	assert_int_equal(begun(), 1);
	pass(200);
	dp_consumer_want_keyframe(w, viewer);
	assert_int_equal(begun(), 2);
	assert_false(asked());
	pass(3000);
	dp_catch_up_release(w, viewer, false);
	frame(true); /* it answers after all */
	pass(100);
	dp_consumer_want_keyframe(w, viewer);
	assert_true(asked());
	assert_int_equal(begun(), 2);
}

/* A producer that takes no requests need not be asked. And nobody begins without end. */
static void the_ring_serves_if_nobody_can_be_asked(void **state)
{
	stream->flags = 0;
	pass(3000);
	dp_catch_up_release(w, viewer, false);
	dp_consumer_want_keyframe(w, viewer);
	assert_int_equal(begun(), 2);
	for (unsigned i = 0; i < 20; i++) {
		pass(50);
		dp_consumer_want_keyframe(w, viewer);
	}
	assert_in_range(begun(), 4, 6);
	assert_true(w->stats->keyframe_limited > 0);
	assert_false(asked());
}

/* What is in the ring is given up: the producer is asked, and the viewer goes on with what it has. */
static void the_producer_is_asked_where_the_ring_has_none(void **state)
{
	pass(10);
	dp_key_cache_forget(stream);
	pass(150);
	dp_consumer_want_keyframe(w, viewer);
	assert_true(asked());
	assert_int_equal(begun(), 1);
	world->sent[0] = 0;
	pass(2 * FRAME_MS);
	assert_true(world->sent[0] > 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(begins_again_while_it_catches_up, open_stream, close_stream),
		cmocka_unit_test_setup_teardown(the_ring_serves_if_the_producer_does_not_answer, open_stream,
			close_stream),
		cmocka_unit_test_setup_teardown(the_ring_serves_if_nobody_can_be_asked, open_stream,
			close_stream),
		cmocka_unit_test_setup_teardown(the_producer_is_asked_where_the_ring_has_none, open_stream,
			close_stream),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

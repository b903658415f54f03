/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Which packet of a key frame a viewer that waits is sent first, from the route to the fan-out.
 * Viewers come and resume at any place in it, and packets of it are lost and repaired. And how
 * often a viewer may ask for one.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "dataplane/path/stages.h"
#include "dataplane/tables/consumer.h"
#include "dataplane/tables/stream.h"
#include "dataplane/worker/clock.h"
#include "dataplane/worker/messages.h"
#include "tests/unit/stream/world.h"

enum { FIRST_SEQ = 5000, SLICES = 4, TICKS = 3000 };

static struct dp_stream *stream;
static uint16_t seq;
static uint32_t timestamp;

static int open_stream(void **state)
{
	world_setup(state);
	stream = world_stream(0);
	stream->codec = SH_CODEC_H264;
	seq = FIRST_SEQ;
	timestamp = 90000;
	return 0;
}

static int close_stream(void **state)
{
	world_stream_gone(0);
	return world_teardown(state);
}

/* Sends the next packet of the frame, its type being `nal`, and serves all viewers. */
static void packet(uint8_t nal)
{
	const uint8_t payload[8] = {nal, 0x88};

	world_rtp(stream, seq++, timestamp, payload, sizeof(payload));
	dp_fanout(&world->worker[0]);
}

static void next_frame(void)
{
	timestamp += TICKS;
}

/* The first byte of the payload of packet `i` that a viewer was sent. */
static uint8_t nal_sent(unsigned viewer, unsigned i)
{
	assert_true(i < world->sent[viewer]);
	return (uint8_t)world->log[viewer][i].content;
}

static void resume(unsigned viewer, bool paused)
{
	struct dp_op op = {.slot = viewer};

	op.cmd.consumer_set.paused = paused;
	assert_int_equal(dp_consumer_set(&world->worker[0], &op), 0);
}

/* Parameter sets and an IDR picture of several slices; viewer i comes before packet i of it, or resumes there. */
static void viewers_come_within_a_key_frame(void **state)
{
	static const uint8_t frame[] = {0x67, 0x68, 0x65, 0x65, 0x65, 0x65};

	for (unsigned i = 1; i < sizeof(frame); i += 2) {
		assert_int_equal(world_join(i, 0, 0), 0);
		resume(i, true);
	}
	packet(0x41);
	next_frame();
	for (unsigned i = 0; i < sizeof(frame); i++) {
		if (i % 2)
			resume(i, false);
		else
			assert_int_equal(world_join(i, 0, 0), 0);
		packet(frame[i]);
	}
	next_frame();
	packet(0x41);
	assert_int_equal(world->sent[0], sizeof(frame) + 1);
	for (unsigned i = 1; i < sizeof(frame); i++)
		assert_int_equal(world->sent[i], 0);
	next_frame();
	for (unsigned i = 0; i < sizeof(frame); i++)
		packet(frame[i]);
	for (unsigned i = 1; i < sizeof(frame); i++) {
		assert_int_equal(world->sent[i], sizeof(frame));
		assert_int_equal(nal_sent(i, 0), 0x67);
	}
	assert_int_equal(stream->keyframes, 2);
	for (unsigned i = 0; i < sizeof(frame); i++)
		world_leave(i);
}

/* The SPS is lost: nobody begins without it. It is repaired: then they begin with it. */
static void the_sps_is_lost(void **state)
{
	assert_int_equal(world_join(0, 0, 0), 0);
	packet(0x41);
	next_frame();
	seq++;
	for (unsigned i = 0; i < SLICES; i++)
		packet(0x65);
	assert_int_equal(world->sent[0], 0);
	assert_int_equal(stream->keyframes, 0);
	seq = FIRST_SEQ + 1;
	packet(0x67);
	seq = FIRST_SEQ + 2 + SLICES;
	next_frame();
	packet(0x41);
	assert_int_equal(nal_sent(0, 0), 0x67);
	assert_int_equal(nal_sent(0, 1), 0x41);
	/* The slices between are a gap in the viewer's sequence numbers, which it asks for. */
	assert_int_equal(world->log[0][1].number - world->log[0][0].number, SLICES + 1);
	world_leave(0);
}

/* A source whose parameter sets are signalled sends none: a picture that is known to be whole will do. */
static void there_is_no_sps(void **state)
{
	assert_int_equal(world_join(0, 0, 0), 0);
	packet(0x41);
	next_frame();
	packet(0x65);
	assert_int_equal(world_join(1, 0, 0), 0);
	packet(0x65);
	next_frame();
	packet(0x41);
	assert_int_equal(world->sent[0], 3);
	assert_int_equal(world->sent[1], 0);
	world_leave(0);
	world_leave(1);
}

/* Whether a key frame was requested since the last call. */
static bool requested(void)
{
	return atomic_exchange(&stream->keyframe_wanted, 0);
}

/* A viewer that pauses and resumes for ever asks for no more than one that sends PLIs. */
static void resuming_has_a_budget(void **state)
{
	struct dp_worker *w = &world->worker[0];
	unsigned requests = 0;

	world->config.media.keyframe_ms = 500;
	assert_int_equal(world_join(0, 0, 0), 0);
	assert_true(requested()); /* it has come */
	for (unsigned i = 0; i < 100; i++) {
		w->now_ns += 100 * DP_MS;
		resume(0, true);
		resume(0, false);
		requests += requested();
		next_frame();
		packet(0x67); /* the answer */
		packet(0x65);
	}
	assert_in_range(requests, 6, 7);
	assert_int_equal(w->stats->keyframe_limited, 100 - requests);
	world_leave(0);
}

/* A PLI that was sent before the key frame could be there asks for nothing and costs nothing. */
static void a_pli_crosses_the_key_frame(void **state)
{
	struct dp_worker *w = &world->worker[0];
	struct dp_consumer *viewer = &world->consumer[0];

	world->config.media.keyframe_ms = 500;
	assert_int_equal(world_join(0, 0, 0), 0);
	packet(0x67);
	requested();
	viewer->rtt_us = 300000;
	for (unsigned i = 0; i < 29; i++) {
		w->now_ns += 10 * DP_MS;
		dp_consumer_want_keyframe(w, viewer);
		assert_false(requested());
	}
	w->now_ns += 20 * DP_MS;
	dp_consumer_want_keyframe(w, viewer);
	assert_true(requested());
	/* Without a known round-trip time none crosses. */
	next_frame();
	packet(0x67);
	viewer->rtt_us = 0;
	w->now_ns += DP_MS;
	dp_consumer_want_keyframe(w, viewer);
	assert_true(requested());
	world_leave(0);
}

/*
 * Who asks while the request of others is being answered needs no second one: neither before the
 * key frame comes, when the owner has not looked at the request yet, nor before it is complete.
 */
static void a_key_frame_serves_all_who_have_asked(void **state)
{
	stream->codec = SH_CODEC_VP8;
	world->config.media.cache_ms = 8000;
	for (unsigned i = 0; i < 4; i++) {
		const uint8_t payload[16] = {i == 0 ? 0x10 : 0, 0, 0, 0, 0x9d, 0x01, 0x2a};

		assert_int_equal(world_join(i, 0, 0), 0);
		stream->gate.pending = true;
		world_rtp_marked(stream, seq++, timestamp, payload, sizeof(payload), i == 3);
		assert_int_equal(requested(), i == 1 || i == 2);
		assert_int_equal(stream->gate.pending, i == 1 || i == 2);
	}
	for (unsigned i = 0; i < 4; i++)
		world_leave(i);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(viewers_come_within_a_key_frame, open_stream, close_stream),
		cmocka_unit_test_setup_teardown(the_sps_is_lost, open_stream, close_stream),
		cmocka_unit_test_setup_teardown(there_is_no_sps, open_stream, close_stream),
		cmocka_unit_test_setup_teardown(resuming_has_a_budget, open_stream, close_stream),
		cmocka_unit_test_setup_teardown(a_pli_crosses_the_key_frame, open_stream, close_stream),
		cmocka_unit_test_setup_teardown(a_key_frame_serves_all_who_have_asked, open_stream,
			close_stream),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

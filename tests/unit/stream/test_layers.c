/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A viewer of a producer with three encodings in VP8, each with three temporal layers, changes
 * among them at random, while packets are lost, reordered and repaired on their way to us. What it
 * is sent must look like one stream: no sequence number with two contents, no gap but for packets
 * that never came, picture ids without gaps, timestamps that ascend, and complete frames whose
 * references it has.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "dataplane/path/stages.h"
#include "dataplane/tables/encodings.h"
#include "dataplane/tables/selection.h"
#include "dataplane/worker/clock.h"
#include "shared/bytes.h"
#include "tests/unit/stream/simulcast.h"

static void test_continuous(void **state)
{
	unsigned seen[ENCODINGS] = {0}, changes = 0;

	simulcast_begin(1);
	for (unsigned i = 0; i < 3000; i++) {
		const struct dp_stream *before = world->consumer[VIEWER].stream;

		if (random_below(12) == 0)
			dp_selection_aim(&world->worker[0], &world->consumer[VIEWER], random_below(ENCODINGS),
				random_below(TEMPORAL));
		simulcast_frame_time(0);
		simulcast_check();
		simulcast_check_continuous();
		simulcast_nack();
		world->sent[VIEWER] = 0;
		changes += world->consumer[VIEWER].stream != before;
		seen[world->consumer[VIEWER].stream->encoding]++;
	}
	for (unsigned i = 0; i < ENCODINGS; i++)
		assert_true(seen[i] > 300);
	assert_true(changes > 80);
	simulcast_end();
}

/* A producer's probes leave no gap in any number of the viewer, and are no malformed frames. */
static void test_padding_of_the_producer(void **state)
{
	unsigned changes = 0;

	simulcast_padded = 2;
	simulcast_begin(11);
	for (unsigned i = 0; i < 1500; i++) {
		const struct dp_stream *before = world->consumer[VIEWER].stream;

		if (random_below(12) == 0)
			dp_selection_aim(&world->worker[0], &world->consumer[VIEWER], random_below(ENCODINGS),
				random_below(TEMPORAL));
		simulcast_frame_time(0);
		simulcast_check();
		simulcast_check_continuous();
		simulcast_nack();
		world->sent[VIEWER] = 0;
		changes += world->consumer[VIEWER].stream != before;
	}
	assert_true(simulcast_paddings > 500);
	assert_true(changes > 40);
	for (unsigned i = 0; i < ENCODINGS; i++)
		assert_int_equal(source[i].s->malformed_frames, 0);
	simulcast_end();
}

/* An encoding of which only padding comes has stopped. */
static void test_padding_is_no_picture(void **state)
{
	struct dp_worker *w = &world->worker[0];
	struct dp_consumer *c = &world->consumer[VIEWER];

	simulcast_begin(5);
	for (unsigned i = 0; i < 10; i++)
		simulcast_frame_time(0);
	dp_selection_refresh(w, c);
	assert_int_equal(dp_selection_layers(c).spatial, 2);
	for (unsigned i = 0; i < 30; i++) {
		for (unsigned k = 0; k < 2; k++) {
			source[k].timestamp += 2970;
			simulcast_picture(&source[k], 0);
		}
		world_rtp(source[2].s, source[2].seq++, source[2].timestamp, "", 0);
		for (unsigned k = 0; k < 33; k++)
			simulcast_millisecond();
		dp_selection_refresh(w, c);
	}
	assert_int_equal(dp_selection_layers(c).spatial, 1);
	simulcast_end();
}

/* Descriptors that are cut off are counted; what other viewers get goes on. */
static void test_malformed(void **state)
{
	enum { BAD = 20 };

	simulcast_begin(17);
	simulcast_frame_time(0);
	for (unsigned i = 0; i < BAD; i++) {
		static const uint8_t cut[] = {0x90, 0xf0, 0x80};

		world_rtp(source[2].s, source[2].seq++, source[2].timestamp, cut, 1 + i % 3);
		simulcast_frame_time(0);
		simulcast_check();
		world->sent[VIEWER] = 0;
	}
	assert_int_equal(source[2].s->malformed_frames, BAD);
	assert_int_equal(source[0].s->malformed_frames, 0);
	assert_int_equal(world->stats[0].malformed_frames, BAD);
	assert_true(simulcast_sent.highest > world->consumer[VIEWER].seq.next - 10);
	simulcast_end();
}

/* OBS signals the largest encoding first. Spatial layer 0 is the smallest, to aim for and to tell. */
static void test_largest_first(void **state)
{
	struct dp_worker *w = &world->worker[0];
	struct dp_consumer *c = &world->consumer[VIEWER];

	simulcast_largest_first = true;
	simulcast_begin(13);
	assert_true(source[0].s->encodings.ordered);
	for (unsigned spatial = 0; spatial < ENCODINGS; spatial++) {
		unsigned encoding = ENCODINGS - 1 - spatial;

		assert_int_equal(dp_encoding_of_rank(source[0].s, spatial), encoding);
		assert_int_equal(dp_rank_of_encoding(source[0].s, encoding), spatial);
		dp_selection_wish(w, c,
			&(struct sh_wishes){
				.spatial = (uint8_t)spatial, .temporal = TEMPORAL - 1, .priority = 1});
		for (unsigned i = 0; i < 4; i++)
			simulcast_frame_time(0);
		dp_selection_refresh(w, c);
		assert_int_equal(c->stream->encoding, encoding);
		assert_int_equal(world->told[VIEWER].spatial, spatial);
		assert_int_equal(world->told[VIEWER].target_spatial, spatial);
		simulcast_check();
		simulcast_check_continuous();
		world->sent[VIEWER] = 0;
	}
	/* The path carries the smallest only, whatever the wish. */
	dp_selection_aim(w, c, 0, TEMPORAL - 1);
	assert_int_equal(dp_selection_layers(c).target_spatial, 0);
	simulcast_frame_time(0);
	simulcast_frame_time(0);
	assert_int_equal(c->stream->encoding, ENCODINGS - 1);
	simulcast_end();
}

/* Bad paths to us and much asking: no number ever stands for two contents. */
static void test_nonces(void **state)
{
	unsigned repeated = 0;

	simulcast_begin(7);
	for (unsigned i = 0; i < 4000; i++) {
		if (random_below(8) == 0)
			dp_selection_aim(&world->worker[0], &world->consumer[VIEWER], random_below(ENCODINGS),
				random_below(TEMPORAL));
		if (random_below(200) == 0)
			world->consumer[VIEWER].paused ^= 1;
		simulcast_frame_time(10);
		simulcast_check();
		world->sent[VIEWER] = 0;
		simulcast_nack();
		repeated += world->sent[VIEWER];
		simulcast_check();
		world->sent[VIEWER] = 0;
	}
	assert_in_range(repeated, 1000, 20000);
	simulcast_end();
}

static void test_stopped_layer(void **state)
{
	struct dp_worker *w = &world->worker[0];
	struct dp_consumer *c = &world->consumer[VIEWER];

	simulcast_begin(3);
	for (unsigned i = 0; i < 10; i++)
		simulcast_frame_time(0);
	dp_selection_refresh(w, c);
	assert_int_equal(dp_selection_layers(c).spatial, 2);
	for (unsigned i = 0; i < 30; i++) { /* the largest one is not sent */
		for (unsigned k = 0; k < 2; k++) {
			source[k].timestamp += 2970;
			simulcast_picture(&source[k], 0);
		}
		for (unsigned k = 0; k < 33; k++)
			simulcast_millisecond();
		dp_selection_refresh(w, c);
	}
	assert_int_equal(dp_selection_layers(c).spatial, 1);
	for (unsigned i = 0; i < 50; i++) {
		simulcast_frame_time(0);
		dp_selection_refresh(w, c);
		world->sent[VIEWER] = 0;
	}
	assert_int_equal(dp_selection_layers(c).spatial, 1); /* it must last for 2 s */
	for (unsigned i = 0; i < 20; i++) {
		simulcast_frame_time(0);
		dp_selection_refresh(w, c);
	}
	assert_int_equal(dp_selection_layers(c).spatial, 2);
	for (unsigned i = 0; i < 30; i++) /* a screen that stands still stops none */
		for (unsigned k = 0; k < 33; k++)
			simulcast_millisecond();
	dp_selection_refresh(w, c);
	assert_int_equal(dp_selection_layers(c).spatial, 2);
	simulcast_end();
}

/* Sender reports of all encodings, each about its own instant: encodings report one after the other. */
static void report_all(void)
{
	static const uint64_t second = UINT64_C(1) << 32;
	const struct dp_worker *w = &world->worker[0];

	for (unsigned i = 0; i < ENCODINGS; i++) {
		uint32_t ticks = 900 * i; /* 10 ms each after the last frame */
		uint64_t ntp = (uint64_t)source[i].timestamp - (0xfffff000u + 77777 * i) + ticks;

		dp_stream_set_clock(source[i].s, (7 << 20) * second + (ntp * second / 90000),
			source[i].timestamp + ticks, w->now_ns + 10 * i * DP_MS);
	}
}

/* By how much, in ticks, the viewer's newest timestamp is off the instant that its picture shows. */
static int32_t off(uint32_t start)
{
	const struct sent *p = &world->log[VIEWER][world->sent[VIEWER] - 1];

	/* Source 0's clock is the viewer's, but for the constant offset. */
	return (int32_t)(sh_get_be32(p->bytes + 4) - start - (source[0].timestamp - 0xfffff000u));
}

/*
 * Picture and sound stay together. Here every key frame shows the instant of the frame that was
 * sent last, and timestamps must grow, so that each change is off a little, and all of them add up.
 */
static void test_in_sync(void **state)
{
	struct dp_worker *w = &world->worker[0];
	struct dp_consumer *c = &world->consumer[VIEWER];
	unsigned changes = 0;
	uint32_t start;

	simulcast_begin(31);
	report_all();
	dp_selection_aim(w, c, 0, TEMPORAL - 1);
	for (unsigned i = 0; i < 5; i++)
		simulcast_frame_time(0);
	assert_ptr_equal(c->stream, source[0].s);
	start = sh_get_be32(world->log[VIEWER][world->sent[VIEWER] - 1].bytes + 4) -
		(source[0].timestamp - 0xfffff000u);
	while (changes < 20) {
		const struct dp_stream *before = c->stream;

		dp_selection_aim(w, c, random_below(ENCODINGS), TEMPORAL - 1);
		report_all();
		for (unsigned i = 0; i < 5; i++) {
			world->sent[VIEWER] = 0;
			simulcast_frame_time(0);
			assert_in_range(off(start) + 1, 0, 1 + 3 * 90); /* 3 ms */
		}
		changes += c->stream != before;
	}
	simulcast_end();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_continuous, world_setup, world_teardown),
		cmocka_unit_test_setup_teardown(test_padding_of_the_producer, world_setup, world_teardown),
		cmocka_unit_test_setup_teardown(test_padding_is_no_picture, world_setup, world_teardown),
		cmocka_unit_test_setup_teardown(test_malformed, world_setup, world_teardown),
		cmocka_unit_test_setup_teardown(test_largest_first, world_setup, world_teardown),
		cmocka_unit_test_setup_teardown(test_nonces, world_setup, world_teardown),
		cmocka_unit_test_setup_teardown(test_stopped_layer, world_setup, world_teardown),
		cmocka_unit_test_setup_teardown(test_in_sync, world_setup, world_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

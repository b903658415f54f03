/* SPDX-License-Identifier: Apache-2.0 */
/* A viewer of several encodings who pauses and resumes begins with its encoding's newest key frame. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "dataplane/tables/catch_up.h"
#include "dataplane/tables/consumer.h"
#include "dataplane/tables/selection.h"
#include "dataplane/worker/clock.h"
#include "dataplane/worker/messages.h"
#include "tests/unit/stream/simulcast.h"

static void pause_viewer(bool paused)
{
	struct dp_op op = {.slot = VIEWER};

	op.cmd.consumer_set.paused = paused;
	op.cmd.consumer_set.wishes = SH_WISHES_NONE;
	assert_int_equal(dp_consumer_set(&world->worker[0], &op), 0);
}

/* As an encoder that makes key frames by itself. */
static void key_frames(unsigned frame)
{
	for (unsigned i = 0; i < ENCODINGS && frame % 50 == 0; i++)
		source[i].frame = 0;
}

static void begin_cached(unsigned seed)
{
	world->config.dataplane.stream_packets = 512;
	world->config.media.cache_ms = 8000;
	world->config.media.join_bitrate = 2000000;
	world->config.media.join_budget = 100000000;
	for (unsigned i = 0; i < WORLD_WORKERS; i++)
		world->worker[i].cache_ns = 8000 * DP_MS;
	simulcast_begin(seed);
	for (unsigned i = 0; i < ENCODINGS; i++)
		atomic_store(&source[i].s->kbps, 24 * 8 * PACKETS * 30 / 1000);
}

/* A viewer who resumes begins with the key frame of its encoding, and everything goes on from what it had. */
static void test_resumes_at_once(void **state)
{
	struct dp_consumer *c = &world->consumer[VIEWER];
	uint64_t before;

	begin_cached(21);
	for (unsigned i = 0; i < 60; i++) {
		simulcast_frame_time(0);
		simulcast_check();
		simulcast_check_continuous();
		world->sent[VIEWER] = 0;
	}
	for (unsigned turn = 0; turn < 4; turn++) {
		for (unsigned i = 0; i < ENCODINGS; i++)
			atomic_store(&source[i].s->keyframe_wanted, 0);
		before = world->stats[0].catch_ups;
		pause_viewer(true);
		for (unsigned i = 0; i < 20; i++) {
			key_frames(i);
			simulcast_frame_time(0);
		}
		assert_int_equal(world->sent[VIEWER], 0);
		pause_viewer(false);
		assert_int_equal(world->stats[0].catch_ups, before + 1);
		for (unsigned i = 0; i < 60; i++) {
			simulcast_frame_time(0);
			assert_true(i > 0 || world->sent[VIEWER] > PACKETS);
			simulcast_check();
			simulcast_check_continuous();
			simulcast_nack();
			simulcast_check();
			world->sent[VIEWER] = 0;
		}
		assert_false(c->catching_up);
		assert_false(c->selection->epochs.epoch[0].squeezed);
		for (unsigned i = 0; i < ENCODINGS; i++)
			assert_int_equal(atomic_load(&source[i].s->keyframe_wanted), 0);
	}
	simulcast_end();
}

/* The same as above, with pauses that end in the middle of a group of pictures. */
static void test_nonces_with_the_cache(void **state)
{
	unsigned repeated = 0;

	begin_cached(23);
	for (unsigned i = 0; i < 6000; i++) {
		if (random_below(40) == 0)
			dp_selection_aim(&world->worker[0], &world->consumer[VIEWER], random_below(ENCODINGS),
				random_below(TEMPORAL));
		if (random_below(60) == 0)
			pause_viewer(!world->consumer[VIEWER].paused);
		if (random_below(30) == 0)
			dp_consumer_want_keyframe(&world->worker[0], &world->consumer[VIEWER]);
		key_frames(i);
		if (random_below(100) == 0)
			dp_catch_up_release(&world->worker[0], &world->consumer[VIEWER], false);
		simulcast_frame_time(8);
		simulcast_check();
		world->sent[VIEWER] = 0;
		simulcast_nack();
		repeated += world->sent[VIEWER];
		simulcast_check();
		world->sent[VIEWER] = 0;
	}
	assert_true(repeated > 2000);
	assert_true(world->stats[0].catch_ups > 10);
	simulcast_end();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_resumes_at_once, world_setup, world_teardown),
		cmocka_unit_test_setup_teardown(test_nonces_with_the_cache, world_setup, world_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

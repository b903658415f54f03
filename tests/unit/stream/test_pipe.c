/* SPDX-License-Identifier: Apache-2.0 */

/*
 * A consumer for another node (SH_CONSUMER_PIPE) gets the packets of the ring under their own
 * sequence numbers and timestamps, in live passes, when it catches up, and as retransmissions. No
 * SRTP index ever stands for two contents, whatever is lost, late, paused or restarted.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "dataplane/path/catch_up.h"
#include "dataplane/path/retransmit.h"
#include "dataplane/path/stages.h"
#include "dataplane/tables/key_cache.h"
#include "dataplane/tables/resent.h"
#include "dataplane/worker/clock.h"
#include "dataplane/worker/messages.h"
#include "shared/bytes.h"
#include "tests/unit/stream/oracle.h"

enum { FRAME_MS = 33, STEP = 2970, PACKETS = 3, KEY_EVERY = 30, WORKER = 1, PIPE = 0, SIZE = 60 };
enum { FLAGS = SH_CONSUMER_NACK | SH_CONSUMER_PIPE };

static struct dp_stream *stream;
static uint16_t seq;
static uint32_t timestamp;
static unsigned frames; /* since the last key frame */
static struct oracle oracle;
static uint16_t detour; /* the number of a packet that comes a frame later; its frame's: */
static uint32_t detour_timestamp;
static bool detoured, detour_key;

/* The payload repeats number and timestamp. */
static void arrive(uint16_t number, uint32_t time, bool key, unsigned place)
{
	uint8_t p[SIZE] = {(uint8_t)(place == 0 ? 0x10 : 0), key ? 0 : 1, 0, 0, 0x9d, 0x01, 0x2a};

	sh_put_be16(p + 12, number);
	sh_put_be32(p + 16, time);
	world_rtp_marked(stream, number, time, p, sizeof(p), place == PACKETS - 1);
}

static void frame(unsigned loss)
{
	bool key = frames == 0, before = detoured;

	for (unsigned i = 0; i < PACKETS; i++, seq++) {
		if (random_below(100) >= loss) {
			arrive(seq, timestamp, key, i);
		} else if (!detoured && i == 1 && random_below(3)) {
			detoured = true;
			detour = seq;
			detour_timestamp = timestamp;
			detour_key = key;
		}
	}
	if (before) {
		arrive(detour, detour_timestamp, detour_key, 1);
		detoured = false;
	}
	timestamp += STEP;
	frames = (frames + 1) % KEY_EVERY;
}

static void frame_time(unsigned loss)
{
	frame(loss);
	for (unsigned ms = 0; ms < FRAME_MS; ms++) {
		for (unsigned i = 0; i < WORLD_WORKERS; i++)
			world->worker[i].now_ns += DP_MS;
		dp_key_cache_expire(&world->worker[0], stream, world->worker[0].cache_ns);
		dp_fanout(&world->worker[WORKER]);
		dp_catch_up(&world->worker[WORKER]);
		if (dp_audience_reads(dp_audience_of(&world->worker[WORKER], 0, 0)))
			dp_audience_tick(&world->worker[WORKER], stream);
		dp_stream_reclaim(stream);
	}
}

static void begin(unsigned seed, uint16_t first)
{
	random_seed(seed);
	oracle_reset(&oracle);
	seq = first;
	timestamp = 0xfffff000u;
	frames = 0;
	detoured = false;
	world->config.dataplane.stream_packets = 512;
	world->config.media.cache_ms = 4000;
	world->config.media.join_bitrate = 1000000;
	world->config.media.join_budget = 100000000;
	world->config.media.keyframe_ms = 500;
	for (unsigned i = 0; i < WORLD_WORKERS; i++) {
		world->worker[i].cache_ns = 4000 * DP_MS;
		world->worker[i].retention_ns = 1000 * DP_MS;
	}
	stream = world_stream(0);
	atomic_store(&stream->kbps, PACKETS * SIZE * 8 * 1000 / FRAME_MS / 1000);
}

static void end(void)
{
	world_leave(PIPE);
	world_stream_gone(0);
}

static uint32_t timestamp_of(const struct sent *p)
{
	return sh_get_be32(p->bytes + 4);
}

static const uint8_t *payload(const struct sent *p)
{
	return p->bytes + p->len - SIZE;
}

/* What was sent so far; `own`: under the producer's numbers. Returns how many packets. */
static unsigned check_sent(bool own)
{
	unsigned sent = world->sent[PIPE];

	for (unsigned i = 0; i < sent; i++) {
		const struct sent *p = &world->log[PIPE][i];

		oracle_note(&oracle, p);
		assert_int_equal(timestamp_of(p), sh_get_be32(payload(p) + 16));
		if (own)
			assert_int_equal((uint16_t)p->number, sh_get_be16(payload(p) + 12));
	}
	world->sent[PIPE] = 0;
	return sent;
}

static void nack(uint16_t number)
{
	struct dp_worker *w = &world->worker[WORKER];
	struct dp_outgoing o = {.count = 0};

	dp_resent_entry(w->resent, PIPE, number)->at_ns = 0;
	dp_retransmit(w, &world->consumer[PIPE], number, &o);
	dp_outgoing_end(w, &o);
}

static void pause_pipe(bool paused)
{
	struct dp_op op = {.slot = PIPE};

	op.cmd.consumer_set.paused = paused;
	op.cmd.consumer_set.wishes = SH_WISHES_NONE;
	assert_int_equal(dp_consumer_set(&world->worker[WORKER], &op), 0);
}

/*
 * It joins in the middle of a group of pictures, and gets everything from the key frame on: over
 * the wrap of the sequence numbers, with the rollover counter that a receiver expects, from 0 on.
 */
static void numbers_are_the_producers(void **state)
{
	unsigned sent = 0;
	uint16_t key;

	begin(1, 65400);
	for (unsigned i = 0; i < KEY_EVERY; i++)
		frame_time(0);
	key = seq;
	for (unsigned i = 0; i < 10; i++)
		frame_time(0);
	assert_int_equal(world_join_with(PIPE, 0, WORKER, FLAGS), 0);
	assert_int_equal(world->stats[WORKER].catch_ups, 1);
	assert_true(key < 65500); /* the wrap is yet to come */
	for (unsigned i = 0; i < 100; i++) {
		frame_time(0);
		for (unsigned k = 0; k < world->sent[PIPE]; k++)
			assert_int_equal(world->log[PIPE][k].number, key + sent + k);
		sent += check_sent(true);
	}
	assert_int_equal((uint16_t)(key + sent), seq);
	assert_false(world->consumer[PIPE].catching_up);
	for (unsigned i = 1; i <= 90; i++) {
		nack((uint16_t)(seq - i));
		assert_int_equal(check_sent(true), 1);
	}
	end();
}

/* At a steady loss: what comes late keeps its number, and what is missing is missing. */
static void gaps_stay(void **state)
{
	unsigned sent = 0;

	begin(2, 100);
	frame_time(0);
	assert_int_equal(world_join_with(PIPE, 0, WORKER, FLAGS), 0);
	for (unsigned i = 0; i < 1000; i++) {
		frame_time(5);
		sent += check_sent(true);
	}
	assert_in_range(sent, 2800, 3000);
	end();
}

/* If all packets of before the wrap were lost, the receiver would take the next for one of ROC 0. */
static void begins_before_no_wrap(void **state)
{
	begin(3, 65522);
	assert_int_equal(world_join_with(PIPE, 0, WORKER, FLAGS), 0);
	for (unsigned i = 0; i < KEY_EVERY; i++) {
		frame_time(0);
		assert_int_equal(world->sent[PIPE], 0);
	}
	frame_time(0);
	assert_int_equal(world->log[PIPE][0].number, (uint16_t)(65522 + KEY_EVERY * PACKETS));
	assert_int_equal(check_sent(true), PACKETS);
	end();
}

/*
 * A receiver would not know the rollover counter behind a long gap: numbers go on without one, and
 * with the next key frame.
 */
static void goes_on_after_a_pause(void **state)
{
	uint64_t last;

	begin(4, 1000);
	frame_time(0);
	assert_int_equal(world_join_with(PIPE, 0, WORKER, FLAGS), 0);
	frame_time(0);
	assert_true(check_sent(true) > 0);
	last = oracle.highest;
	pause_pipe(true);
	for (unsigned i = 0; i < 2 * KEY_EVERY; i++)
		frame_time(0);
	assert_int_equal(check_sent(true), 0);
	atomic_store(&stream->keyframe_wanted, 0);
	pause_pipe(false);
	assert_int_equal(atomic_load(&stream->keyframe_wanted), 1);
	assert_int_equal(world->stats[WORKER].catch_ups, 1); /* older timestamps would go back in time */
	for (unsigned i = 0; i < KEY_EVERY && !world->sent[PIPE]; i++)
		frame_time(0);
	assert_int_equal(world->log[PIPE][0].number, last + 1);
	assert_int_equal(check_sent(false), PACKETS);
	end();
}

static void no_nonce_twice(void **state)
{
	const struct dp_consumer *c = &world->consumer[PIPE];
	unsigned repeated = 0;
	bool own = true;

	begin(5, 64000);
	frame_time(0);
	assert_int_equal(world_join_with(PIPE, 0, WORKER, FLAGS), 0);
	for (unsigned i = 0; i < 8000; i++) {
		if (random_below(10) == 0) {
			if (c->paused)
				pause_pipe(false);
			world->transport[PIPE].can_send = true;
		}
		switch (random_below(200)) {
		case 0:
			pause_pipe(true);
			own = false;
			break;
		case 1:
			world->transport[PIPE].can_send = false;
			own = false;
			break;
		case 2:
			seq = (uint16_t)random_below(65536); /* another source */
			dp_stream_restart(stream, seq);
			frames = 0;
			detoured = own = false;
			break;
		case 3:
			dp_consumer_want_keyframe(&world->worker[WORKER], &world->consumer[PIPE]);
			break;
		default:
			break;
		}
		frame_time(8);
		check_sent(own);
		for (unsigned k = 0; k < 6; k++)
			nack((uint16_t)(oracle.highest - random_below(200)));
		repeated += check_sent(own);
	}
	assert_true(repeated > 5000);
	assert_true(oracle.highest > 65536);
	end();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(numbers_are_the_producers, world_setup, world_teardown),
		cmocka_unit_test_setup_teardown(gaps_stay, world_setup, world_teardown),
		cmocka_unit_test_setup_teardown(begins_before_no_wrap, world_setup, world_teardown),
		cmocka_unit_test_setup_teardown(goes_on_after_a_pause, world_setup, world_teardown),
		cmocka_unit_test_setup_teardown(no_nonce_twice, world_setup, world_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

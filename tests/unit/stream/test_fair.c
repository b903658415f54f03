/* SPDX-License-Identifier: Apache-2.0 */

/*
 * A device that takes less than there is to send: audio loses nothing, what video loses is
 * spread evenly over all viewers of all streams, audio alone does not starve video, and what
 * viewers ask for again takes nothing from what is live.
 * Time stands still but for what these tests let go by.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "dataplane/path/outgoing.h"
#include "dataplane/path/retransmit.h"
#include "dataplane/path/stages.h"
#include "dataplane/tables/resent.h"
#include "dataplane/tables/scheduler.h"
#include "dataplane/tables/stream.h"
#include "dataplane/worker/clock.h"
#include "dataplane/worker/worker.h"
#include "tests/unit/stream/world.h"

enum {
	LARGE = 150, /* viewers of the first video stream */
	SMALL = 50, /* of the second */
	LISTENERS = 40, /* of the audio stream */
	VIDEO = LARGE + SMALL,
	FRAME_MS = 33,
	FRAME_PACKETS = 8,
	AUDIO_MS = 10,
};

struct totals {
	uint32_t least, most;
	uint64_t sum;
};

/* Of live packets. */
static struct totals sent_to(unsigned from, unsigned to)
{
	struct totals t = {.least = UINT32_MAX};

	for (unsigned i = from; i < to; i++) {
		uint32_t n = (uint32_t)world->consumer[i].packets;

		t.least = RTE_MIN(t.least, n);
		t.most = RTE_MAX(t.most, n);
		t.sum += n;
	}
	return t;
}

static struct dp_stream *stream(unsigned slot, uint8_t kind, unsigned from, unsigned to)
{
	struct dp_stream *s = world_stream_of(slot, kind);

	for (unsigned i = from; i < to; i++)
		assert_int_equal(world_join(i, slot, 0), 0);
	return s;
}

/* One loop a millisecond, in which the device takes `room` packets. */
static void loop(unsigned room)
{
	struct dp_worker *w = &world->worker[0];

	world->room = room;
	dp_fanout(w);
	w->now_ns += DP_MS;
}

/* Each number between two that came is asked for, once, as soon as the second is there. */
static void ask_again(unsigned viewers, uint32_t *looked, uint64_t *next)
{
	struct dp_worker *w = &world->worker[0];
	struct dp_outgoing o = {.count = 0};

	for (unsigned i = 0; i < viewers; i++) {
		for (uint32_t sent = world->sent[i]; looked[i] < sent; looked[i]++) {
			uint64_t number = world->log[i][looked[i]].number;

			for (; next[i] && next[i] < number; next[i]++)
				dp_retransmit(w, &world->consumer[i], (uint16_t)next[i], &o);
			next[i] = RTE_MAX(next[i], number + 1);
		}
		dp_outgoing_end(w, &o);
	}
}

static void end(unsigned viewers, unsigned streams)
{
	for (unsigned i = 0; i < viewers; i++)
		world_leave(i);
	for (unsigned i = 0; i < streams; i++)
		world_stream_gone(i);
}

/* The three streams bring about 52 packets a millisecond, the device takes `room`. */
static void overloaded(unsigned room, bool nacks)
{
	uint32_t looked[VIDEO + LISTENERS] = {0};
	uint64_t next[VIDEO + LISTENERS] = {0};
	const struct sh_worker_stats *stats = &world->stats[0];
	struct dp_stream *large, *small, *audio;
	struct totals first, second, third;
	uint64_t seq = 1, audio_seq = 1, mean;

	world->config.dataplane.stream_packets = 1024;
	large = stream(0, SH_KIND_VIDEO, 0, LARGE);
	small = stream(1, SH_KIND_VIDEO, LARGE, VIDEO);
	audio = stream(2, SH_KIND_AUDIO, VIDEO, VIDEO + LISTENERS);
	for (unsigned ms = 0; ms < 3000; ms++) {
		for (unsigned i = 0; ms % FRAME_MS == 0 && i < FRAME_PACKETS; i++, seq++) {
			world_packet(large, seq);
			world_packet(small, seq);
		}
		if (ms % AUDIO_MS == 0)
			world_packet(audio, audio_seq++);
		world->room = room;
		if (nacks)
			ask_again(VIDEO + LISTENERS, looked, next);
		loop(world->room);
	}
	first = sent_to(0, LARGE);
	second = sent_to(LARGE, VIDEO);
	third = sent_to(VIDEO, VIDEO + LISTENERS);
	mean = (first.sum + second.sum) / VIDEO;

	assert_int_equal(third.least, audio_seq - 1);
	assert_int_equal(stats->aged_audio, 0);
	assert_true(stats->aged_video > 0 && stats->aged_video == stats->drop[SH_DROP_TX_AGE]);
	assert_true(stats->fanout_waits > 0);
	assert_true(mean < (seq - 1) * room / 45); /* it was overloaded */
	assert_true(RTE_MIN(first.least, second.least) >= mean * 85 / 100);
	assert_true(RTE_MAX(first.most, second.most) <= mean * 115 / 100);
	assert_true(first.sum + second.sum + third.sum >= 3000u * room * 95 / 100); /* and nothing lay idle */
	end(VIDEO + LISTENERS, 3);
}

static void losses_are_even(void **state)
{
	overloaded(25, false);
}

/* A room that has to do with neither the number of viewers nor that of a frame's packets. */
static void losses_are_even_in_large_pieces(void **state)
{
	overloaded(31, false);
}

/* Whose packets were skipped asks for them: sent again they would take the place of others, who would ask too. */
static void losses_are_not_sent_again(void **state)
{
	const struct sh_worker_stats *stats = &world->stats[0];

	overloaded(25, true);
	assert_true(stats->drop[SH_DROP_RTX_ROOM] > 0);
}

/* The same where little is missing. */
static void few_losses_are_not_sent_again(void **state)
{
	overloaded(44, true);
}

/* Viewer 1 asks for a packet, a round trip after it has asked last. */
static bool again(uint16_t seq, struct dp_outgoing *o)
{
	struct dp_worker *w = &world->worker[0];

	dp_resent_entry(w->resent, 1, seq)->at_ns = 0;
	return dp_retransmit(w, &world->consumer[1], seq, o);
}

/* While a burst goes out numbers are sent again, as they are after it; where live packets go on waiting they are not. */
static void asking_again(void **state)
{
	enum { AGAIN = 4 };
	const struct sh_worker_stats *stats = &world->stats[0];
	struct dp_outgoing o = {.count = 0};
	struct dp_stream *s;
	uint16_t first;

	world->config.dataplane.stream_packets = 1024;
	s = stream(0, SH_KIND_VIDEO, 0, 10);
	world_packet(s, 1);
	loop(10);
	first = (uint16_t)world->log[1][0].number;
	for (uint64_t ms = 0; ms < 60; ms++) {
		world_packet(s, 2 + ms); /* the device takes half of them until it takes all */
		world->room = ms < 50 ? 5 + AGAIN : 1000;
		for (unsigned i = 0; i < AGAIN; i++)
			assert_true(again(first, &o));
		dp_outgoing_end(&world->worker[0], &o);
		loop(world->room);
		if (ms < 20)
			assert_int_equal(stats->rtx_out, AGAIN * (ms + 1));
	}
	assert_in_range(stats->rtx_out, AGAIN * (20 + 10 - 1), AGAIN * 40);
	assert_int_equal(stats->rtx_out + stats->drop[SH_DROP_RTX_ROOM], AGAIN * 60);
	assert_int_equal(stats->drop[SH_DROP_TX_AGE], 0);

	/* And not more of them than there is room for. */
	world->room = AGAIN - 1;
	for (unsigned i = 0; i < AGAIN; i++)
		again(first, &o);
	dp_outgoing_end(&world->worker[0], &o);
	assert_int_equal(world->room, 0);
	assert_int_equal(stats->rtx_out + stats->drop[SH_DROP_RTX_ROOM], AGAIN * 61);
	end(10, 1);
}

/* Audio that is more than the device takes loses some of it, and leaves video about a quarter. */
static void audio_does_not_starve_video(void **state)
{
	enum { ROOM = 10 };
	const struct sh_worker_stats *stats = &world->stats[0];
	struct dp_stream *audio, *video;
	uint64_t video_sum, audio_sum;

	world->config.dataplane.stream_packets = 1024;
	audio = stream(0, SH_KIND_AUDIO, 0, 100);
	video = stream(1, SH_KIND_VIDEO, 100, 200);
	world_tx_age(20 * DP_MS);
	for (unsigned ms = 0; ms < 2000; ms++) {
		if (ms % 5 == 0) {
			world_packet(audio, 1 + ms / 5);
			world_packet(video, 1 + ms / 5);
		}
		loop(ROOM);
	}
	audio_sum = sent_to(0, 100).sum;
	video_sum = sent_to(100, 200).sum;
	assert_in_range(audio_sum + video_sum, 2000 * ROOM * 99 / 100, 2000 * ROOM);
	assert_in_range(video_sum, audio_sum / 4, audio_sum / 2);
	assert_true(stats->video_first > 0 && stats->aged_audio > 0);
	end(200, 2);
}

/* A packet that comes while a pass is under way goes out after it, without waiting for housekeeping. */
static void what_comes_in_a_pass(void **state)
{
	struct dp_stream *s = stream(0, SH_KIND_VIDEO, 0, 10);

	world_packet(s, 1);
	loop(5);
	world_packet(s, 2);
	loop(5); /* the last five get both */
	loop(20);
	loop(20);
	for (unsigned i = 0; i < 10; i++)
		assert_int_equal(world->sent[i], 2);
	assert_false(dp_schedule_has_work(world->worker[0].video));
	end(10, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(losses_are_even, world_setup, world_teardown),
		cmocka_unit_test_setup_teardown(losses_are_even_in_large_pieces, world_setup, world_teardown),
		cmocka_unit_test_setup_teardown(losses_are_not_sent_again, world_setup, world_teardown),
		cmocka_unit_test_setup_teardown(few_losses_are_not_sent_again, world_setup, world_teardown),
		cmocka_unit_test_setup_teardown(asking_again, world_setup, world_teardown),
		cmocka_unit_test_setup_teardown(audio_does_not_starve_video, world_setup, world_teardown),
		cmocka_unit_test_setup_teardown(what_comes_in_a_pass, world_setup, world_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

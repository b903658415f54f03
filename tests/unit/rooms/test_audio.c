/* SPDX-License-Identifier: Apache-2.0 */

/* Who is told how loud producers are and who speaks, when, and how often. */

#include <stdio.h>
#include <string.h>

#include "tests/unit/rooms/world.h"

enum { TICK = CP_SPEAKER_TICK_MS };

/* A producer of audio with the name `n` ('A' is 0). */
static struct cp_producer *talker(unsigned n, const char *peer)
{
	struct cp_producer *p = produce(transport(join("r", peer), CP_PURPOSE_SEND), "audio");

	w.loud[n] = p->id;
	return p;
}

static void say(unsigned n, uint32_t packets, uint32_t level)
{
	uint32_t count = (uint32_t)(w.levels[n] >> 32) + packets;

	w.levels[n] = (uint64_t)count << 32 | (uint32_t)((uint32_t)w.levels[n] + packets * level);
}

/* `ticks` pass; A and B say that much in each. */
static void ticks(unsigned n, uint32_t a, uint32_t b)
{
	while (n-- > 0) {
		say(0, 10, a);
		say(1, 10, b);
		pass(TICK);
	}
}

static unsigned commands(bool on)
{
	unsigned n = 0;

	for (unsigned i = 0; i < w.cmds && i < 64; i++)
		n += w.cmd[i].op == SH_OP_PRODUCER_OBSERVE && w.cmd[i].producer_observe.levels == on;
	return n;
}

static void begin(struct cp_producer *p[2])
{
	p[0] = talker(0, "a");
	p[1] = talker(1, "b");
	w.heard[0] = '\0';
}

static void the_data_plane_reads_levels_only_where_somebody_asks(void **state)
{
	struct cp_peer *c = join("r", "c");
	struct cp_producer *p[2];

	join("other", "x");
	begin(p);
	pass(10 * TICK);
	assert_int_equal(commands(true), 0);
	assert_int_equal(cp_peer_observe_audio(c, TICK, 1), 0);
	pass(3 * TICK);
	assert_int_equal(commands(true), 2);
	assert_int_equal(cp_peer_observe_audio(c, 0, 1), 0);
	pass(3 * TICK);
	assert_int_equal(commands(false), 2);
	assert_null(c->room->audio);
	assert_true(TAILQ_EMPTY(&w.model.audio.rooms));
}

static void the_loudest_come_first_and_silence_is_told_once(void **state)
{
	struct cp_peer *c = join("r", "c"), *d = join("r", "d");
	struct cp_producer *p[2];

	begin(p);
	assert_int_equal(cp_peer_observe_audio(c, TICK, 1), 0);
	assert_int_equal(cp_peer_observe_audio(d, TICK, 5), 0);
	ticks(2, 127, 127);
	expect_heard("");
	ticks(1, 50, 30);
	expect_heard("c:levels=B-30 d:levels=B-30,A-50");
	ticks(1, 50, 127);
	ticks(3, 127, 127);
	assert_non_null(strstr(w.heard, "c:levels=A-50 d:levels=A-50"));
	assert_non_null(strstr(w.heard, "c:levels d:levels"));
	assert_null(strstr(strstr(w.heard, "c:levels d:levels") + 1, "c:levels"));
}

static void a_longer_interval_has_the_mean_of_its_time(void **state)
{
	struct cp_peer *c = join("r", "c");
	struct cp_producer *p[2];

	begin(p);
	assert_int_equal(cp_peer_observe_audio(c, 3 * TICK, 5), 0); /* rounded up to four */
	ticks(4, 127, 127);
	say(0, 1, 1); /* a packet before the baseline */
	w.heard[0] = '\0';
	ticks(1, 40, 127);
	ticks(1, 60, 127);
	ticks(1, 50, 127);
	assert_null(strstr(w.heard, "levels"));
	ticks(1, 50, 127);
	assert_non_null(strstr(w.heard, "c:levels=A-4"));
}

static void all_who_ask_are_told_who_speaks(void **state)
{
	struct cp_peer *c = join("r", "c"), *d = join("r", "d");
	struct cp_producer *p[2];

	begin(p);
	assert_int_equal(cp_peer_observe_audio(c, CP_AUDIO_INTERVAL_MAX, 1), 0);
	ticks(2, 127, 127);
	ticks(4, 127, 40);
	expect_heard("c:speaker=B");
	/* one who asks later is told at once */
	assert_int_equal(cp_peer_observe_audio(d, CP_AUDIO_INTERVAL_MAX, 1), 0);
	pass(2);
	expect_heard("d:speaker=B");
	cp_producer_close(p[1]);
	w.heard[0] = '\0';
	pass(2);
	assert_non_null(strstr(w.heard, "c:speaker=nobody"));
	assert_non_null(strstr(w.heard, "d:speaker=nobody"));
}

/* A large audience is told in slices, within the allowance, and then the latest levels. */
static void an_audience_is_told_in_slices(void **state)
{
	enum { AUDIENCE = 2000 };
	struct cp_producer *p[2];
	unsigned first;

	begin(p);
	w.config.limit.notices_per_second = 1000;
	for (unsigned i = 0; i < AUDIENCE; i++)
		assert_int_equal(cp_peer_observe_audio(join("r", "z"), TICK, 1), 0);
	ticks(2, 127, 127);
	w.model.notices.told = 0;
	ticks(1, 30, 127);
	first = (unsigned)w.model.notices.told;
	assert_true(first > 0 && first <= 256 + 200);
	ticks(9, 30, 127);
	/* 1,000 a second, and what had been saved */
	assert_true(w.model.notices.told <= 256 + 2000 + 200);
	assert_true(w.model.notices.told >= 1500);
	w.heard[0] = '\0';
}

static void peers_and_rooms_may_go_at_any_time(void **state)
{
	struct cp_peer *c = join("r", "c"), *d = join("r", "d");
	struct cp_producer *p[2];

	begin(p);
	assert_int_equal(cp_peer_observe_audio(c, TICK, 1), 0);
	assert_int_equal(cp_peer_observe_audio(d, TICK, 1), 0);
	ticks(3, 30, 127);
	leave(c);
	ticks(3, 30, 127);
	assert_non_null(strstr(w.heard, "d:levels=A-30"));
	leave(d);
	ticks(3, 30, 127);
	assert_true(TAILQ_EMPTY(&w.model.audio.rooms));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(the_data_plane_reads_levels_only_where_somebody_asks,
			world_make, world_end),
		cmocka_unit_test_setup_teardown(the_loudest_come_first_and_silence_is_told_once, world_make,
			world_end),
		cmocka_unit_test_setup_teardown(a_longer_interval_has_the_mean_of_its_time, world_make,
			world_end),
		cmocka_unit_test_setup_teardown(all_who_ask_are_told_who_speaks, world_make, world_end),
		cmocka_unit_test_setup_teardown(an_audience_is_told_in_slices, world_make, world_end),
		cmocka_unit_test_setup_teardown(peers_and_rooms_may_go_at_any_time, world_make, world_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

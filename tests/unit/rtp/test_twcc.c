/* SPDX-License-Identifier: Apache-2.0 */
/* Transport-wide feedback, read back by an independent reader. */
#include "tests/unit/rtp/exact.h"

#include "dataplane/rtp/twcc.h"
#include "tests/unit/rtp/twcc_reader.h"

static const uint64_t ms = 1000000, tick = 250000;
static const uint64_t start = 5000ull * 1000000000;

static struct dp_twcc t;
static struct twcc_report report;

static int init(void **state)
{
	memset(&t, 0xaa, sizeof(t));
	dp_twcc_init(&t);
	return 0;
}

/* One feedback packet in `room` bytes, read into `report`. False: none was made. */
static bool feedback(size_t room)
{
	uint8_t *data = malloc(room ? room : 1);
	struct dp_rtcp_buf b = {.data = data, .cap = room};
	bool made;

	assert_non_null(data);
	made = dp_twcc_feedback(&t, &b, 0x11111111, 0x22222222);
	if (made) {
		assert_true(dp_rtcp_valid(data, b.len));
		assert_true(twcc_read(&report, data, b.len));
		assert_int_equal(report.ssrc, 0x11111111);
		assert_int_equal(report.media, 0x22222222);
	} else {
		assert_int_equal(b.len, 0);
	}
	free(data);
	return made;
}

static void nothing_to_say(void **state)
{
	assert_false(dp_twcc_pending(&t));
	assert_false(feedback(1200));
}

/* The draft's layout, byte for byte: two seen, one lost, one seen late. */
static void bytes(void **state)
{
	static const uint8_t want[] = {
		0x8f,
		205,
		0,
		6,
		0,
		0,
		0,
		1,
		0,
		0,
		0,
		2, /* header, SSRCs */
		0xff,
		0xfe,
		0,
		4,
		0x01,
		0x31,
		0x2d,
		0, /* base, count, 5000 s / 64 ms, feedback count */
		0xd4,
		0x80, /* two-bit vector: 1, 1, 0, 2 */
		0,
		4,
		0x01,
		0x90, /* 0, 1 ms, 100 ms */
		0,
		0,
	};
	uint8_t data[64];
	struct dp_rtcp_buf b = {.data = data, .cap = sizeof(data)};

	dp_twcc_packet(&t, 0xfffe, start);
	dp_twcc_packet(&t, 0xffff, start + ms);
	dp_twcc_packet(&t, 1, start + 101 * ms);
	assert_true(dp_twcc_pending(&t));
	assert_true(dp_twcc_feedback(&t, &b, 1, 2));
	assert_int_equal(b.len, sizeof(want));
	assert_memory_equal(data, want, sizeof(want));
	assert_false(dp_twcc_pending(&t));
	assert_false(dp_twcc_feedback(&t, &b, 1, 2));

	/* The next begins where this one ended, and counts up. */
	dp_twcc_packet(&t, 2, start + 110 * ms);
	assert_true(feedback(64));
	assert_int_equal(report.base, 2);
	assert_int_equal(report.count, 1);
	assert_int_equal(report.fb_count, 1);
}

static void duplicates_keep_the_first_arrival(void **state)
{
	dp_twcc_packet(&t, 10, start);
	dp_twcc_packet(&t, 10, start + 50 * ms);
	assert_true(feedback(64));
	assert_int_equal(report.count, 1);
	assert_int_equal(report.ticks[0], start / tick);
	dp_twcc_packet(&t, 10, start + 90 * ms); /* reported, and not again */
	assert_false(dp_twcc_pending(&t));
}

static void chunk_kinds(void **state)
{
	/* A long run of small deltas, then every second one lost, then large deltas among losses. */
	uint16_t seq = 100;
	uint64_t now = start;

	for (unsigned i = 0; i < 500; i++)
		dp_twcc_packet(&t, seq++, now += ms);
	for (unsigned i = 0; i < 14; i++, seq += 2)
		dp_twcc_packet(&t, seq, now += ms);
	for (unsigned i = 0; i < 14; i++, seq += 2)
		dp_twcc_packet(&t, seq, now += 100 * ms);
	assert_true(feedback(1200));
	assert_int_equal(report.count, 500 + 28 + 27);
	/* 501 in one run, 14 of the losses in one bit each; the other 40, large ones near, in two. */
	assert_int_equal(report.runs, 1);
	assert_int_equal(report.one_bit, 1);
	assert_int_equal(report.two_bit, 6);
}

/* A delta of 16 bits is 8.19 s either way: one tick more needs a packet of its own. */
static void deltas_at_their_limits(void **state)
{
	static const int64_t limits[] = {0, 255, 256, 32767, 32768, -1, -32768, -32769, 1000000};
	static const bool fits[] = {true, true, true, true, false, true, true, false, false};

	for (size_t i = 0; i < sizeof(limits) / sizeof(limits[0]); i++) {
		uint64_t second = start + (uint64_t)(limits[i] * (int64_t)tick);

		init(state);
		dp_twcc_packet(&t, 1, start);
		dp_twcc_packet(&t, 2, second);
		assert_true(feedback(1200));
		assert_int_equal(report.ticks[0], start / tick);
		assert_int_equal(report.count, fits[i] ? 2 : 1);
		if (!fits[i]) {
			assert_true(dp_twcc_pending(&t));
			assert_true(feedback(1200));
			assert_int_equal(report.base, 2);
			assert_int_equal(report.count, 1);
		}
		assert_int_equal(report.ticks[report.count - 1], second / tick);
		assert_false(dp_twcc_pending(&t));
	}
}

/* 24 bits of 64 ms are 12.4 days. */
static void reference_time_wraps(void **state)
{
	uint64_t wrap = ((uint64_t)1 << 24) * 64 * ms;

	dp_twcc_packet(&t, 1, wrap - 10 * ms);
	assert_true(feedback(64));
	assert_int_equal(report.reference, 0xffffff);
	dp_twcc_packet(&t, 2, wrap + 130 * ms);
	assert_true(feedback(64));
	assert_int_equal(report.reference, 2);
	assert_int_equal(report.ticks[0], 2 * 256 + 8);
}

/* A packet that was reported as not seen, and comes: told again, from it on. */
static void late_one_is_told(void **state)
{
	dp_twcc_packet(&t, 10, start);
	dp_twcc_packet(&t, 12, start + 2 * ms);
	assert_true(feedback(64));
	assert_false(report.seen[1]);
	dp_twcc_packet(&t, 11, start + 60 * ms);
	assert_true(dp_twcc_pending(&t));
	assert_true(feedback(64));
	assert_int_equal(report.base, 11);
	assert_int_equal(report.count, 2);
	assert_true(report.seen[0]);
	assert_int_equal(report.ticks[0], (start + 60 * ms) / tick);
	assert_int_equal(report.ticks[1], (start + 2 * ms) / tick); /* a delta below 0 */
}

static void before_the_first(void **state)
{
	dp_twcc_packet(&t, 0, start);
	dp_twcc_packet(&t, 65535, start + ms);
	assert_true(feedback(64));
	assert_int_equal(report.base, 65535);
	assert_int_equal(report.count, 2);
	assert_true(report.seen[0] && report.seen[1]);
}

static void window_is_bounded(void **state)
{
	dp_twcc_packet(&t, 0, start);
	dp_twcc_packet(&t, DP_TWCC_WINDOW - 1, start + ms);
	assert_true(feedback(1200));
	assert_int_equal(report.base, 0);
	assert_int_equal(report.count, DP_TWCC_WINDOW);

	/* Further than that: what is out of the window isn't told. */
	dp_twcc_packet(&t, 30000, start + 2 * ms);
	assert_true(feedback(1200));
	assert_int_equal(report.base, 30000 - DP_TWCC_WINDOW + 1);
	assert_int_equal(report.count, DP_TWCC_WINDOW);
	for (unsigned i = 0; i + 1 < report.count; i++)
		assert_false(report.seen[i]);
	assert_true(report.seen[report.count - 1]);

	/* Older than the window: not taken; its oldest: taken. */
	dp_twcc_packet(&t, 30000 - DP_TWCC_WINDOW, start + 3 * ms);
	assert_false(dp_twcc_pending(&t));
	dp_twcc_packet(&t, 30000 - DP_TWCC_WINDOW + 1, start + 3 * ms);
	assert_true(dp_twcc_pending(&t));
}

static void too_little_room(void **state)
{
	/* 20 bytes and a chunk and a delta, in words. */
	for (size_t room = 0; room < 24; room++) {
		init(state);
		dp_twcc_packet(&t, 1, start);
		assert_false(feedback(room));
		assert_true(dp_twcc_pending(&t));
	}
	assert_true(feedback(24));

	/* Losses in front need a chunk more: a packet that tells of nothing seen isn't sent. */
	init(state);
	dp_twcc_packet(&t, 1, start);
	assert_true(feedback(64));
	dp_twcc_packet(&t, 102, start + ms);
	assert_false(feedback(24));
	assert_true(feedback(28));
	assert_int_equal(report.count, 101);
}

/* --- a long, random run against a model --------------------------------------------- */

static uint32_t random_state;

static uint32_t below(uint32_t n)
{
	random_state = random_state * 1664525 + 1013904223;
	return (random_state >> 8) % n;
}

enum { NUMBERS = 65536 * 4 };
static int64_t model[NUMBERS]; /* arrival in ticks by extended number; 0: not come */
static bool told[NUMBERS];
static uint64_t highest;
static unsigned forgotten; /* came, but fell out of the window before it was told */

/* Every feedback packet there is to send; each of its numbers must agree with the model. */
static void drain(uint64_t *next_base)
{
	while (dp_twcc_pending(&t) && feedback(24 + below(400) + (below(10) == 0 ? 1000 : 0))) {
		/* The base is near the last one: extend it by that. */
		uint64_t base = *next_base + (uint64_t)(int16_t)(report.base - (uint16_t)*next_base);

		for (unsigned i = 0; i < report.count; i++) {
			assert_int_equal(report.seen[i], model[base + i] != 0);
			if (report.seen[i])
				assert_int_equal(report.ticks[i], model[base + i]);
			told[base + i] |= report.seen[i];
		}
		*next_base = base + report.count;
	}
}

static void come(uint64_t number, uint64_t now)
{
	dp_twcc_packet(&t, (uint16_t)number, now);
	if (number + DP_TWCC_WINDOW <= highest)
		return; /* too late to be told of */
	if (!model[number])
		model[number] = (int64_t)(now / tick);
	for (; highest < number; highest++) {
		uint64_t leaves = highest + 1 - DP_TWCC_WINDOW;

		forgotten += model[leaves] && !told[leaves];
	}
}

static void against_a_model(void **state)
{
	for (uint32_t seed = 1; seed <= 12; seed++) {
		uint64_t number = 65536 + 65000, now = start, next_base = number, held = 0;

		random_state = seed;
		init(state);
		memset(model, 0, sizeof(model));
		memset(told, 0, sizeof(told));
		highest = number;
		forgotten = 0;
		while (number < 65536 * 3 + 200) {
			uint32_t what = below(1000);

			now += below(8) * 100000 + (what == 999 ? 9000 * ms : what > 990 ? 100 * ms : 0);
			if (what < 30 && seed > 2) {
				number += 1 + (seed > 4 ? below(40) : 0); /* lost */
			} else if (what < 60 && seed > 3 && !held) {
				held = number++; /* comes later */
			} else if (what == 60 && seed > 6) {
				number += 200 + below(900); /* a big gap */
			}
			come(number++, now);
			if (held && below(20) == 0) {
				come(held, now += 50000);
				held = 0;
			}
			if (below(60) == 0)
				drain(&next_base);
		}
		for (unsigned i = 0; i < 10; i++) /* a room too small for the gap may have stopped it */
			drain(&next_base);
		assert_false(dp_twcc_pending(&t));
		unsigned untold = 0;
		for (uint64_t i = 0; i < number; i++)
			untold += model[i] && !told[i];
		assert_int_equal(untold, forgotten);
		if (seed <= 6) /* no gap that fills the window */
			assert_int_equal(forgotten, 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(nothing_to_say, init),
		cmocka_unit_test_setup(bytes, init),
		cmocka_unit_test_setup(duplicates_keep_the_first_arrival, init),
		cmocka_unit_test_setup(chunk_kinds, init),
		cmocka_unit_test_setup(deltas_at_their_limits, init),
		cmocka_unit_test_setup(reference_time_wraps, init),
		cmocka_unit_test_setup(late_one_is_told, init),
		cmocka_unit_test_setup(before_the_first, init),
		cmocka_unit_test_setup(window_is_bounded, init),
		cmocka_unit_test_setup(too_little_room, init),
		cmocka_unit_test(against_a_model),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

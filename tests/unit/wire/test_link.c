/* SPDX-License-Identifier: Apache-2.0 */
/* One direction of the wire on a clock of the test's: what is lost, and when the rest comes out. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tools/wire/link.h"

enum { LEN = 1000, MANY = 100000 };

static const uint64_t MS = 1000000, SECOND = 1000000000;

static struct wire_link *l;
static struct wire_settings s[WIRE_DIRECTIONS];

static int begin(void **state)
{
	for (int d = 0; d < WIRE_DIRECTIONS; d++)
		wire_settings_init(&s[d]);
	l = wire_link_new(7, WIRE_DOWN);
	return l ? 0 : -1;
}

static int end(void **state)
{
	wire_link_free(l);
	return 0;
}

static void set_at(uint64_t now, const char *assignment)
{
	assert_int_equal(wire_settings_apply(s, assignment), 0);
	wire_link_set(l, now, &s[WIRE_DOWN]);
}

/* Each frame begins with its number. */
static void offer(uint64_t now, uint32_t number)
{
	uint8_t data[LEN] = {0};

	memcpy(data, &number, sizeof(number));
	wire_link_offer(l, now, data, sizeof(data));
}

/* What comes out by `now`: the number of the next frame, or -1. */
static long take(uint64_t now)
{
	const struct wire_frame *f = wire_link_take(l, now);
	uint32_t number;

	if (!f)
		return -1;
	assert_int_equal(f->len, LEN);
	memcpy(&number, f->data, sizeof(number));
	return number;
}

static unsigned take_all(uint64_t now)
{
	unsigned n = 0;

	while (take(now) >= 0)
		n++;
	return n;
}

/* Sends MANY frames and writes which of them came. */
static void run(uint8_t came[MANY])
{
	memset(came, 0, MANY);
	for (uint32_t i = 0; i < MANY; i++) {
		long number;

		offer(i * MS, i);
		while ((number = take(i * MS)) >= 0)
			came[number]++;
	}
}

static void a_plain_wire_changes_nothing(void **state)
{
	for (uint32_t i = 0; i < 10; i++) {
		offer(i, i);
		assert_int_equal(take(i), i);
		assert_int_equal(take(i), -1);
	}
	assert_true(wire_link_next(l) == UINT64_MAX);
}

static void the_same_seed_loses_the_same_packets(void **state)
{
	static uint8_t first[MANY], second[MANY], other[MANY];

	set_at(0, "loss=5%");
	run(first);
	end(NULL);
	begin(NULL);
	set_at(0, "loss=5%");
	set_at(0, "dup=10%"); /* other decisions leave this one as it is */
	run(second);
	for (int i = 0; i < MANY; i++)
		assert_int_equal(!first[i], !second[i]);

	end(NULL);
	begin(NULL);
	wire_link_free(l);
	l = wire_link_new(7, WIRE_UP);
	set_at(0, "loss=5%");
	run(other);
	assert_true(memcmp(first, other, MANY) != 0);
}

static void loss_is_as_frequent_as_said_and_independent(void **state)
{
	static uint8_t came[MANY];
	unsigned pairs = 0;

	set_at(0, "loss=5%");
	run(came);
	assert_in_range(l->counts.lost, 4700, 5300);
	assert_int_equal(l->counts.delivered, MANY - l->counts.lost);
	for (int i = 1; i < MANY; i++)
		pairs += !came[i - 1] && !came[i];
	assert_in_range(pairs, 190, 310); /* 0.05 * 0.05 * MANY = 250 */
}

static void bursts_are_as_long_as_said(void **state)
{
	static uint8_t came[MANY];
	unsigned bursts = 0;

	set_at(0, "burst=1%");
	set_at(0, "burst.length=5");
	run(came);
	for (int i = 1; i < MANY; i++)
		bursts += came[i - 1] && !came[i];
	assert_in_range(bursts, 820, 1020); /* after bursts of 5: MANY / (99 + 5) = 960 */
	assert_in_range(l->counts.burst_lost * 10 / bursts, 45, 57);
	assert_int_equal(l->counts.lost, 0);
}

static void a_packet_is_delayed_exactly(void **state)
{
	set_at(0, "delay=25ms");
	offer(5 * MS, 1);
	assert_int_equal(wire_link_next(l), 30 * MS);
	assert_int_equal(take(30 * MS - 1), -1);
	assert_int_equal(take(30 * MS), 1);
}

static void a_shorter_delay_does_not_re_order(void **state)
{
	set_at(0, "delay=25ms");
	offer(0, 1);
	set_at(1 * MS, "delay=0ms");
	offer(1 * MS, 2);
	assert_int_equal(take(24 * MS), -1);
	assert_int_equal(take(25 * MS), 1);
	assert_int_equal(take(25 * MS), 2);
}

/* Offers a frame each 3 ms and looks each ms at what comes: sums and largest delay in ms. */
static void jitter_spreads_delays_and_keeps_the_order(void **state)
{
	uint64_t smallest = UINT64_MAX, largest = 0;
	long last = -1;

	set_at(0, "delay=10ms");
	set_at(0, "jitter=30ms");
	for (uint64_t t = 0; t < 20000; t++) {
		long number;

		if (t % 3 == 0)
			offer(t * MS, (uint32_t)(t / 3));
		while ((number = take(t * MS)) >= 0) {
			uint64_t took = t - (uint64_t)number * 3;

			assert_int_equal(number, last + 1);
			last = number;
			smallest = took < smallest ? took : smallest;
			largest = took > largest ? took : largest;
		}
	}
	assert_in_range(smallest, 10, 12);
	assert_in_range(largest, 38, 41);
}

static void a_held_packet_is_overtaken(void **state)
{
	unsigned overtaken = 0;
	long last = -1;

	set_at(0, "reorder=3%");
	set_at(0, "reorder.by=10ms");
	for (uint32_t i = 0; i < 10000; i++) {
		long number;

		offer(i * 3 * MS, i);
		while ((number = take(i * 3 * MS)) >= 0) {
			overtaken += number < last;
			last = number > last ? number : last;
		}
	}
	assert_in_range(overtaken, 240, 360);
	assert_int_equal(overtaken, l->counts.reordered);
}

static void duplicates_follow_at_once(void **state)
{
	static uint8_t came[MANY];

	set_at(0, "dup=2%");
	run(came);
	assert_in_range(l->counts.duplicated, 1800, 2200);
	assert_int_equal(l->counts.delivered, MANY + l->counts.duplicated);
}

static void the_bottleneck_passes_its_rate(void **state)
{
	unsigned came = 0;

	/* 125 frames of 1,000 bytes a second, offered twice as fast. */
	set_at(0, "rate=1M");
	for (uint32_t i = 0; i < 2500; i++) {
		offer(i * 4 * MS, i);
		came += take_all(i * 4 * MS);
	}
	assert_in_range(came, 1245, 1250);
	/* What was neither sent nor dropped still waits: 200 ms and the one that began to wait then. */
	assert_in_range(2500 - came - l->counts.queue_dropped, 25, 27);
	assert_in_range(l->counts.queue_time_max, 190 * MS, 200 * MS);
}

static void a_queue_of_bytes_takes_no_more(void **state)
{
	set_at(0, "rate=1M");
	set_at(0, "queue=3000B");
	for (uint32_t i = 0; i < 10; i++)
		offer(0, i);
	assert_int_equal(l->counts.queue_dropped, 7);
	assert_int_equal(take_all(8 * MS), 1);
	assert_int_equal(take_all(24 * MS), 2);
}

static void an_idle_bottleneck_takes_each_packet(void **state)
{
	set_at(0, "rate=1M");
	set_at(0, "queue=10B");
	offer(0, 1);
	assert_int_equal(wire_link_next(l), 8 * MS);
	assert_int_equal(take(8 * MS), 1);
}

static void a_new_rate_applies_to_what_waits(void **state)
{
	set_at(0, "rate=1M");
	offer(0, 1);
	offer(0, 2);
	set_at(4 * MS, "rate=2M"); /* half of the first is gone, the other half takes 2 ms */
	assert_int_equal(take(6 * MS - 1), -1);
	assert_int_equal(take(6 * MS), 1);
	set_at(8 * MS, "rate=0");
	assert_int_equal(take(8 * MS), 2);
}

static void looking_often_does_not_change_the_rate(void **state)
{
	set_at(0, "rate=999983"); /* a prime: nothing divides evenly */
	for (uint32_t i = 0; i < 20; i++)
		offer(0, i);
	for (uint64_t t = 0; t < 150 * MS; t += 777)
		assert_true(take(t) < 18);
	take_all(150 * MS);
	assert_int_equal(l->counts.delivered, 18); /* of 8.0001 ms each */
}

static void memory_is_bounded_and_comes_back(void **state)
{
	set_at(0, "delay=1s");
	for (uint32_t i = 0; i < WIRE_FRAMES + 10; i++)
		offer(0, i);
	assert_int_equal(l->counts.overflowed, 10);
	assert_int_equal(take_all(SECOND), WIRE_FRAMES);
	for (uint32_t i = 0; i < WIRE_FRAMES; i++)
		offer(SECOND, i);
	assert_int_equal(l->counts.overflowed, 10);
	assert_int_equal(take_all(2 * SECOND), WIRE_FRAMES);
}

static void a_frame_that_is_too_long_is_dropped(void **state)
{
	static const uint8_t data[WIRE_FRAME_MAX + 1];

	wire_link_offer(l, 0, data, sizeof(data));
	assert_null(wire_link_take(l, 0));
	assert_int_equal(l->counts.overflowed, 1);
	wire_link_offer(l, 0, data, WIRE_FRAME_MAX);
	assert_non_null(wire_link_take(l, 0));
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_plain_wire_changes_nothing),
		TEST(the_same_seed_loses_the_same_packets),
		TEST(loss_is_as_frequent_as_said_and_independent),
		TEST(bursts_are_as_long_as_said),
		TEST(a_packet_is_delayed_exactly),
		TEST(a_shorter_delay_does_not_re_order),
		TEST(jitter_spreads_delays_and_keeps_the_order),
		TEST(a_held_packet_is_overtaken),
		TEST(duplicates_follow_at_once),
		TEST(the_bottleneck_passes_its_rate),
		TEST(a_queue_of_bytes_takes_no_more),
		TEST(an_idle_bottleneck_takes_each_packet),
		TEST(a_new_rate_applies_to_what_waits),
		TEST(looking_often_does_not_change_the_rate),
		TEST(memory_is_bounded_and_comes_back),
		TEST(a_frame_that_is_too_long_is_dropped),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* The key frame gate, and a sender report's clock carried forward. */
#include "tests/unit/rtp/exact.h"

#include "dataplane/rtp/feedback.h"

static const uint64_t ms = 1000000, interval = 500000000, start = 7000000000;

static void first_goes_at_once(void **state)
{
	struct dp_keyframe_gate g = {0};

	assert_false(dp_keyframe_due(&g, start, interval)); /* nobody asked */
	assert_true(dp_keyframe_request_due(&g, start, interval));
	assert_false(dp_keyframe_due(&g, start + interval, interval));

	/* Also on a clock that began less than an interval ago. */
	g = (struct dp_keyframe_gate){0};
	assert_true(dp_keyframe_request_due(&g, ms, interval));
	assert_false(dp_keyframe_request_due(&g, 2 * ms, interval));
}

static void later_ones_are_one(void **state)
{
	struct dp_keyframe_gate g = {0};
	unsigned sent = 0;

	/* 1,000 viewers a millisecond for two seconds: 0, 500, 1000, 1500 and 2000 ms. */
	for (uint64_t t = 0; t <= 2000; t++) {
		for (unsigned viewer = 0; viewer < 1000; viewer++)
			sent += dp_keyframe_request_due(&g, start + t * ms, interval);
		sent += dp_keyframe_due(&g, start + t * ms, interval);
	}
	assert_int_equal(sent, 5);
}

static void remembered_until_the_interval_ends(void **state)
{
	struct dp_keyframe_gate g = {0};

	assert_true(dp_keyframe_request_due(&g, start, interval));
	assert_false(dp_keyframe_request_due(&g, start + 10 * ms, interval));
	assert_false(dp_keyframe_due(&g, start + interval - 1, interval));
	assert_true(dp_keyframe_due(&g, start + interval, interval));
	assert_false(dp_keyframe_due(&g, start + 2 * interval, interval));
}

static void a_key_frame_answers(void **state)
{
	struct dp_keyframe_gate g = {0};

	assert_true(dp_keyframe_request_due(&g, start, interval));
	assert_false(dp_keyframe_request_due(&g, start + 10 * ms, interval));
	dp_keyframe_arrived(&g);
	assert_false(dp_keyframe_due(&g, start + interval, interval));
	/* It doesn't open the gate: still one per interval. */
	assert_false(dp_keyframe_request_due(&g, start + 20 * ms, interval));
	assert_true(dp_keyframe_due(&g, start + interval, interval));
	/* Long silence, and the next goes at once. */
	assert_true(dp_keyframe_request_due(&g, start + 3 * interval, interval));
}

static void sr_clock(void **state)
{
	struct dp_sr_clock c = {.clock_rate = 90000};
	uint64_t ntp;
	uint32_t rtp;

	assert_false(dp_sr_at(&c, start, &ntp, &rtp));
	c.ntp = 0xe0000000ffffffff;
	c.rtp = 0xffffff00;
	c.ns = start;
	assert_true(dp_sr_at(&c, start, &ntp, &rtp));
	assert_true(ntp == c.ntp);
	assert_int_equal(rtp, 0xffffff00);

	/* 1.5 s: the fraction carries into the seconds, the RTP time wraps. */
	assert_true(dp_sr_at(&c, start + 1500 * ms, &ntp, &rtp));
	assert_true(ntp == c.ntp + 0x180000000);
	assert_int_equal(rtp, 135000 - 0x100);

	/* A day, to the tick. */
	assert_true(dp_sr_at(&c, start + 86400000 * ms, &ntp, &rtp));
	assert_true(ntp == c.ntp + ((uint64_t)86400 << 32));
	assert_true(rtp == (uint32_t)(c.rtp + (uint64_t)86400 * 90000));

	/* A clock read before the report was stamped. */
	assert_true(dp_sr_at(&c, start - 1, &ntp, &rtp));
	assert_true(ntp == c.ntp);
}

/* Both of a peer's streams name the same instant by the same NTP time, whenever each is asked. */
static void streams_stay_together(void **state)
{
	struct dp_sr_clock audio = {
		.ntp = (uint64_t)100 << 32, .rtp = 48000, .ns = start, .clock_rate = 48000};
	struct dp_sr_clock video = {
		.ntp = (uint64_t)102 << 32, .rtp = 900000, .ns = start + 2000 * ms, .clock_rate = 90000};
	uint64_t a, v;
	uint32_t ra, rv;

	for (uint64_t t = 2000; t < 60000; t += 777) {
		assert_true(dp_sr_at(&audio, start + t * ms, &a, &ra));
		assert_true(dp_sr_at(&video, start + t * ms, &v, &rv));
		uint64_t apart = a > v ? a - v : v - a;
		assert_true(apart <= 8); /* rounding, 2 ns */
		assert_int_equal(ra, 48000 + 48 * t);
		assert_int_equal(rv, 900000 + 90 * (t - 2000));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(first_goes_at_once),
		cmocka_unit_test(later_ones_are_one),
		cmocka_unit_test(remembered_until_the_interval_ends),
		cmocka_unit_test(a_key_frame_answers),
		cmocka_unit_test(sr_clock),
		cmocka_unit_test(streams_stay_together),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

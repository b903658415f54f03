/* SPDX-License-Identifier: Apache-2.0 */
/* The key frame gate, viewers' budgets, and a sender report's clock carried forward. */
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

/* A request each 5 ms for a minute, each answered: two a second at first, then one. */
static void without_end_the_interval_doubles(void **state)
{
	struct dp_keyframe_gate g = {0};
	unsigned sent = 0, in_last_half = 0;
	uint64_t last = 0;

	for (uint64_t t = 0; t < 60000; t += 5)
		if (dp_keyframe_request_due(&g, start + t * ms, interval)) {
			if (t < 1500)
				assert_true(!last || (t - last) * ms == interval);
			assert_true((t - last) * ms <= 2 * interval);
			last = t;
			sent++;
			in_last_half += t >= 30000;
		}
	assert_in_range(in_last_half, 29, 31);
	assert_in_range(sent, 60, 65);
	/* After a while without, they come as at first. */
	for (uint64_t t = 0; t <= 1000; t += 5)
		sent += dp_keyframe_request_due(&g, start + (70000 + t) * ms, interval);
	assert_in_range(sent, 63, 68);
}

/*
 * A viewer that asks every `every` ms, for `seconds`; the source answers `answer` ms after a
 * request (0: never). Returns the requests to the source.
 */
static unsigned viewer_asks(struct dp_keyframe_budget *b, unsigned every, unsigned seconds, unsigned answer,
	unsigned *refused)
{
	struct dp_keyframe_gate g = {0};
	uint64_t arrived = 0, due = 0;
	unsigned sent = 0;

	*refused = 0;
	for (uint64_t t = 0; t < seconds * 1000ull; t++) {
		uint64_t now = start + t * ms;
		bool wanted = false, limited = false;

		if (due && now == due) {
			arrived = now;
			dp_keyframe_arrived(&g);
		}
		if (t % every == 0)
			wanted = dp_keyframe_budget_take(b, now, interval, arrived, &limited);
		*refused += limited;
		if (wanted ? dp_keyframe_request_due(&g, now, interval)
			   : dp_keyframe_due(&g, now, interval)) {
			sent++;
			due = answer ? now + answer * ms : 0;
		}
	}
	return sent;
}

static void a_viewer_has_a_budget(void **state)
{
	static const unsigned answers[] = {20, 100, 300, 450};
	unsigned refused;

	for (unsigned i = 0; i < sizeof(answers) / sizeof(answers[0]); i++) {
		struct dp_keyframe_budget b = {0};

		assert_in_range(viewer_asks(&b, 100, 10, answers[i], &refused), 4, 7);
		assert_true(refused > 0);
		b = (struct dp_keyframe_budget){0};
		assert_in_range(viewer_asks(&b, 1, 60, answers[i], &refused), 13, 5 + 12);
	}
}

/* It asks again when it has lost a key frame, and is heard at once; and at any time if it seldom asks. */
static void an_honest_viewer_is_not_limited(void **state)
{
	struct dp_keyframe_budget b = {0};
	uint64_t arrived = 0;
	unsigned refused;
	bool limited;

	assert_true(dp_keyframe_budget_take(&b, start, interval, arrived, &limited));
	/* Repeated until the answer comes, which costs nothing. */
	for (unsigned t = 50; t < 400; t += 50) {
		assert_false(dp_keyframe_budget_take(&b, start + t * ms, interval, arrived, &limited));
		assert_false(limited);
	}
	arrived = start + 400 * ms;
	for (unsigned i = 1; i < 5; i++) {
		assert_true(dp_keyframe_budget_take(&b, arrived + 50 * ms, interval, arrived, &limited));
		arrived += 100 * ms;
	}
	assert_false(dp_keyframe_budget_take(&b, arrived + 50 * ms, interval, arrived, &limited));
	assert_true(limited);
	assert_true(dp_keyframe_budget_take(&b, start + 5001 * ms, interval, arrived, &limited));

	b = (struct dp_keyframe_budget){0};
	assert_int_equal(viewer_asks(&b, 6000, 60, 100, &refused), 10);
	assert_int_equal(refused, 0);
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

/* A report moved back is about an earlier instant of the same line, to the tick. */
static void moved_back_it_stays_right(void **state)
{
	struct dp_sr_clock c = {.ntp = (uint64_t)100 << 32, .rtp = 5, .ns = start, .clock_rate = 90000};
	uint64_t ntp;
	uint32_t rtp;

	for (unsigned shift = 0; shift <= UINT16_MAX; shift += 257) {
		assert_true(dp_sr_at(&c, start + 2000 * ms, &ntp, &rtp));
		dp_sr_back(&c, (uint16_t)shift, &ntp, &rtp);
		assert_true(ntp == c.ntp + ((uint64_t)2 << 32) - ((uint64_t)shift << 16));
		assert_int_equal(rtp, 5 + 180000 - (uint64_t)shift * 90000 / 65536);
		/* Each shift has its own middle 32 bits. */
		assert_int_equal((uint32_t)(ntp >> 16), (102u << 16) - shift);
	}
}

/* The producer is away for a while, and all requests are lost: the first one after that counts. */
static void unanswered_requests_are_repeated(void **state)
{
	struct dp_keyframe_budget b = {0};
	unsigned taken = 0, refused;
	bool limited;

	for (uint64_t t = 0; t < 10000; t += 100) {
		taken += dp_keyframe_budget_take(&b, start + t * ms, interval, start - ms, &limited);
		assert_false(limited);
	}
	assert_int_equal(taken, 20);
	b = (struct dp_keyframe_budget){0};
	assert_in_range(viewer_asks(&b, 100, 60, 0, &refused), 60, 65); /* the gate's limit */
	assert_int_equal(refused, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(first_goes_at_once),
		cmocka_unit_test(later_ones_are_one),
		cmocka_unit_test(remembered_until_the_interval_ends),
		cmocka_unit_test(a_key_frame_answers),
		cmocka_unit_test(without_end_the_interval_doubles),
		cmocka_unit_test(a_viewer_has_a_budget),
		cmocka_unit_test(an_honest_viewer_is_not_limited),
		cmocka_unit_test(unanswered_requests_are_repeated),
		cmocka_unit_test(sr_clock),
		cmocka_unit_test(streams_stay_together),
		cmocka_unit_test(moved_back_it_stays_right),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

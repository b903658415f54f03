/* SPDX-License-Identifier: Apache-2.0 */
/* The bitrate of a probe over time. */
#include "tests/unit/layers/exact.h"

#include "dataplane/layers/probe.h"

static void doubles_up_to_its_goal(void **state)
{
	const uint32_t start = UINT32_MAX - 300; /* the clock wraps around meanwhile */
	struct dp_probe p = {0};

	assert_int_equal(dp_probe_kbps(&p, start), 0);
	dp_probe_start(&p, start, 400, 2000, 0);
	assert_true(dp_probe_running(&p));
	assert_int_equal(dp_probe_kbps(&p, start), 400);
	assert_int_equal(dp_probe_kbps(&p, start + 250), 600);
	assert_int_equal(dp_probe_kbps(&p, start + 500), 800);
	assert_int_equal(dp_probe_kbps(&p, start + 1000), 1600);
	assert_int_equal(dp_probe_kbps(&p, start + 1125), 2000);
	assert_int_equal(dp_probe_kbps(&p, start + 1000000), 2000);
	dp_probe_stop(&p, start);
	assert_int_equal(dp_probe_kbps(&p, start + 1125), 0);
}

static void is_reported_a_round_trip_later(void **state)
{
	struct dp_probe p = {0};

	assert_false(dp_probe_reported(&p, 100000, 0));
	dp_probe_start(&p, 100, 400, 800, 0);
	assert_false(dp_probe_reported(&p, 100, 0));
	assert_false(dp_probe_reported(&p, 100 + 500 + DP_PROBE_HOLD_MS + 79, 80));
	assert_true(dp_probe_reported(&p, 100 + 500 + DP_PROBE_HOLD_MS + 80, 80));
}

static void pauses_where_the_last_one_found_a_limit(void **state)
{
	struct dp_probe p = {0};

	dp_probe_limit(&p, 640);
	dp_probe_start(&p, 0, 400, 3000, 0);
	assert_int_equal(dp_probe_kbps(&p, 250), 600);
	for (uint32_t ms = 500; ms < 500 + DP_PROBE_PAUSE_MS - 100; ms += 50)
		assert_int_equal(dp_probe_kbps(&p, ms), 736); /* 115 % */
	assert_int_equal(dp_probe_kbps(&p, 500 + DP_PROBE_PAUSE_MS), 800);
	assert_int_equal(dp_probe_kbps(&p, 1000 + DP_PROBE_PAUSE_MS), 1600);
	/* A goal that is not far beyond the limit does not refute it. */
	dp_probe_passed(&p);
	assert_int_equal(p.limit, 0);
	dp_probe_limit(&p, 640);
	dp_probe_start(&p, 0, 400, 700, 0);
	dp_probe_passed(&p);
	assert_int_equal(p.limit, 80);
}

static void absurd_bitrates_do_not_overflow(void **state)
{
	struct dp_probe p = {0};

	dp_probe_limit(&p, UINT32_MAX);
	dp_probe_start(&p, 0, UINT32_MAX, UINT32_MAX, UINT32_MAX);
	for (uint32_t ms = 0; ms < 1000000; ms += 997)
		assert_true(dp_probe_kbps(&p, ms) >= 65535u * DP_PROBE_UNIT);
	assert_int_equal(dp_probe_kbps(&p, 1000000), UINT32_MAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(doubles_up_to_its_goal),
		cmocka_unit_test(is_reported_a_round_trip_later),
		cmocka_unit_test(pauses_where_the_last_one_found_a_limit),
		cmocka_unit_test(absurd_bitrates_do_not_overflow),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Index estimation, the window and the table of SSRCs, without packets. */
#include <errno.h>

#include "dataplane/srtp/replay.h"
#include "tests/unit/srtp/help.h"

static struct dp_replay at(uint64_t highest)
{
	struct dp_replay r = {.highest = highest, .seen = {1, 0}};
	return r;
}

/* RFC 3711, 3.3.1 and appendix A */
static void test_estimate(void **state)
{
	static const struct {
		uint64_t highest;
		uint16_t seq;
		uint64_t want;
	} c[] = {
		{0, 0, 0}, {0, 65535, 65535}, /* there is no ROC before 0 */
		{100, 40000, 40000}, {0x7fff, 0xffff, 0xffff}, {0x8000, 0, 0}, {0x8001, 0, 0x10000},
		{0xffff, 0, 0x10000}, {0xffff, 0x7ffe, 0x17ffe}, {0xffff, 0x7fff, 0x7fff},
		{0x10000, 0xffff, 0xffff}, /* late, from before the roll-over */
		{0x10000, 0x8000, 0x18000}, {0x10000, 0x8001, 0x8001}, {0x1ffff, 0, 0x20000},
		{0x20005, 0xfff0, 0x1fff0}, {0x20005, 0x0001, 0x20001},
		{0xffffffffffff, 0, 0x1000000000000}, /* used up: past DP_RTP_INDEX_MAX */
	};

	for (unsigned i = 0; i < sizeof(c) / sizeof(c[0]); i++) {
		struct dp_replay r = at(c[i].highest);
		assert_int_equal(dp_replay_estimate(&r, c[i].seq), c[i].want);
	}
	assert_true(dp_replay_estimate(&(struct dp_replay){.highest = DP_RTP_INDEX_MAX}, 0) >
		    DP_RTP_INDEX_MAX);
}

static void test_window(void **state)
{
	struct dp_ssrc_table t = {.places = 1};
	const struct dp_replay *r = &t.state[0];

	dp_replay_accept(&t, 0, NULL, 7, 1000);
	assert_false(dp_replay_fresh(r, NULL, 7, 1000));
	assert_true(dp_replay_fresh(r, NULL, 7, 1001));
	assert_true(dp_replay_fresh(r, NULL, 7, 1000 - 127));
	assert_false(dp_replay_fresh(r, NULL, 7, 1000 - 128));

	dp_replay_accept(&t, 0, NULL, 7, 1000 - 127);
	assert_false(dp_replay_fresh(r, NULL, 7, 1000 - 127));
	dp_replay_accept(&t, 0, NULL, 7, 1000 - 64);
	dp_replay_accept(&t, 0, NULL, 7, 1000 - 63);
	assert_false(dp_replay_fresh(r, NULL, 7, 1000 - 64));
	assert_false(dp_replay_fresh(r, NULL, 7, 1000 - 63));
	assert_true(dp_replay_fresh(r, NULL, 7, 1000 - 62));
	assert_true(dp_replay_fresh(r, NULL, 7, 1000 - 65));
}

/* Against an array that remembers everything, over steps of every kind. */
static void test_window_model(void **state)
{
	enum { SPAN = 60000 };
	static uint8_t seen[SPAN];
	struct dp_ssrc_table t = {.places = 1};
	uint64_t highest = 200;
	uint32_t random = 1;

	dp_replay_accept(&t, 0, NULL, 7, highest);
	seen[highest] = 1;
	for (unsigned i = 0; i < 20000; i++) {
		random = random * 1664525 + 1013904223;
		static const int step[] = {
			1, 1, 1, 2, 3, -1, -5, -60, -63, -64, -65, -100, -127, -128, -140, 0};
		int by = step[random >> 28];
		if ((random >> 16 & 0x1ff) == 0)
			by = (int)(random >> 8 & 0xff);
		uint64_t index = highest + (uint64_t)(int64_t)by;
		bool want = index > highest || (highest - index < DP_REPLAY_WINDOW && !seen[index]);
		assert_int_equal(dp_replay_fresh(&t.state[0], NULL, 7, index), want);
		if (!want)
			continue;
		dp_replay_accept(&t, 0, NULL, 7, index);
		seen[index] = 1;
		highest = index > highest ? index : highest;
		assert_true(highest < SPAN - 256);
	}
}

static void test_window_shifts(void **state)
{
	static const unsigned by[] = {1, 63, 64, 65, 127, 128, 129, 1u << 20};

	for (unsigned i = 0; i < sizeof(by) / sizeof(by[0]); i++) {
		struct dp_ssrc_table t = {.places = 1};
		dp_replay_accept(&t, 0, NULL, 7, 5000);
		dp_replay_accept(&t, 0, NULL, 7, 4999);
		dp_replay_accept(&t, 0, NULL, 7, 5000 + by[i]);
		const struct dp_replay *r = &t.state[0];
		assert_int_equal(r->highest, 5000 + by[i]);
		assert_false(dp_replay_fresh(r, NULL, 7, 5000 + by[i]));
		assert_false(dp_replay_fresh(r, NULL, 7, 5000));
		assert_false(dp_replay_fresh(r, NULL, 7, 4999));
		assert_int_equal(dp_replay_fresh(r, NULL, 7, 4998), by[i] + 2 < DP_REPLAY_WINDOW);
		if (by[i] > 1)
			assert_true(dp_replay_fresh(r, NULL, 7, 5000 + by[i] - 1));
	}
}

/* The long window against an array that remembers everything. */
static void test_wide_model(void **state)
{
	enum { SPAN = 1 << 20 };
	static uint8_t seen[SPAN];
	struct dp_ssrc_table t = {.places = 1};
	struct dp_srtp_window wide = {0};
	uint64_t highest = 5000;
	uint32_t random = 1;

	dp_replay_accept(&t, 0, &wide, 7, highest);
	seen[highest] = 1;
	for (unsigned i = 0; i < 40000; i++) {
		random = random * 1664525 + 1013904223;
		static const int step[] = {
			1, 1, 2, 64, -1, -64, -127, -128, -129, -900, -1000, -1022, -1023, -1024, -1025, 0};
		int by = step[random >> 28];
		if ((random >> 16 & 0xff) == 0)
			by = (int)(random >> 4 & 0x7ff);
		uint64_t index = highest + (uint64_t)(int64_t)by;
		bool want = index > highest || (highest - index < DP_SRTP_WINDOW && !seen[index]);
		assert_int_equal(dp_replay_fresh(&t.state[0], &wide, 7, index), want);
		if (!want)
			continue;
		dp_replay_accept(&t, 0, &wide, 7, index);
		seen[index] = 1;
		highest = index > highest ? index : highest;
		assert_true(highest < SPAN - 0x800);
	}
}

/* A window that has not followed the SSRC from its first packet knows of no old packet that it is fresh. */
static void test_wide_begins_late(void **state)
{
	struct dp_ssrc_table t = {.places = 2};
	struct dp_srtp_window wide = {0};
	const struct dp_replay *r = &t.state[0];

	dp_replay_accept(&t, 0, NULL, 7, 5000);
	dp_replay_accept(&t, 0, NULL, 7, 4990);
	assert_false(dp_replay_fresh(r, &wide, 7, 5000 - 128));
	dp_replay_accept(&t, 0, &wide, 7, 5001);
	assert_false(dp_replay_fresh(r, &wide, 7, 5000 - 128));
	assert_true(dp_replay_fresh(r, &wide, 7, 5000 - 127));
	dp_replay_accept(&t, 0, &wide, 7, 5900);
	assert_true(dp_replay_fresh(r, &wide, 7, 5000 - 1));
	assert_true(dp_replay_fresh(r, &wide, 7, 5000 - 123));
	assert_false(dp_replay_fresh(r, &wide, 7, 5000 - 10));
	assert_false(dp_replay_fresh(r, &wide, 7, 5000));
	assert_false(dp_replay_fresh(r, &wide, 7, 5001));

	/* given to another SSRC and back: what came between, it has not seen */
	dp_replay_accept(&t, 1, &wide, 8, 5900);
	assert_false(dp_replay_fresh(r, &wide, 7, 5500));
	dp_replay_accept(&t, 0, &wide, 7, 5901);
	assert_false(dp_replay_fresh(r, &wide, 7, 5500));
	assert_true(dp_replay_fresh(r, &wide, 7, 5800));
}

/* A packet that only the short window noted makes the long one begin anew. */
static void test_wide_missed_one(void **state)
{
	struct dp_ssrc_table t = {.places = 1};
	struct dp_srtp_window wide = {0};

	dp_replay_accept(&t, 0, &wide, 7, 5000);
	dp_replay_accept(&t, 0, NULL, 7, 5300);
	dp_replay_accept(&t, 0, &wide, 7, 6000);
	assert_false(dp_replay_fresh(&t.state[0], &wide, 7, 5300));
	assert_false(dp_replay_fresh(&t.state[0], &wide, 7, 5100));
	assert_true(dp_replay_fresh(&t.state[0], &wide, 7, 5400));
}

/* A packet that only the long window remembers changes nothing of the SSRC in the next place. */
static void test_late_stays_inside(void **state)
{
	struct dp_ssrc_table t = {.places = 2};
	struct dp_srtp_window wide = {0};

	dp_replay_accept(&t, 0, &wide, 7, 5000);
	dp_replay_accept(&t, 1, NULL, 8, 900);
	const struct dp_replay next = t.state[1];
	for (uint64_t age = DP_REPLAY_WINDOW - 1; age < DP_SRTP_WINDOW; age += 31) {
		assert_true(dp_replay_fresh(&t.state[0], &wide, 7, 5000 - age));
		dp_replay_accept(&t, 0, &wide, 7, 5000 - age);
		assert_false(dp_replay_fresh(&t.state[0], &wide, 7, 5000 - age));
	}
	assert_memory_equal(&t.state[1], &next, sizeof(next));
}

static void test_table(void **state)
{
	struct dp_ssrc_table t = {.places = 3};
	const struct dp_srtp_keep keep = {0};

	assert_int_equal(dp_ssrc_find(&t, 0), -ENOENT);
	for (uint32_t i = 0; i < 3; i++) {
		assert_int_equal(dp_ssrc_room(&t, &keep), i);
		dp_replay_accept(&t, (int)i, NULL, i * 1000, 10 + i);
	}
	assert_int_equal(dp_ssrc_room(&t, &keep), -ENOSPC);
	for (uint32_t i = 0; i < 3; i++) {
		assert_int_equal(dp_ssrc_find(&t, i * 1000), i);
		assert_int_equal(t.state[i].highest, 10 + i);
	}
	assert_int_equal(dp_ssrc_find(&t, 1), -ENOENT);
}

static struct dp_srtp_window *below(const void *arg, uint32_t ssrc)
{
	static struct dp_srtp_window window;

	return ssrc < *(const uint32_t *)arg ? &window : NULL;
}

/* The longest unused of those that are not kept goes, and takes all that was known of it along. */
static void test_replacing(void **state)
{
	struct dp_ssrc_table t = {.places = 6};
	const uint32_t kept = 2;
	const struct dp_srtp_keep keep = {below, &kept};

	for (uint32_t ssrc = 0; ssrc < 6; ssrc++)
		dp_replay_accept(&t, dp_ssrc_room(&t, &keep), NULL, ssrc, 0x20000 + ssrc);
	/* 3 goes on, and so is never the one */
	for (uint32_t ssrc = 6; ssrc < 100; ssrc++) {
		int place = dp_ssrc_room(&t, &keep);
		assert_int_equal(t.ssrc[place], ssrc == 6 ? 2 : ssrc - 3);
		dp_replay_accept(&t, place, NULL, ssrc, ssrc);
		assert_int_equal(t.state[place].highest, ssrc);
		assert_true(dp_replay_fresh(&t.state[place], NULL, 7, ssrc - 1));
		dp_replay_accept(&t, dp_ssrc_find(&t, 3), NULL, 3, 0x30000 + ssrc);
	}
	assert_int_equal(t.count, 6);
	for (uint32_t ssrc = 0; ssrc < 2; ssrc++)
		assert_int_equal(t.state[dp_ssrc_find(&t, ssrc)].highest, 0x20000 + ssrc);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_estimate),
		cmocka_unit_test(test_window),
		cmocka_unit_test(test_window_model),
		cmocka_unit_test(test_window_shifts),
		cmocka_unit_test(test_wide_model),
		cmocka_unit_test(test_wide_begins_late),
		cmocka_unit_test(test_wide_missed_one),
		cmocka_unit_test(test_late_stays_inside),
		cmocka_unit_test(test_table),
		cmocka_unit_test(test_replacing),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

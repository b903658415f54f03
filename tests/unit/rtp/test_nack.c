/* SPDX-License-Identifier: Apache-2.0 */
/* What is missing, when it is asked for, and when it is given up. */
#include "tests/unit/rtp/exact.h"

#include "dataplane/rtp/nack.h"

static const uint64_t ms = 1000000, retry = 20000000, wait = DP_NACK_WAIT_NS;

static void expect(struct dp_nack *n, uint64_t now, const uint16_t *want, unsigned count)
{
	uint16_t out[DP_NACK_MAX];

	assert_int_equal(dp_nack_due(n, now, retry, out, DP_NACK_MAX), count);
	for (unsigned i = 0; i < count; i++)
		assert_int_equal(out[i], want[i]);
}

static void in_order_nothing_is_missing(void **state)
{
	struct dp_nack n;

	dp_nack_init(&n, DP_NACK_WINDOW);
	for (uint64_t seq = 65536 + 65000; seq < 65536 + 67000; seq++)
		assert_false(dp_nack_seen(&n, seq, 0));
	assert_false(dp_nack_seen(&n, 65536 + 66000, 0)); /* a duplicate */
	assert_false(dp_nack_seen(&n, 65536, 0)); /* from long before the first */
	expect(&n, ms, NULL, 0);
}

/* Packets that are only late come before they are requested. */
static void a_late_packet_is_not_asked_for(void **state)
{
	static const uint16_t want[] = {11};
	struct dp_nack n;

	dp_nack_init(&n, DP_NACK_WINDOW);
	dp_nack_seen(&n, 10, 100 * ms);
	dp_nack_seen(&n, 13, 100 * ms);
	expect(&n, 100 * ms, NULL, 0);
	dp_nack_seen(&n, 12, 110 * ms); /* held back by 10 ms */
	dp_nack_seen(&n, 14, 112 * ms); /* what follows does not shorten or extend the wait */
	expect(&n, 100 * ms + wait - 1, NULL, 0);
	expect(&n, 100 * ms + wait, want, 1);
}

/* Each gap waits for itself. */
static void gaps_wait_one_by_one(void **state)
{
	static const uint16_t first[] = {11}, second[] = {13};
	struct dp_nack n;

	dp_nack_init(&n, DP_NACK_WINDOW);
	dp_nack_seen(&n, 10, 100 * ms);
	dp_nack_seen(&n, 12, 100 * ms);
	dp_nack_seen(&n, 14, 105 * ms);
	expect(&n, 100 * ms + wait, first, 1);
	expect(&n, 105 * ms + wait, second, 1);
}

static void a_gap_is_asked_for_again(void **state)
{
	static const uint16_t want[] = {65534, 65535, 0, 1}, rest[] = {65534, 0, 1};
	struct dp_nack n;

	dp_nack_init(&n, DP_NACK_WINDOW);
	dp_nack_seen(&n, 131072 - 3, 0);
	assert_false(dp_nack_seen(&n, 131072 + 2, 0)); /* over the wrap */
	expect(&n, 100 * ms, want, 4);
	expect(&n, 100 * ms, NULL, 0);
	expect(&n, 100 * ms + retry - 1, NULL, 0);
	dp_nack_seen(&n, 131072 - 1, 0); /* it came */
	expect(&n, 100 * ms + retry, rest, 3);
	expect(&n, 100 * ms + 2 * retry - 1, NULL, 0);
}

/* Time 0 is a time like any other. */
static void asked_at_zero(void **state)
{
	static const uint16_t want[] = {11};
	struct dp_nack n;

	dp_nack_init(&n, DP_NACK_WINDOW);
	dp_nack_seen(&n, 10, -wait);
	dp_nack_seen(&n, 12, -wait);
	expect(&n, 0, want, 1);
	expect(&n, 1, NULL, 0);
}

static void gives_up_after_its_tries(void **state)
{
	static const uint16_t want[] = {11};
	struct dp_nack n;

	dp_nack_init(&n, DP_NACK_WINDOW);
	dp_nack_seen(&n, 10, 0);
	dp_nack_seen(&n, 12, 0);
	for (unsigned i = 0; i < DP_NACK_TRIES; i++)
		expect(&n, wait + i * retry, want, 1);
	assert_int_equal(n.count, 0);
	expect(&n, ms + 100 * retry, NULL, 0);
}

static void gives_up_behind_the_window(void **state)
{
	static const uint16_t want[] = {11};
	struct dp_nack n;

	dp_nack_init(&n, DP_NACK_WINDOW);
	dp_nack_seen(&n, 10, 0);
	for (uint64_t seq = 12; seq <= 11 + DP_NACK_WINDOW; seq++)
		dp_nack_seen(&n, seq, 0);
	expect(&n, wait, want, 1);
	dp_nack_seen(&n, 12 + DP_NACK_WINDOW, 0);
	assert_int_equal(n.count, 0);
	expect(&n, 1000 * ms, NULL, 0);
}

static void batches(void **state)
{
	uint16_t out[4];
	struct dp_nack n;

	dp_nack_init(&n, DP_NACK_WINDOW);
	dp_nack_seen(&n, 100, 0);
	dp_nack_seen(&n, 111, 0);
	assert_int_equal(dp_nack_due(&n, wait, retry, out, 4), 4);
	assert_int_equal(out[0], 101);
	assert_int_equal(dp_nack_due(&n, wait, retry, out, 4), 4);
	assert_int_equal(out[0], 105);
	assert_int_equal(dp_nack_due(&n, wait, retry, out, 4), 2);
	assert_int_equal(out[1], 110);
	assert_int_equal(dp_nack_due(&n, wait, retry, out, 4), 0);
}

static void overflow(void **state)
{
	struct dp_nack n;

	dp_nack_init(&n, DP_NACK_WINDOW);
	dp_nack_seen(&n, 1000, 0);
	assert_false(dp_nack_seen(&n, 1000 + DP_NACK_MAX + 1, 0)); /* just fits */
	assert_int_equal(n.count, DP_NACK_MAX);
	assert_true(dp_nack_seen(&n, 1000 + DP_NACK_MAX + 3, 0)); /* one more doesn't */
	assert_int_equal(n.count, 0);
	expect(&n, ms, NULL, 0);

	/* And it goes on from there. */
	static const uint16_t want[] = {1000 + DP_NACK_MAX + 4};
	assert_false(dp_nack_seen(&n, 1000 + DP_NACK_MAX + 5, 0));
	expect(&n, wait, want, 1);

	assert_true(dp_nack_seen(&n, (uint64_t)1 << 40, 0));
	assert_int_equal(n.count, 0);
	assert_false(dp_nack_seen(&n, ((uint64_t)1 << 40) + 1, 0));
}

/* What falls out of the window makes room before the list is called full. */
static void old_ones_make_room(void **state)
{
	struct dp_nack n;

	dp_nack_init(&n, DP_NACK_WINDOW);
	dp_nack_seen(&n, 1000, 0);
	assert_false(dp_nack_seen(&n, 1000 + 201, 0)); /* 200 missing */
	for (uint64_t seq = 1202; seq <= 1000 + DP_NACK_WINDOW; seq++)
		dp_nack_seen(&n, seq, 0);
	assert_int_equal(n.count, 200);
	assert_false(dp_nack_seen(&n, 1000 + DP_NACK_WINDOW + 202, 0)); /* 200 leave, 201 come */
	assert_int_equal(n.count, 201);
	for (unsigned i = 1; i < n.count; i++)
		assert_true(n.missing[i].seq > n.missing[i - 1].seq);
}

/* Whoever drops what is further behind does not ask for it. */
static void a_smaller_window_is_kept(void **state)
{
	struct dp_nack n;
	uint16_t seqs[4];

	dp_nack_init(&n, 63);
	dp_nack_seen(&n, 1000, 0);
	dp_nack_seen(&n, 1002, 0);
	dp_nack_seen(&n, 1064, 0); /* 1001 is 63 behind; more are missing now */
	assert_int_equal(dp_nack_due(&n, wait, retry, seqs, 1), 1);
	assert_int_equal(seqs[0], 1001);
	dp_nack_seen(&n, 1065, 0);
	assert_int_equal(dp_nack_due(&n, wait, retry, seqs, 1), 1);
	assert_int_equal(seqs[0], 1003);
	dp_nack_init(&n, 100000);
	assert_int_equal(n.window, DP_NACK_WINDOW);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(in_order_nothing_is_missing),
		cmocka_unit_test(a_late_packet_is_not_asked_for),
		cmocka_unit_test(gaps_wait_one_by_one),
		cmocka_unit_test(a_gap_is_asked_for_again),
		cmocka_unit_test(asked_at_zero),
		cmocka_unit_test(gives_up_after_its_tries),
		cmocka_unit_test(gives_up_behind_the_window),
		cmocka_unit_test(batches),
		cmocka_unit_test(overflow),
		cmocka_unit_test(old_ones_make_room),
		cmocka_unit_test(a_smaller_window_is_kept),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

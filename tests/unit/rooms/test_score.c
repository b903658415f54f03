/* SPDX-License-Identifier: Apache-2.0 */
#include "controlplane/rooms/score.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

/* The value after many samples that are alike. */
static unsigned settled(uint64_t packets, uint64_t lost, uint64_t repaired)
{
	struct cp_score s = CP_SCORE_BEST;

	for (unsigned i = 0; i < 100; i++)
		cp_score_add(&s, packets, lost, repaired);
	return cp_score_value(&s);
}

static void a_sample_counts_as_in_mediasoup(void **state)
{
	assert_int_equal(settled(100, 0, 0), 10);
	assert_int_equal(settled(0, 0, 0), 10); /* nothing was expected */
	assert_int_equal(settled(100, 5, 0), 8); /* 0.95^4 */
	assert_int_equal(settled(100, 10, 0), 7);
	assert_int_equal(settled(100, 50, 0), 1);
	assert_int_equal(settled(100, 100, 0), 0);
	assert_int_equal(settled(100, 900, 0), 0);
	assert_int_equal(settled(100, 10, 10), 9); /* what was repaired counts a little */
	assert_int_equal(settled(100, 10, 90), 9);
	assert_int_equal(settled(UINT64_MAX, UINT64_MAX, 0), 0);
}

static void the_value_follows_slowly(void **state)
{
	struct cp_score s = CP_SCORE_BEST;
	unsigned changes = 0;

	assert_true(cp_score_add(&s, 100, 100, 0)); /* one sample of eight */
	assert_int_equal(cp_score_value(&s), 9);
	for (unsigned i = 0; i < 60; i++)
		changes += cp_score_add(&s, 100, 100, 0);
	assert_int_equal(cp_score_value(&s), 0);
	assert_int_equal(changes, 9); /* each value once */
	assert_false(cp_score_add(&s, 100, 100, 0));
}

static void a_source_that_stopped_has_no_score(void **state)
{
	struct cp_score s = CP_SCORE_BEST;

	assert_false(cp_score_add_silence(&s, 2));
	assert_int_equal(cp_score_value(&s), 10);
	assert_true(cp_score_add_silence(&s, 2));
	assert_int_equal(cp_score_value(&s), 0);
	assert_false(cp_score_add_silence(&s, 2));
	assert_true(cp_score_add(&s, 100, 0, 0)); /* it returns at once */
	assert_int_equal(cp_score_value(&s), 10);
	assert_false(cp_score_add_silence(&s, 2));
	assert_false(cp_score_add(&s, 100, 0, 0)); /* a short pause is none */
	assert_false(cp_score_add_silence(&s, 2));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_sample_counts_as_in_mediasoup),
		cmocka_unit_test(the_value_follows_slowly),
		cmocka_unit_test(a_source_that_stopped_has_no_score),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

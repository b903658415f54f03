/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "shared/latency.h"

static void ends(void **state)
{
	assert_int_equal(sh_latency_end(0), 1024);
	assert_int_equal(sh_latency_end(1), 1280);
	assert_int_equal(sh_latency_end(4), 2048);
	assert_int_equal(sh_latency_end(5), 2560);
	assert_int_equal(sh_latency_end(SH_LATENCY_BUCKETS - 2), 1 << 30);
	assert_true(sh_latency_end(SH_LATENCY_BUCKETS - 1) == UINT64_MAX);
}

/* Every time is in the bucket that ends behind it and begins at or before it. */
static void buckets(void **state)
{
	assert_int_equal(sh_latency_bucket(0), 0);
	assert_int_equal(sh_latency_bucket(UINT64_MAX), SH_LATENCY_BUCKETS - 1);
	for (unsigned i = 0; i < SH_LATENCY_BUCKETS - 1; i++) {
		assert_int_equal(sh_latency_bucket(sh_latency_end(i) - 1), i);
		assert_int_equal(sh_latency_bucket(sh_latency_end(i)), i + 1);
	}
	for (uint64_t ns = 1; ns < 2000000000; ns += ns / 7 + 1) {
		unsigned i = sh_latency_bucket(ns);

		assert_true(ns < sh_latency_end(i));
		assert_true(i == 0 || ns >= sh_latency_end(i - 1));
	}
}

static void percentiles(void **state)
{
	struct sh_latency l = {.sum_ns = 0}, more = {.sum_ns = 0};

	assert_int_equal(sh_latency_percentile(&l, 500), 0);
	sh_latency_add(&l, 1100, 989);
	sh_latency_add(&l, 3000, 10);
	sh_latency_add(&l, 5000, 1);
	assert_int_equal(sh_latency_count(&l), 1000);
	assert_int_equal(l.sum_ns, 1100 * 989 + 30000 + 5000);
	assert_int_equal(sh_latency_percentile(&l, 0), 1280);
	assert_int_equal(sh_latency_percentile(&l, 989), 1280);
	assert_int_equal(sh_latency_percentile(&l, 990), 3072);
	assert_int_equal(sh_latency_percentile(&l, 999), 3072);
	assert_int_equal(sh_latency_percentile(&l, 1000), 5000); /* the longest, not where its bucket ends */

	sh_latency_add(&more, 700, 1000);
	sh_latency_merge(&more, &l);
	assert_int_equal(sh_latency_count(&more), 2000);
	assert_int_equal(more.max_ns, 5000);
	assert_int_equal(sh_latency_percentile(&more, 500), 1024);
	sh_latency_since(&more, &l);
	assert_int_equal(sh_latency_count(&more), 1000);
	assert_int_equal(more.sum_ns, 700000);
}

/* One packet: any share of it is that one; and counts that a product with 1,000 would not fit. */
static void extremes(void **state)
{
	struct sh_latency l = {.sum_ns = 0};

	sh_latency_add(&l, 2000000000, 1);
	assert_int_equal(sh_latency_percentile(&l, 1), 2000000000);
	l.bucket[0] = UINT64_MAX / 2;
	assert_int_equal(sh_latency_percentile(&l, 999), 1024);
	assert_int_equal(sh_latency_percentile(&l, 1000), 2000000000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ends),
		cmocka_unit_test(buckets),
		cmocka_unit_test(percentiles),
		cmocka_unit_test(extremes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

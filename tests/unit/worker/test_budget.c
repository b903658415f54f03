/* SPDX-License-Identifier: Apache-2.0 */

/* Token buckets: their depth, their rate, and that neither idle time nor refusals change them. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "dataplane/worker/budget.h"

#define SECOND 1000000000ull

static unsigned take_all(uint64_t *budget, uint64_t now, uint32_t rate)
{
	unsigned n = 0;

	while (dp_budget_take(budget, now, dp_budget_cost(rate)))
		n++;
	return n;
}

static void a_bucket_holds_the_packets_of_one_second(void **state)
{
	static const uint32_t rates[] = {1, 10, 200, 20000, 10000000};

	for (unsigned i = 0; i < 5; i++) {
		uint64_t budget = 0, now = 7777 * SECOND;

		assert_int_equal(take_all(&budget, now, rates[i]), rates[i]);
		assert_false(dp_budget_take(&budget, now, dp_budget_cost(rates[i])));
		now += 1000 * SECOND; /* it never holds more */
		assert_int_equal(take_all(&budget, now, rates[i]), rates[i]);
	}
}

static void tokens_come_back_at_the_rate(void **state)
{
	uint64_t budget = 0, now = 7777 * SECOND;

	assert_int_equal(take_all(&budget, now, 100), 100);
	assert_int_equal(take_all(&budget, now + SECOND / 100 - 1, 100), 0);
	assert_int_equal(take_all(&budget, now + SECOND / 100, 100), 1);
	assert_int_equal(take_all(&budget, now + SECOND / 2, 100), 49);
}

static void looking_takes_nothing(void **state)
{
	uint64_t budget = 0, now = 7777 * SECOND;

	for (unsigned i = 0; i < 200; i++)
		assert_true(dp_budget_left(budget, now, dp_budget_cost(100)));
	assert_int_equal(take_all(&budget, now, 100), 100);
	assert_false(dp_budget_left(budget, now, dp_budget_cost(100)));
	assert_true(dp_budget_left(budget, now + SECOND / 100, dp_budget_cost(100)));
}

static void a_charge_can_be_owed(void **state)
{
	uint64_t budget = 0, now = 7777 * SECOND;

	for (unsigned i = 0; i < 120; i++)
		dp_budget_charge(&budget, now, dp_budget_cost(100));
	assert_int_equal(take_all(&budget, now + SECOND / 5, 100), 0);
	assert_int_equal(take_all(&budget, now + SECOND, 100), 80);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_bucket_holds_the_packets_of_one_second),
		cmocka_unit_test(tokens_come_back_at_the_rate),
		cmocka_unit_test(looking_takes_nothing),
		cmocka_unit_test(a_charge_can_be_owed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

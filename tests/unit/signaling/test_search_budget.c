/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "controlplane/signaling/search_budget.h"

enum { MS = 1000000, WINDOW = 100 * MS };

static void searches_are_limited_over_all_clients(void **state)
{
	struct cp_search_budget b = {0};
	unsigned allowed = 0;

	for (unsigned i = 0; i < 100; i++)
		allowed += cp_search_allowed(&b, 1000ull * WINDOW + i * MS, 100000);
	assert_int_equal(allowed, 2);
	assert_true(cp_search_allowed(&b, 1001ull * WINDOW, 100000)); /* the next window */
}

static void small_tables_are_searched_often(void **state)
{
	struct cp_search_budget b = {0};
	unsigned allowed = 0;

	for (unsigned i = 0; i < 100; i++)
		allowed += cp_search_allowed(&b, 1000ull * WINDOW, 8192);
	assert_int_equal(allowed, CP_SEARCH_SLOTS / 8192);
}

static void the_largest_table_is_searched_once_a_window(void **state)
{
	struct cp_search_budget b = {0};

	assert_true(cp_search_allowed(&b, 5ull * WINDOW, 1048576));
	assert_false(cp_search_allowed(&b, 5ull * WINDOW + 1, 1));
	assert_true(cp_search_allowed(&b, 6ull * WINDOW, 1048576));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(searches_are_limited_over_all_clients),
		cmocka_unit_test(small_tables_are_searched_often),
		cmocka_unit_test(the_largest_table_is_searched_once_a_window),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Tests which queue is cut when all of them, or one of them, are too much. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "controlplane/admission/backlog.h"

enum { QUEUES = 100 };

static struct cp_backlog backlog;
static struct cp_queued queues[QUEUES], *cut_ones[QUEUES];
static unsigned cuts;

static void cut(struct cp_queued *q)
{
	cut_ones[cuts++] = q;
	cp_backlog_set(&backlog, q, 0, true, 0);
}

static int make(void **state)
{
	cp_backlog_init(&backlog);
	for (unsigned i = 0; i < QUEUES; i++)
		queues[i] = (struct cp_queued){.cut = cut};
	cuts = 0;
	return 0;
}

static void set(unsigned i, size_t bytes, bool taken, uint64_t now_ms)
{
	cp_backlog_set(&backlog, &queues[i], bytes, taken, now_ms);
}

static void the_largest_are_cut_until_the_rest_fits(void **state)
{
	for (unsigned i = 0; i < QUEUES; i++)
		set(i, 100, false, 1);
	set(7, 5000, false, 1);
	set(8, 3000, false, 1);
	assert_int_equal(backlog.bytes, 98 * 100 + 8000);
	assert_int_equal(cp_backlog_shrink(&backlog, 17800), 0);
	assert_int_equal(cp_backlog_shrink(&backlog, 10000), 2);
	assert_ptr_equal(cut_ones[0], &queues[7]);
	assert_ptr_equal(cut_ones[1], &queues[8]);
	assert_int_equal(backlog.bytes, 9800);
	assert_int_equal(cp_backlog_shrink(&backlog, 0), 98);
	assert_int_equal(backlog.bytes, 0);
}

static void a_queue_moves_as_it_grows_and_shrinks(void **state)
{
	set(0, 4000, false, 1);
	set(1, 10, false, 1);
	set(1, 100000, false, 1);
	set(0, 4001, false, 1);
	set(2, 1 << 20, false, 1);
	set(2, 1, true, 1);
	assert_int_equal(cp_backlog_shrink(&backlog, 5000), 1);
	assert_ptr_equal(cut_ones[0], &queues[1]);
	set(0, 0, true, 1);
	set(2, 0, true, 1);
	assert_int_equal(backlog.bytes, 0);
}

static void the_age_counts_from_what_was_taken_last(void **state)
{
	set(0, 100, false, 1000);
	set(1, 100, false, 1500);
	set(2, 100, false, 1800);
	set(0, 100, true, 2000); /* it took as much as came */
	set(1, 200, false, 2000); /* it only grows */
	assert_int_equal(cp_backlog_expire(&backlog, 1499), 0);
	assert_int_equal(cp_backlog_expire(&backlog, 1500), 1);
	assert_ptr_equal(cut_ones[0], &queues[1]);
	set(2, 0, true, 2100); /* empty: it may begin again */
	set(2, 50, false, 9000);
	assert_int_equal(cp_backlog_expire(&backlog, 8999), 1);
	assert_ptr_equal(cut_ones[1], &queues[0]);
	assert_int_equal(backlog.bytes, 50);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(the_largest_are_cut_until_the_rest_fits, make),
		cmocka_unit_test_setup(a_queue_moves_as_it_grows_and_shrinks, make),
		cmocka_unit_test_setup(the_age_counts_from_what_was_taken_last, make),
	};

	return cmocka_run_group_tests_name("admission backlog", tests, NULL, NULL);
}

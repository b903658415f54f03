/* SPDX-License-Identifier: Apache-2.0 */

/* How long the phases of a join take: the measurement, and the histogram that it fills. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "controlplane/bridge/join.h"

enum { MS = 1000000 };

static struct cp_histogram times[CP_JOIN_PHASES];
static struct cp_join_times join;

static int setup(void **state)
{
	memset(times, 0, sizeof(times));
	memset(&join, 0, sizeof(join));
	return 0;
}

static unsigned count(enum cp_join_phase phase)
{
	unsigned n = 0;

	for (unsigned i = 0; i < CP_HISTOGRAM_BUCKETS; i++)
		n += (unsigned)times[phase].bucket[i];
	return n;
}

static void each_phase_begins_where_the_one_before_ends(void **state)
{
	cp_join_begin(&join, 1000 * MS);
	cp_join_pass(&join, CP_JOIN_ICE, 1030 * MS, times);
	cp_join_pass(&join, CP_JOIN_DTLS, 1100 * MS, times);
	cp_join_pass(&join, CP_JOIN_FIRST_PACKET, 1105 * MS, times);
	cp_join_pass(&join, CP_JOIN_FIRST_REPORT, 2000 * MS, times);
	assert_int_equal(times[CP_JOIN_ICE].sum_ns, 30 * MS);
	assert_int_equal(times[CP_JOIN_DTLS].sum_ns, 70 * MS);
	assert_int_equal(times[CP_JOIN_FIRST_PACKET].sum_ns, 5 * MS);
	assert_int_equal(times[CP_JOIN_FIRST_REPORT].sum_ns, 895 * MS);
	assert_int_equal(count(CP_JOIN_HTTP), 0);
}

static void a_phase_is_measured_once_and_in_its_turn(void **state)
{
	cp_join_begin(&join, 0);
	cp_join_pass(&join, CP_JOIN_DTLS, 5 * MS, times);
	assert_int_equal(count(CP_JOIN_DTLS), 0);
	cp_join_pass(&join, CP_JOIN_ICE, 10 * MS, times);
	cp_join_pass(&join, CP_JOIN_ICE, 20 * MS, times); /* a second address */
	assert_int_equal(count(CP_JOIN_ICE), 1);
	cp_join_pass(&join, CP_JOIN_FIRST_REPORT, 30 * MS, times);
	assert_int_equal(count(CP_JOIN_FIRST_REPORT), 0);
}

/* A viewer's transport exists while it waits for a host, which takes as long as it takes. */
static void what_a_client_waits_before_it_asks_is_left_out(void **state)
{
	cp_join_begin(&join, 0);
	cp_join_asked(&join, 60000ull * MS);
	cp_join_pass(&join, CP_JOIN_ICE, 60020ull * MS, times);
	assert_int_equal(times[CP_JOIN_ICE].sum_ns, 20 * MS);

	/* Its checks may come before it asks. */
	cp_join_begin(&join, 0);
	cp_join_pass(&join, CP_JOIN_ICE, 10 * MS, times);
	cp_join_asked(&join, 5000ull * MS);
	cp_join_pass(&join, CP_JOIN_DTLS, 5040ull * MS, times);
	assert_int_equal(times[CP_JOIN_DTLS].sum_ns, 40 * MS);
	cp_join_asked(&join, 9000ull * MS); /* afterwards it means nothing */
	cp_join_pass(&join, CP_JOIN_FIRST_PACKET, 9050ull * MS, times);
	assert_int_equal(times[CP_JOIN_FIRST_PACKET].sum_ns, 4010ull * MS);
}

static void a_predecessors_transport_is_not_measured(void **state)
{
	for (enum cp_join_phase phase = 0; phase < CP_JOIN_PHASES; phase++)
		cp_join_pass(&join, phase, 5 * MS, times);
	for (enum cp_join_phase phase = 0; phase < CP_JOIN_PHASES; phase++)
		assert_int_equal(count(phase), 0);
}

static void buckets_have_inclusive_ends(void **state)
{
	struct cp_histogram h = {.sum_ns = 0};

	cp_histogram_add(&h, 0);
	cp_histogram_add(&h, 1 * MS);
	cp_histogram_add(&h, 1 * MS + 1);
	cp_histogram_add(&h, 30000ull * MS);
	cp_histogram_add(&h, 30000ull * MS + 1);
	cp_histogram_add(&h, UINT64_C(1) << 40);
	assert_int_equal(h.bucket[0], 2);
	assert_int_equal(h.bucket[1], 1);
	assert_int_equal(h.bucket[CP_HISTOGRAM_BUCKETS - 2], 1);
	assert_int_equal(h.bucket[CP_HISTOGRAM_BUCKETS - 1], 2);
	for (unsigned i = 1; i < CP_HISTOGRAM_BUCKETS - 1; i++)
		assert_true(cp_histogram_end_ms(i) > cp_histogram_end_ms(i - 1));
	assert_int_equal(cp_histogram_end_ms(CP_HISTOGRAM_BUCKETS - 1), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(each_phase_begins_where_the_one_before_ends, setup),
		cmocka_unit_test_setup(a_phase_is_measured_once_and_in_its_turn, setup),
		cmocka_unit_test_setup(what_a_client_waits_before_it_asks_is_left_out, setup),
		cmocka_unit_test_setup(a_predecessors_transport_is_not_measured, setup),
		cmocka_unit_test(buckets_have_inclusive_ends),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

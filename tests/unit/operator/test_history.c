/* SPDX-License-Identifier: Apache-2.0 */
/* Tests the last hour that the operator's page plots: rates, restarts, and what falls out of it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "controlplane/operator/history.h"

static struct cp_history history;

static int begin(void **state)
{
	history = (struct cp_history){.count = 0};
	return 0;
}

static void add(unsigned n, bool known, uint64_t bytes, uint64_t drops)
{
	const struct cp_history_totals now = {
		.known = known, .rx_bytes = bytes, .tx_bytes = 2 * bytes, .drops = drops};

	cp_history_add(&history, &now, n, n, 1000 + n * 10, n * UINT64_C(10000000000));
}

/* A member of a sample, as the page gets it: [at_s, viewers, rx_bps, tx_bps, drops, busy_percent]. */
static double value(unsigned sample, int member, int *count)
{
	cJSON *reply = cJSON_CreateObject(), *samples;
	double out;

	cp_history_json(&history, reply);
	assert_int_equal(cJSON_GetObjectItem(reply, "every_s")->valueint, CP_HISTORY_EVERY_S);
	samples = cJSON_GetObjectItem(reply, "samples");
	*count = cJSON_GetArraySize(samples);
	out = cJSON_GetArrayItem(cJSON_GetArrayItem(samples, (int)sample), member)->valuedouble;
	cJSON_Delete(reply);
	return out;
}

static void rates_are_of_the_time_between_two_samples(void **state)
{
	int count;

	add(1, true, 5000, 7); /* the totals of before are not known: no rate */
	add(2, true, 5000 + 12500, 27);
	assert_int_equal((int)value(0, 2, &count), 0);
	assert_int_equal(count, 2);
	assert_int_equal((int)value(1, 0, &count), 1020);
	assert_int_equal((int)value(1, 1, &count), 2);
	assert_int_equal((int)value(1, 2, &count), 10000);
	assert_int_equal((int)value(1, 3, &count), 20000);
	assert_int_equal((int)value(1, 4, &count), 2);
}

static void a_data_plane_that_begins_anew_makes_no_spike(void **state)
{
	int count;

	add(1, true, UINT64_C(1) << 50, 1000);
	add(2, false, 0, 0);
	add(3, true, 1000, 1);
	add(4, true, 500, 0); /* again, between two samples */
	for (unsigned i = 0; i < 4; i++)
		for (int member = 2; member < 5; member++)
			assert_int_equal((int)value(i, member, &count), 0);
	assert_int_equal(count, 4);
}

static void the_oldest_falls_out(void **state)
{
	int count;

	for (unsigned n = 0; n < CP_HISTORY_SAMPLES + 5; n++)
		add(n, true, n, n);
	assert_int_equal((int)value(0, 1, &count), 5);
	assert_int_equal(count, CP_HISTORY_SAMPLES);
	assert_int_equal((int)value(CP_HISTORY_SAMPLES - 1, 1, &count), CP_HISTORY_SAMPLES + 4);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(rates_are_of_the_time_between_two_samples, begin),
		cmocka_unit_test_setup(a_data_plane_that_begins_anew_makes_no_spike, begin),
		cmocka_unit_test_setup(the_oldest_falls_out, begin),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

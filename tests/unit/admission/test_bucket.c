/* SPDX-License-Identifier: Apache-2.0 */
/* Tests token buckets, and the memory of addresses whose budgets are not full. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "controlplane/admission/address.h"
#include "controlplane/base/clock.h"

static const uint64_t SECOND = 1000000000;
static uint64_t now_ns;

uint64_t cp_now_ns(void)
{
	return now_ns;
}

static void a_bucket_gives_its_burst_and_then_its_rate(void **state)
{
	const struct cp_rate rate = {.per_second = 10, .burst = 30};
	struct cp_bucket b = {0};
	unsigned taken = 0;

	for (unsigned i = 0; i < 100; i++)
		taken += cp_bucket_take(&b, &rate, 1, 5 * SECOND);
	assert_int_equal(taken, 30);
	assert_int_equal(cp_bucket_full_ns(&b, &rate), 8 * SECOND);
	for (unsigned i = 0; i < 100; i++)
		taken += cp_bucket_take(&b, &rate, 1, 6 * SECOND);
	assert_int_equal(taken, 40);
	assert_int_equal(cp_bucket_debt(&b, &rate, 60 * SECOND), 0);
	assert_int_equal(cp_bucket_debt(&b, &rate, 0), 30); /* a clock does not go back */
}

static void a_full_bucket_gives_any_cost_and_pays_later(void **state)
{
	const struct cp_rate rate = {.per_second = 10, .burst = 10};
	struct cp_bucket b = {0};

	assert_true(cp_bucket_take(&b, &rate, 65, SECOND));
	assert_false(cp_bucket_take(&b, &rate, 1, 6 * SECOND));
	assert_true(cp_bucket_take(&b, &rate, 1, 7 * SECOND));
}

static void a_rate_of_0_is_no_limit(void **state)
{
	const struct cp_rate rate = {0};
	struct cp_bucket b = {0};

	for (unsigned i = 0; i < 100; i++)
		assert_true(cp_bucket_take(&b, &rate, 1e9, 0));
	assert_int_equal(cp_bucket_full_ns(&b, &rate), 0);
}

/* --- addresses -------------------------------------------------------------------------------- */

static struct cp_addresses all;
static struct cp_counters counters;

static int make(void **state)
{
	static struct sh_config config;

	sh_config_defaults(&config);
	config.limit.messages_per_second = config.limit.messages_per_address = 10;
	now_ns = SECOND;
	counters = (struct cp_counters){0};
	if (cp_addresses_start(&all) != 0)
		return -1;
	cp_addresses_limit(&all, &config, &counters);
	return 0;
}

static int end(void **state)
{
	cp_addresses_stop(&all);
	return 0;
}

static unsigned take_messages(const char *ip, unsigned n)
{
	struct cp_address *a = cp_address_hold(&all, ip);
	unsigned taken = 0;

	for (unsigned i = 0; i < n; i++)
		taken += cp_address_take(a, CP_BUDGET_MESSAGES, 1);
	cp_address_release(a);
	return taken;
}

static void an_address_keeps_its_budget_without_users(void **state)
{
	assert_int_equal(take_messages("192.0.2.1", 12), 10);
	assert_int_equal(counters.refused[CP_REFUSED_ADDRESS_MESSAGES], 2);
	assert_int_equal(all.resting_count, 1);
	assert_int_equal(take_messages("192.0.2.1", 12), 0);
	assert_int_equal(take_messages("192.0.2.2", 10), 10);
	now_ns += SECOND / 2;
	assert_int_equal(take_messages("192.0.2.1", 12), 5);
}

static void it_is_forgotten_when_they_are_full(void **state)
{
	char ip[32];

	for (unsigned i = 0; i < 250; i++) {
		snprintf(ip, sizeof(ip), "192.0.2.%u", i);
		take_messages(ip, 10);
	}
	assert_int_equal(all.by_name.count, 250);
	now_ns += SECOND;
	for (unsigned i = 0; i < 250; i++)
		take_messages("198.51.100.1", 0);
	assert_int_equal(all.by_name.count, 0);
	assert_int_equal(all.resting_count, 0);
}

static void a_stranger_cannot_fill_the_memory(void **state)
{
	char ip[32];

	for (unsigned i = 0; i < CP_RESTING_MAX + 100; i++) {
		snprintf(ip, sizeof(ip), "10.%u.%u.%u", i >> 16, i >> 8 & 255, i & 255);
		take_messages(ip, 1);
		assert_true(all.by_name.count <= CP_RESTING_MAX);
	}
}

static void the_emptiest_bucket_is_inherited(void **state)
{
	const struct cp_rate rate = {.per_second = 10, .burst = 10};
	struct cp_address *a = cp_address_hold(&all, "192.0.2.1");
	struct cp_bucket first = {.debt = 8, .at_ns = now_ns}, second = {.debt = 3, .at_ns = now_ns}, got;

	got = cp_address_inherit(a);
	assert_int_equal(cp_bucket_debt(&got, &rate, now_ns), 0);
	cp_address_bequeath(a, &first);
	cp_address_bequeath(a, &second);
	cp_address_release(a);
	assert_int_equal(all.resting_count, 1);
	assert_ptr_equal(cp_address_hold(&all, "192.0.2.1"), a);
	got = cp_address_inherit(a);
	assert_int_equal(cp_bucket_debt(&got, &rate, now_ns), 8);
	now_ns += SECOND;
	cp_address_release(a);
	assert_int_equal(all.by_name.count, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_bucket_gives_its_burst_and_then_its_rate),
		cmocka_unit_test(a_full_bucket_gives_any_cost_and_pays_later),
		cmocka_unit_test(a_rate_of_0_is_no_limit),
		cmocka_unit_test_setup_teardown(an_address_keeps_its_budget_without_users, make, end),
		cmocka_unit_test_setup_teardown(it_is_forgotten_when_they_are_full, make, end),
		cmocka_unit_test_setup_teardown(a_stranger_cannot_fill_the_memory, make, end),
		cmocka_unit_test_setup_teardown(the_emptiest_bucket_is_inherited, make, end),
	};

	return cmocka_run_group_tests_name("admission bucket", tests, NULL, NULL);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Addresses, their buckets, and how long both are kept. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "controlplane/admission/address.h"
#include "controlplane/base/clock.h"

static const uint64_t SECOND = 1000000000;
static uint64_t now = 1000000000;

uint64_t cp_now_ns(void)
{
	return now;
}

static struct cp_addresses all;

static int make(void **state)
{
	return cp_addresses_start(&all);
}

static int end(void **state)
{
	cp_addresses_stop(&all);
	return 0;
}

static void one_network_of_ipv6_is_one_address(void **state)
{
	struct cp_address *a = cp_address_hold(&all, "2001:db8:0:1::1"),
			  *b = cp_address_hold(&all, "2001:db8:0:1:f::2"),
			  *c = cp_address_hold(&all, "2001:db8:0:2::1"),
			  *d = cp_address_hold(&all, "192.0.2.1");

	assert_ptr_equal(a, b);
	assert_string_equal(a->name, "2001:db8:0:1::");
	assert_ptr_not_equal(a, c);
	assert_string_equal(d->name, "192.0.2.1");
	assert_int_equal(all.by_name.count, 3);
	cp_address_release(a);
	cp_address_release(b);
	cp_address_release(c);
	cp_address_release(d);
}

static void a_bucket_outlives_the_connection(void **state)
{
	const struct cp_bucket_limit limit = {.per_second = 10, .burst = 20};
	struct cp_address *a = cp_address_hold(&all, "192.0.2.1");

	assert_true(cp_bucket_take(&a->messages, &limit, now, 15));
	cp_address_release(a);
	a = cp_address_hold(&all, "192.0.2.1");
	assert_false(cp_bucket_take(&a->messages, &limit, now, 15));
	assert_true(cp_bucket_take(&a->messages, &limit, now, 5));
	cp_address_release(a);
	now += SECOND;
	a = cp_address_hold(&all, "192.0.2.1");
	assert_false(cp_bucket_take(&a->messages, &limit, now, 11));
	assert_true(cp_bucket_take(&a->messages, &limit, now, 10));
	cp_address_release(a);
}

static void an_address_with_full_buckets_is_freed(void **state)
{
	const struct cp_bucket_limit limit = {.per_second = 1, .burst = 2};
	struct cp_address *a = cp_address_hold(&all, "192.0.2.1");

	cp_bucket_take(&a->connects, &limit, now, 2);
	cp_address_release(a);
	assert_int_equal(all.by_name.count, 1);
	now += SECOND;
	cp_address_release(cp_address_hold(&all, "192.0.2.2"));
	assert_int_equal(all.by_name.count, 2); /* .1 is first, and its bucket is not full yet */
	now += SECOND;
	cp_address_release(cp_address_hold(&all, "192.0.2.3"));
	assert_int_equal(all.by_name.count, 0);
}

static void a_full_bucket_gives_what_is_larger_than_itself(void **state)
{
	const struct cp_bucket_limit limit = {.per_second = 10, .burst = 10};
	struct cp_bucket b = {0};

	assert_true(cp_bucket_take(&b, &limit, now, 30));
	assert_false(cp_bucket_take(&b, &limit, now + 2 * SECOND, 1));
	assert_true(cp_bucket_take(&b, &limit, now + 3 * SECOND, 30));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(one_network_of_ipv6_is_one_address, make, end),
		cmocka_unit_test_setup_teardown(a_bucket_outlives_the_connection, make, end),
		cmocka_unit_test_setup_teardown(an_address_with_full_buckets_is_freed, make, end),
		cmocka_unit_test(a_full_bucket_gives_what_is_larger_than_itself),
	};

	return cmocka_run_group_tests_name("admission address", tests, NULL, NULL);
}

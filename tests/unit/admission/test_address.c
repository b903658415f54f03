/* SPDX-License-Identifier: Apache-2.0 */
/* Tests which addresses share an object, and how long it lives. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "controlplane/admission/address.h"

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

static void an_address_ends_with_its_last_user(void **state)
{
	struct cp_address *a = cp_address_hold(&all, "192.0.2.1");

	assert_ptr_equal(cp_address_keep(a), a);
	cp_address_release(a);
	assert_int_equal(all.by_name.count, 1);
	assert_ptr_equal(cp_address_hold(&all, "192.0.2.1"), a);
	cp_address_release(a);
	cp_address_release(a);
	assert_int_equal(all.by_name.count, 0);
	cp_address_release(NULL);
}

/* As when a connection is closed after the server. */
static void a_user_may_outlive_the_table(void **state)
{
	struct cp_address *a;

	assert_int_equal(cp_addresses_start(&all), 0);
	a = cp_address_hold(&all, "192.0.2.1");
	cp_addresses_stop(&all);
	cp_address_release(a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(one_network_of_ipv6_is_one_address, make, end),
		cmocka_unit_test_setup_teardown(an_address_ends_with_its_last_user, make, end),
		cmocka_unit_test(a_user_may_outlive_the_table),
	};

	return cmocka_run_group_tests_name("admission address", tests, NULL, NULL);
}

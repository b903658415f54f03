/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "controlplane/ice/ice.h"

enum { MANY = 5000 };

static void find_by_username(void **state)
{
	struct cp_ice_credentials c = {.ufrag = "0123456789abcdef"}, twin = c;
	struct cp_table_entry late = {0};
	struct cp_table t;
	int owner;

	assert_int_equal(cp_table_init(&t), 0);
	assert_int_equal(cp_ice_table_add(&t, &c, &owner), 0);
	assert_int_equal(cp_ice_table_add(&t, &twin, &owner), EEXIST);
	assert_ptr_equal(cp_ice_table_find(&t, "0123456789abcdef:peer", 21), &owner);
	assert_ptr_equal(cp_ice_table_find(&t, "0123456789abcdef:", 17), &owner);
	assert_null(cp_ice_table_find(&t, "0123456789abcdef", 16));
	assert_null(cp_ice_table_find(&t, "0123456789abcdefg:peer", 22));
	assert_null(cp_ice_table_find(&t, "0123456789abcde:peer", 20));
	assert_null(cp_ice_table_find(&t, "", 0));
	cp_ice_table_remove(&t, &twin); /* was never in */
	assert_int_equal(t.count, 1);
	cp_ice_table_remove(&t, &c);
	cp_ice_table_remove(&t, &c);
	assert_int_equal(t.count, 0);
	assert_null(cp_ice_table_find(&t, "0123456789abcdef:peer", 21));
	cp_table_free(&t);
	assert_null(cp_ice_table_find(&t, "0123456789abcdef:peer", 21));
	cp_table_remove(&t, &late); /* whoever is freed after the table still leaves it */
}

static void many_come_and_go(void **state)
{
	struct cp_ice_credentials *c = calloc(MANY, sizeof(*c));
	struct cp_table t;
	char username[32];

	assert_int_equal(cp_table_init(&t), 0);
	for (int i = 0; i < MANY; i++) {
		snprintf(c[i].ufrag, sizeof(c[i].ufrag), "%016d", i);
		assert_int_equal(cp_ice_table_add(&t, &c[i], &c[i]), 0);
	}
	assert_true(t.mask >= MANY / 2);
	for (int i = 0; i < MANY; i += 2)
		cp_ice_table_remove(&t, &c[i]);
	for (int i = 0; i < MANY; i++) {
		snprintf(username, sizeof(username), "%016d:x", i);
		assert_ptr_equal(cp_ice_table_find(&t, username, strlen(username)), i % 2 ? &c[i] : NULL);
	}
	assert_int_equal(t.count, MANY / 2);
	cp_table_free(&t);
	free(c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(find_by_username),
		cmocka_unit_test(many_come_and_go),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

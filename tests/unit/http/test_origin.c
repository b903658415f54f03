/* SPDX-License-Identifier: Apache-2.0 */

/* Which pages may use signaling. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "controlplane/http/origin.h"

static const struct {
	const char *allowed, *origin;
	bool verdict;
} cases[] = {
	{"*", "https://anyone.example", true},
	{"*", "null", true},
	{"https://tv.example", "https://tv.example", true},
	{"https://tv.example", "https://TV.example", true},
	{"https://tv.example", "http://tv.example", false},
	{"https://tv.example", "https://tv.example:8443", false},
	{"https://tv.example", "https://tv.example.attacker.example", false},
	{"https://tv.example", "https://tv.exampl", false},
	{"https://tv.example", "null", false},
	{"https://a.example, https://b.example:81", "https://b.example:81", true},
	{"https://a.example,https://b.example", "https://a.example", true},
	{"https://a.example,,", "https://c.example", false},
	{"https://a.example, *", "https://c.example", true},
	{"", "https://a.example", false},
	{"", "", false},
	{",", "", false},
};

static void table(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_int_equal(cp_origin_allowed(cases[i].allowed, cases[i].origin), cases[i].verdict);
}

static void only_a_name_lists_an_origin(void **state)
{
	assert_true(cp_origin_listed("*, https://a.example", "https://A.example"));
	assert_false(cp_origin_listed("*, https://a.example", "https://b.example"));
	assert_false(cp_origin_listed("*", "https://a.example"));
	assert_false(cp_origin_listed("", ""));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(table), cmocka_unit_test(only_a_name_lists_an_origin)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: Apache-2.0 */

/* Under which names the server may be asked for. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "controlplane/http/host.h"

static const struct {
	const char *hosts, *origins, *host;
	bool verdict;
} cases[] = {
	{"", "*", "127.0.0.1", true},
	{"", "*", "192.168.1.20:3000", true},
	{"", "*", "[::1]:3000", true},
	{"", "*", "[2001:db8::1]", true},
	{"", "*", "[2001:db8::1", false},
	{"", "*", "[tv.example]", false},
	{"", "*", "localhost:3000", true},
	{"", "*", "spate", true},
	{"", "*", "Studio.LOCAL:3000", true},
	{"", "*", "tv.home.arpa", true},
	{"", "*", "a.localhost.", true},
	{"", "*", "attacker.example", false},
	{"", "*", "attacker.example:3000", false},
	{"", "*", "127.0.0.1.attacker.example", false},
	{"", "*", "xlocal.example", false},
	{"", "*", "notlocal", true},
	{"", "*", "1.2.3.4.5", false},
	{"", "*", "", false},
	{"", "*", ":3000", false},
	{"*", "*", "attacker.example", true},
	{"tv.example, live.example", "*", "live.example:3000", true},
	{"tv.example, live.example", "*", "TV.example.", true},
	{"tv.example:3000", "*", "tv.example", true},
	{"tv.example", "*", "tv.example.attacker.example", false},
	{"tv.example", "*", "xtv.example", false},
	{"", "https://tv.example:8443,https://a.example", "tv.example", true},
	{"", "https://tv.example:8443,https://a.example", "a.example:3000", true},
	{"", "https://tv.example", "https", true},
	{"", "https://tv.example", "b.example", false},
};

static void table(void **state)
{
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_int_equal(cp_host_allowed(cases[i].hosts, cases[i].origins, cases[i].host),
			cases[i].verdict);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(table)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

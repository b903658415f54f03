/* SPDX-License-Identifier: Apache-2.0 */
/* The client's address behind proxies. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "controlplane/admission/network.h"

static struct sh_prefix trusted[3];

static int make(void **state)
{
	sh_addr_parse(&trusted[0].addr, "127.0.0.1");
	trusted[0].bits = 32;
	sh_addr_parse(&trusted[1].addr, "10.20.0.0");
	trusted[1].bits = 14;
	sh_addr_parse(&trusted[2].addr, "2001:db8:aa::");
	trusted[2].bits = 48;
	return 0;
}

static void check(const char *peer, const char *forwarded, const char *client)
{
	char out[CP_ADDRESS_SIZE];

	cp_forwarded_address(trusted, 3, peer, forwarded, out);
	assert_string_equal(out, client);
}

static void a_trusted_proxy_is_believed(void **state)
{
	check("127.0.0.1", "192.0.2.7", "192.0.2.7");
	check("10.23.255.255", "2001:DB8:0:0::7", "2001:db8::7");
	check("2001:db8:aa:1::1", " 192.0.2.7\t", "192.0.2.7");
	check("127.0.0.1", "192.0.2.7:4711", "192.0.2.7");
	check("127.0.0.1", "[2001:db8::7]:4711", "2001:db8::7");
	check("127.0.0.1", "::ffff:192.0.2.7", "192.0.2.7");
}

static void nobody_else_is(void **state)
{
	check("192.0.2.1", "192.0.2.7", "192.0.2.1");
	check("10.24.0.0", "192.0.2.7", "10.24.0.0");
	check("2001:db8:ab::1", "192.0.2.7", "2001:db8:ab::1");
	check("127.0.0.1", NULL, "127.0.0.1");
}

/* What a client wrote itself stands left of what the proxies appended. */
static void a_chain_of_proxies_is_followed_from_its_end(void **state)
{
	check("127.0.0.1", "198.51.100.1, 192.0.2.7, 10.20.0.5", "192.0.2.7");
	check("127.0.0.1", "10.20.0.9,10.20.0.5", "10.20.0.9");
	check("127.0.0.1", "unknown, 10.20.0.5", "10.20.0.5");
	check("127.0.0.1", "192.0.2.7, ", "127.0.0.1");
	check("127.0.0.1", "192.0.2.7, [::1", "127.0.0.1");
	check("127.0.0.1", "", "127.0.0.1");
}

static void an_address_has_one_form(void **state)
{
	char out[CP_ADDRESS_SIZE];

	assert_true(cp_ip_normal("::FFFF:192.0.2.1", 16, out));
	assert_string_equal(out, "192.0.2.1");
	assert_false(cp_ip_normal("192.0.2.256", 11, out));
	assert_false(cp_ip_normal("", 0, out));
	assert_false(cp_ip_normal("1:2:3:4:5:6:7:8:9:10:11:12:13:14:15:16:17:18:19:20", 50, out));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_trusted_proxy_is_believed),
		cmocka_unit_test(nobody_else_is),
		cmocka_unit_test(a_chain_of_proxies_is_followed_from_its_end),
		cmocka_unit_test(an_address_has_one_form),
	};

	return cmocka_run_group_tests_name("admission network", tests, make, NULL);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Tests which address of X-Forwarded-For is believed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "controlplane/admission/forwarded.h"

#define NETWORK(ip_family, prefix_bits, ...)                                                                 \
	{                                                                                                    \
		.addr = {.family = (ip_family), .ip = {__VA_ARGS__}}, .bits = (prefix_bits)                  \
	}

static const struct sh_config config = {
	.http = {.proxy_count = 4,
		.proxy = {NETWORK(4, 32, 192, 0, 2, 1), NETWORK(4, 12, 172, 16), NETWORK(6, 128, [15] = 1),
			NETWORK(6, 61, 0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, 8)}},
};

static void client_is(const char *peer, const char *list, const char *client)
{
	char out[CP_ADDRESS_SIZE];

	cp_forwarded_client(&config, peer, list, strlen(list), out);
	assert_string_equal(out, client);
}

static void nobody_else_is_believed(void **state)
{
	const struct sh_config none = {.http = {.proxy_count = 0}};
	char out[CP_ADDRESS_SIZE];

	client_is("192.0.2.2", "198.51.100.7", "192.0.2.2");
	client_is("2001:db8:0:10::1", "198.51.100.7", "2001:db8:0:10::1");
	cp_forwarded_client(&none, "192.0.2.1", "198.51.100.7", 12, out);
	assert_string_equal(out, "192.0.2.1");
}

static void networks_end_at_their_last_bit(void **state)
{
	static const char *const in[] = {
		"192.0.2.1", "172.16.0.0", "172.31.255.255", "::1", "2001:db8:0:f::1", "::ffff:192.0.2.1"};
	static const char *const out[] = {"192.0.2.0", "172.32.0.0", "172.15.255.255", "::2",
		"2001:db8:0:7::1", "2001:db8:0:10::", "", "unix", "172.16.0.0.1"};

	for (size_t i = 0; i < sizeof(in) / sizeof(in[0]); i++)
		assert_true(cp_proxy_trusted(&config, in[i]));
	for (size_t i = 0; i < sizeof(out) / sizeof(out[0]); i++)
		assert_false(cp_proxy_trusted(&config, out[i]));
}

static void the_last_address_that_is_no_proxy_is_the_client(void **state)
{
	client_is("192.0.2.1", "198.51.100.7", "198.51.100.7");
	client_is("::1", " 203.0.113.9 ,\t198.51.100.7 , 172.16.3.4 ", "198.51.100.7");
	client_is("192.0.2.1", "2001:db8:0:10::9,2001:db8:0:8::1", "2001:db8:0:10::9");
	client_is("192.0.2.1", "172.16.0.9,172.16.0.8", "172.16.0.9");
	client_is("192.0.2.1", "", "192.0.2.1");
}

static void forms_that_proxies_write_are_read(void **state)
{
	client_is("192.0.2.1", "198.51.100.7:65535", "198.51.100.7");
	client_is("192.0.2.1", "[2001:DB8::7]:443", "2001:db8::7");
	client_is("192.0.2.1", "[2001:db8::7]", "2001:db8::7");
	client_is("192.0.2.1", "::ffff:198.51.100.7", "198.51.100.7");
	client_is("192.0.2.1", "203.0.113.9,[::ffff:172.16.0.1]:8", "203.0.113.9");
}

/* What a client has written itself stands to the left of what a proxy has written. */
static void an_entry_that_is_no_address_ends_the_search(void **state)
{
	static const char *const bad[] = {"unknown", "_hidden", "198.51.100",
		"198.51.100.7:", "198.51.100.7:x", "198.51.100.7:123456", "[198.51.100.7]", "[::2", "[::2]x",
		"[::2]:", "::2]", "\"198.51.100.7\"", "[]", "[", "]", ":", "fe80::1%eth0",
		"1111:2222:3333:4444:5555:6666:7777:8888:9999:aaaa:bbbb:cccc:dddd:eeee:ffff"};
	char list[200];

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		client_is("192.0.2.1", bad[i], "192.0.2.1");
		snprintf(list, sizeof(list), "203.0.113.9,%s,172.16.0.1", bad[i]);
		client_is("192.0.2.1", list, "172.16.0.1");
	}
	client_is("192.0.2.1", ",", "192.0.2.1");
	client_is("192.0.2.1", "203.0.113.9,,172.16.0.1", "172.16.0.1");
}

static void a_list_is_read_to_its_limit(void **state)
{
	char list[20 * 12] = "203.0.113.9", *at = list + strlen(list);

	for (unsigned i = 1; i < CP_PROXIES_MAX; i++)
		at = stpcpy(at, ",172.16.0.1");
	client_is("192.0.2.1", list, "203.0.113.9");
	stpcpy(at, ",172.16.0.2");
	client_is("192.0.2.1", list, "172.16.0.1");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nobody_else_is_believed),
		cmocka_unit_test(networks_end_at_their_last_bit),
		cmocka_unit_test(the_last_address_that_is_no_proxy_is_the_client),
		cmocka_unit_test(forms_that_proxies_write_are_read),
		cmocka_unit_test(an_entry_that_is_no_address_ends_the_search),
		cmocka_unit_test(a_list_is_read_to_its_limit),
	};

	return cmocka_run_group_tests_name("admission forwarded", tests, NULL, NULL);
}

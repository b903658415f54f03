/* SPDX-License-Identifier: Apache-2.0 */
/* Another server in the way of the HTTP port, over IPv4 and over IPv6. */
#include <errno.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "controlplane/http/port.h"

static int other = -1; /* the socket of the server in the way */

static int end(void **state)
{
	if (other >= 0)
		close(other);
	other = -1;
	return 0;
}

/* Listens on a free port of the loopback address. Returns the port; 0: the family is not there. */
static uint16_t another_server(int family)
{
	struct sockaddr_in6 ipv6 = {.sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT};
	struct sockaddr_in ipv4 = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	struct sockaddr *at = family == AF_INET6 ? (struct sockaddr *)&ipv6 : (struct sockaddr *)&ipv4;
	socklen_t size = family == AF_INET6 ? sizeof(ipv6) : sizeof(ipv4);

	other = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (other < 0 || bind(other, at, size) < 0)
		return 0;
	assert_int_equal(listen(other, 1), 0);
	assert_int_equal(getsockname(other, at, &size), 0);
	return ntohs(family == AF_INET6 ? ipv6.sin6_port : ipv4.sin_port);
}

static int check(const char *address, uint16_t port, char *err, size_t err_size)
{
	const struct cp_port p = {
		.name = "HTTP", .members = "http", .other = "--http-port", .address = address, .port = port};

	return cp_port_check(&p, err, err_size);
}

static void expect_in_use(const char *address, uint16_t port, const char *family)
{
	char err[200] = "", words[200];

	snprintf(words, sizeof(words),
		"cannot listen on HTTP port %u over %s: Address already in use "
		"(is another server running? --http-port takes another one)",
		port, family);
	assert_int_equal(check(address, port, err, sizeof(err)), EADDRINUSE);
	assert_string_equal(err, words);
}

static void a_server_over_ipv4_is_named(void **state)
{
	uint16_t port = another_server(AF_INET);

	assert_int_not_equal(port, 0);
	expect_in_use("", port, "IPv4");
	expect_in_use("127.0.0.1", port, "IPv4");
}

static void a_server_over_ipv6_is_named(void **state)
{
	uint16_t port = another_server(AF_INET6);

	if (port == 0)
		skip();
	expect_in_use("", port, "IPv6");
	expect_in_use("::1", port, "IPv6");
}

static void a_server_over_the_other_family_is_not_in_the_way_of_one_address(void **state)
{
	char err[200] = "";
	uint16_t port = another_server(AF_INET);

	assert_int_not_equal(port, 0);
	if (check("::1", port, err, sizeof(err)) == EADDRNOTAVAIL)
		skip(); /* no IPv6 here */
	assert_string_equal(err, "");
}

static void a_free_port_and_a_wrong_address(void **state)
{
	char err[200] = "";
	uint16_t port = another_server(AF_INET);

	close(other);
	other = -1;
	assert_int_equal(check("", port, err, sizeof(err)), 0);
	assert_int_equal(check("192.0.2.77", port, err, sizeof(err)), EADDRNOTAVAIL);
	assert_non_null(strstr(err, "over IPv4: "));
	assert_int_equal(check("localhost", port, err, sizeof(err)), EADDRNOTAVAIL);
	assert_non_null(strstr(err, "http.address: \"localhost\": "));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(a_server_over_ipv4_is_named, end),
		cmocka_unit_test_teardown(a_server_over_ipv6_is_named, end),
		cmocka_unit_test_teardown(a_server_over_the_other_family_is_not_in_the_way_of_one_address,
			end),
		cmocka_unit_test_teardown(a_free_port_and_a_wrong_address, end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: Apache-2.0 */

/* The head of a request, before libwebsockets sees it. */

#include <ctype.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>
#include <libwebsockets.h>

#include "controlplane/http/request_head.h"

/* Reads `text` in pieces of `step` bytes. The status that refuses it; 0: complete; 1: more is expected. */
static unsigned status_of(const char *text, size_t step, struct cp_request_head *h, size_t *end)
{
	size_t len = strlen(text), used;

	memset(h, 0, sizeof(*h));
	*end = 0;
	for (size_t at = 0; at < len; at += step) {
		enum cp_head_verdict v = cp_head_read(h, text + at, len - at < step ? len - at : step, &used);

		*end += used;
		if (v != CP_HEAD_MORE)
			return v == CP_HEAD_COMPLETE ? 0 : h->status;
	}
	return 1;
}

static void expect(const char *text, unsigned status)
{
	struct cp_request_head h;
	size_t end;

	for (size_t step = 1; step < 8; step++)
		assert_int_equal(status_of(text, step, &h, &end), status);
	assert_int_equal(status_of(text, strlen(text), &h, &end), status);
}

static void a_header_of_that_name(const char *name, size_t len, unsigned status)
{
	char text[200];

	snprintf(text, sizeof(text), "GET / HTTP/1.0\r\n%.*s: x\r\n\r\n", (int)len, name);
	expect(text, status);
}

static bool is_known(const char *name, size_t len)
{
	for (int i = 0; i < WSI_TOKEN_COUNT; i++) {
		const char *known = (const char *)lws_token_to_string((enum lws_token_indexes)i);

		if (known && strlen(known) == len + 1 && known[len] == ':' && strncmp(known, name, len) == 0)
			return true;
	}
	return false;
}

/* Each beginning of each name that the library knows; the name itself and a longer one are fine. */
static void names_that_the_library_misreads_are_refused(void **state)
{
	unsigned refused = 0;

	for (int i = 0; i < WSI_TOKEN_COUNT; i++) {
		const char *known = (const char *)lws_token_to_string((enum lws_token_indexes)i);
		size_t len = known ? strcspn(known, ":/ \r") : 0;

		if (len == 0 || known[len] != ':')
			continue;
		a_header_of_that_name(known, len, 0);
		for (size_t part = 1; part < len; part++) {
			a_header_of_that_name(known, part, is_known(known, part) ? 0 : 400);
			refused += !is_known(known, part);
		}
	}
	assert_true(refused > 300);
	a_header_of_that_name("X-AUTH", 6, 400);
	a_header_of_that_name("putty", 5, 400);
	a_header_of_that_name("uri-args", 8, 400);
	a_header_of_that_name("get", 3, 400);
	a_header_of_that_name("x-authority", 11, 0);
	a_header_of_that_name("x-a-name-that-is-longer-than-any-that-the-library-knows", 55, 0);
}

static void the_head_ends_where_it_ends(void **state)
{
	static const char text[] = "POST /a?b=%20c HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nbodyGET";
	struct cp_request_head h;
	size_t end;

	for (size_t step = 1; step < sizeof(text); step++) {
		assert_int_equal(status_of(text, step, &h, &end), 0);
		assert_string_equal(text + end, "bodyGET");
		assert_true(h.has_body);
		assert_false(h.upgrades);
	}
	expect("GET / HTTP/1.1\r\nHost: x\r\n\r", 1);
	expect("", 1);
}

static void what_is_no_request_is_refused(void **state)
{
	expect("GET / HTTP/1.1\r\n\r\n", 400);
	expect("GET / HTTP/1.0\r\n\r\n", 0);
	expect("get / HTTP/1.0\r\n", 501);
	expect("GET  / HTTP/1.0\r\n", 400);
	expect("GET /\r\n", 400);
	expect("GET / HTTP/1.2\r\n", 505);
	expect("GET / HTTP/1.0 \r\n", 505);
	expect("GET /%0A HTTP/1.0\r\n", 400);
	expect("GET /?a=%0d HTTP/1.0\r\n", 400);
	expect("GET /?a=%00 HTTP/1.0\r\n", 400);
	expect("GET /?a=%1F%0B%a0%d0 HTTP/1.0\r\n\r\n", 0);
	expect("GET /?a=%2 HTTP/1.0\r\n", 400);
	expect("GET /?a=%C3%A4%20 HTTP/1.0\r\n\r\n", 0);
	expect("GET / HTTP/1.0\n\n", 400);
	expect("GET / HTTP/1.0\r\nA-b: x\ny\r\n", 400);
	expect("GET / HTTP/1.0\r\nDnt: x\r\r\n", 400);
	expect("GET / HTTP/1.0\r\nHost: x\r\nHOST: x\r\n", 400);
	expect("GET / HTTP/1.0\r\nOrigin: x\r\nOrigin: x\r\n", 400);
	expect("GET / HTTP/1.0\r\nDnt\r\n", 400);
	expect("GET / HTTP/1.0\r\nDnt: \x80\tx\r\n\r\n", 0);
}

static void a_head_has_a_limit(void **state)
{
	static char text[CP_HEADERS_MAX + 100];
	struct cp_request_head h;
	size_t end, room = CP_HEADERS_MAX - strlen("GET / HTTP/1.0\r\nDnt: \r\n\r\n");
	static char fill[CP_HEADERS_MAX];

	memset(fill, 'x', sizeof(fill));
	snprintf(text, sizeof(text), "GET / HTTP/1.0\r\nDnt: %.*s\r\n\r\n", (int)room, fill);
	assert_int_equal(status_of(text, 1000, &h, &end), 0);
	snprintf(text, sizeof(text), "GET / HTTP/1.0\r\nDnt: %.*s\r\n\r\n", (int)room + 1, fill);
	assert_int_equal(status_of(text, 1000, &h, &end), 431);
	snprintf(text, sizeof(text), "GET /%.*s", CP_HEADERS_MAX - 1, fill);
	assert_int_equal(status_of(text, 1000, &h, &end), 414);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_that_the_library_misreads_are_refused),
		cmocka_unit_test(the_head_ends_where_it_ends),
		cmocka_unit_test(what_is_no_request_is_refused),
		cmocka_unit_test(a_head_has_a_limit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

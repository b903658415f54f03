/* SPDX-License-Identifier: Apache-2.0 */

/* Engine.IO's packets, and the payloads of long-polling. */

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "controlplane/engineio/packet.h"

static void packets(void **state)
{
	struct cp_eio_packet p;

	assert_int_equal(cp_eio_packet_parse("4hello", 6, &p), 0);
	assert_int_equal(p.type, CP_EIO_MESSAGE);
	assert_int_equal(p.len, 5);
	assert_memory_equal(p.data, "hello", 5);
	assert_int_equal(cp_eio_packet_parse("2", 1, &p), 0);
	assert_int_equal(p.type, CP_EIO_PING);
	assert_int_equal(p.len, 0);
	for (char type = '0'; type <= '6'; type++)
		assert_int_equal(cp_eio_packet_parse(&type, 1, &p), 0);
}

static void no_packets(void **state)
{
	static const char *const cases[] = {"", "7", "abc", "bAQIDBA==", " 4", "/", "\xff", "-1"};
	struct cp_eio_packet p;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_int_equal(cp_eio_packet_parse(cases[i], strlen(cases[i]), &p), EPROTO);
}

/* What the body splits into, with "|" between. */
static const char *split(const char *body)
{
	static char out[100];
	struct cp_eio_payload payload = {.rest = body, .left = strlen(body)};
	const char *text;
	size_t len, used = 0;

	while (cp_eio_payload_next(&payload, &text, &len)) {
		memcpy(out + used, text, len);
		used += len;
		out[used++] = '|';
	}
	out[used] = '\0';
	return out;
}

static void payloads(void **state)
{
	assert_string_equal(split("4a"), "4a|");
	assert_string_equal(split("4a\x1e"
				  "2\x1e"
				  "4c"),
		"4a|2|4c|");
	assert_string_equal(split(""), "|");
	assert_string_equal(split("\x1e"), "||");
	assert_string_equal(split("4a\x1e"), "4a||");
	assert_string_equal(split("\x1e\x1e"
				  "4a"),
		"||4a|");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(packets),
		cmocka_unit_test(no_packets),
		cmocka_unit_test(payloads),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

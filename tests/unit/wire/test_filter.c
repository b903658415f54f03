/* SPDX-License-Identifier: Apache-2.0 */
/* Which frames the wire's model is about, cut at each length. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "shared/bytes.h"
#include "tools/wire/filter.h"

enum { LEN4 = 14 + 20 + 8, LEN6 = 14 + 40 + 8 };

static void make4(uint8_t *frame, uint8_t protocol)
{
	memset(frame, 0, LEN4);
	sh_put_be16(frame + 12, 0x0800);
	frame[14] = 0x45;
	frame[14 + 9] = protocol;
	sh_put_be16(frame + 34, 5000);
	sh_put_be16(frame + 36, 20000);
}

static void make6(uint8_t *frame, uint8_t protocol)
{
	memset(frame, 0, LEN6);
	sh_put_be16(frame + 12, 0x86dd);
	frame[14] = 0x60;
	frame[14 + 6] = protocol;
	sh_put_be16(frame + 54, 20000);
	sh_put_be16(frame + 56, 5000);
}

/* In exactly so much memory, so that a sanitizer sees a read past the end. */
static bool matches(const char *filter, const uint8_t *frame, size_t len)
{
	uint8_t *copy = malloc(len ? len : 1);
	struct wire_filter f;
	bool result;

	assert_non_null(copy);
	memcpy(copy, frame, len);
	assert_int_equal(wire_filter_parse(&f, filter), 0);
	result = wire_filter_matches(&f, copy, len);
	free(copy);
	return result;
}

static void udp_is_found_over_both_families(void **state)
{
	uint8_t frame[LEN6];

	make4(frame, 17);
	assert_true(matches("udp", frame, LEN4));
	assert_true(matches("udp:20000", frame, LEN4));
	assert_true(matches("udp:5000", frame, LEN4));
	assert_false(matches("udp:5001", frame, LEN4));
	make6(frame, 17);
	assert_true(matches("udp", frame, LEN6));
	assert_true(matches("udp:20000", frame, LEN6));
	assert_false(matches("udp:5001", frame, LEN6));
}

static void other_frames_match_only_all(void **state)
{
	uint8_t frame[LEN6];

	make4(frame, 6);
	assert_false(matches("udp", frame, LEN4));
	assert_true(matches("all", frame, LEN4));
	make6(frame, 6);
	assert_false(matches("udp", frame, LEN6));
	sh_put_be16(frame + 12, 0x0806); /* ARP */
	assert_false(matches("udp", frame, LEN6));
	assert_true(matches("all", frame, 0));
}

static void options_of_ipv4_are_passed_over(void **state)
{
	uint8_t frame[LEN4 + 4] = {0};

	make4(frame, 17);
	frame[14] = 0x46;
	memmove(frame + 38, frame + 34, 8);
	sh_put_be16(frame + 34, 7);
	sh_put_be16(frame + 36, 7);
	assert_true(matches("udp:20000", frame, sizeof(frame)));
	assert_false(matches("udp:7", frame, sizeof(frame)));
}

static void a_later_fragment_has_no_port(void **state)
{
	uint8_t frame[LEN4];

	make4(frame, 17);
	sh_put_be16(frame + 20, 100);
	assert_true(matches("udp", frame, LEN4));
	assert_false(matches("udp:20000", frame, LEN4));
}

static void a_cut_frame_has_no_port(void **state)
{
	uint8_t frame[LEN6];

	make4(frame, 17);
	for (size_t len = 0; len < 38; len++)
		assert_false(matches("udp:20000", frame, len));
	assert_true(matches("udp:20000", frame, 38));
	frame[14] = 0x44; /* a header shorter than a header */
	assert_false(matches("udp", frame, LEN4));
	make6(frame, 17);
	for (size_t len = 0; len < 58; len++)
		assert_false(matches("udp:20000", frame, len));
}

static void nonsense_is_no_filter(void **state)
{
	static const char *const wrong[] = {
		"", "tcp", "udp:", "udp:0", "udp:-1", "udp:65536", "udp:1x", "udpx"};
	struct wire_filter f;

	for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++)
		assert_int_equal(wire_filter_parse(&f, wrong[i]), EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(udp_is_found_over_both_families),
		cmocka_unit_test(other_frames_match_only_all),
		cmocka_unit_test(options_of_ipv4_are_passed_over),
		cmocka_unit_test(a_later_fragment_has_no_port),
		cmocka_unit_test(a_cut_frame_has_no_port),
		cmocka_unit_test(nonsense_is_no_filter),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

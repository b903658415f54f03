/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "dataplane/net/checksum.h"
#include "dataplane/net/frame.h"
#include "shared/bytes.h"

/* RFC 1071, 3: the words 0001 f203 f4f5 f6f7 sum to ddf2. */
static void rfc1071(void **state)
{
	static const uint8_t data[] = {0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7};
	uint8_t out[2];
	uint16_t v = dp_sum_fold(dp_sum(0, data, sizeof(data)));

	memcpy(out, &v, 2);
	assert_int_equal(sh_get_be16(out), (uint16_t)~0xddf2);
}

/* A known IPv4 header and its checksum, b861. */
static void ipv4_header(void **state)
{
	uint8_t h[20] = {0x45, 0, 0, 0x73, 0, 0, 0x40, 0, 0x40, 0x11, 0xb8, 0x61, 0xc0, 0xa8, 0, 1, 0xc0,
		0xa8, 0, 0xc7};

	assert_int_equal(dp_sum_fold(dp_sum(0, h, sizeof(h))), 0);
	h[8]--;
	assert_int_not_equal(dp_sum_fold(dp_sum(0, h, sizeof(h))), 0);
}

/* Word by word, as the RFC says it. */
static uint16_t plain(const uint8_t *p, size_t len)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < len; i += 2)
		sum += (uint64_t)p[i] << 8 | (i + 1 < len ? p[i + 1] : 0);
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)~sum;
}

/* Every length and content, odd ones too, in one piece and in two (the first of even length). */
static void against_plain(void **state)
{
	uint8_t data[1501];

	srandom(7);
	for (size_t len = 0; len < sizeof(data); len++) {
		uint8_t out[2];
		uint16_t v;
		size_t cut = len / 4 * 2;

		for (size_t i = 0; i < len; i++)
			data[i] = len % 3 ? (uint8_t)random() : 0xff;
		v = dp_sum_fold(dp_sum(0, data, len));
		memcpy(out, &v, 2);
		assert_int_equal(sh_get_be16(out), plain(data, len));
		assert_int_equal(dp_sum_fold(dp_sum(dp_sum(0, data, cut), data + cut, len - cut)), v);
	}
}

static void pseudo_header(void **state)
{
	static const uint8_t src4[4] = {10, 0, 0, 1}, dst4[4] = {10, 0, 0, 2};
	static const uint8_t whole4[12] = {10, 0, 0, 1, 10, 0, 0, 2, 0, 17, 0x01, 0x23};
	uint8_t src6[16], dst6[16], whole6[40] = {0};

	assert_int_equal(dp_sum_fold(dp_sum_pseudo(4, src4, dst4, 17, 0x123)),
		dp_sum_fold(dp_sum(0, whole4, sizeof(whole4))));
	memset(src6, 0xfe, 16);
	memset(dst6, 0xab, 16);
	memcpy(whole6, src6, 16);
	memcpy(whole6 + 16, dst6, 16);
	whole6[34] = 0x05;
	whole6[35] = 0xdc;
	whole6[39] = 58;
	assert_int_equal(dp_sum_fold(dp_sum_pseudo(6, src6, dst6, 58, 1500)),
		dp_sum_fold(dp_sum(0, whole6, sizeof(whole6))));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rfc1071),
		cmocka_unit_test(ipv4_header),
		cmocka_unit_test(against_plain),
		cmocka_unit_test(pseudo_header),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* A producer's packet becomes a consumer's: the table at the top of egress.h, row by row. */
#include "tests/unit/rtp/exact.h"

#include "dataplane/rtp/egress.h"

/* The router's ids, and a browser's, which are others. */
static const uint8_t router[SH_EXT_COUNT] = {
	[SH_EXT_MID] = 1,
	[SH_EXT_RID] = 2,
	[SH_EXT_REPAIRED_RID] = 3,
	[SH_EXT_ABS_SEND_TIME] = 4,
	[SH_EXT_TWCC] = 5,
	[SH_EXT_AUDIO_LEVEL] = 6,
	[SH_EXT_DEPENDENCY_DESCRIPTOR] = 7,
	[SH_EXT_VIDEO_ORIENTATION] = 8,
	[SH_EXT_TOFFSET] = 9,
	[SH_EXT_ABS_CAPTURE_TIME] = 10,
	[SH_EXT_PLAYOUT_DELAY] = 11,
};
static const uint8_t browser[SH_EXT_COUNT] = {
	[SH_EXT_MID] = 9,
	[SH_EXT_RID] = 10,
	[SH_EXT_REPAIRED_RID] = 11,
	[SH_EXT_ABS_SEND_TIME] = 2,
	[SH_EXT_TWCC] = 3,
	[SH_EXT_AUDIO_LEVEL] = 14,
	[SH_EXT_DEPENDENCY_DESCRIPTOR] = 12,
	[SH_EXT_VIDEO_ORIENTATION] = 13,
	[SH_EXT_TOFFSET] = 1,
	[SH_EXT_ABS_CAPTURE_TIME] = 4,
	[SH_EXT_PLAYOUT_DELAY] = 5,
};

static struct dp_rtp_info plain_of(uint16_t profile, const uint8_t *elements, size_t len, const uint8_t *in,
	const uint8_t *out)
{
	uint8_t *pkt = exact(elements, len);
	struct dp_rtp r = {.ext_profile = profile, .ext_len = (uint16_t)len};
	struct dp_rtp_info p = {.copy_len = 99};

	dp_rtp_info_extensions(&p, &r, pkt, in, out);
	free(pkt);
	return p;
}

/* One extension alone, through the table. */
static void each_extension(void **state)
{
	static const bool copied[SH_EXT_COUNT] = {
		[SH_EXT_AUDIO_LEVEL] = true,
		[SH_EXT_VIDEO_ORIENTATION] = true,
		[SH_EXT_TOFFSET] = true,
		[SH_EXT_ABS_CAPTURE_TIME] = true,
		[SH_EXT_PLAYOUT_DELAY] = true,
	};

	for (unsigned ext = 0; ext < SH_EXT_COUNT; ext++) {
		uint8_t elements[4] = {(uint8_t)(browser[ext] << 4 | 2), 'x', 'y', 'z'};
		struct dp_rtp_info p = plain_of(0xbede, elements, sizeof(elements), browser, router);

		assert_int_equal(p.copy_len, copied[ext] ? 4 : 0);
		if (copied[ext]) {
			assert_int_equal(p.copy[0], router[ext] << 4 | 2);
			assert_memory_equal(p.copy + 1, "xyz", 3);
		}
	}
}

static void unknown_id_is_stripped(void **state)
{
	static const uint8_t elements[] = {0x60, 'x', 0xe0, 'l', 0x70, 'y', 0, 0};
	static const uint8_t want[] = {0x60, 'l'};
	struct dp_rtp_info p = plain_of(0xbede, elements, sizeof(elements), browser, router);

	assert_int_equal(p.copy_len, sizeof(want));
	assert_memory_equal(p.copy, want, sizeof(want));
}

static void not_negotiated_is_stripped(void **state)
{
	static const uint8_t elements[] = {0xe0, 'l', 0, 0};
	uint8_t ids[SH_EXT_COUNT];

	memcpy(ids, router, sizeof(ids));
	ids[SH_EXT_AUDIO_LEVEL] = 0; /* the router has no id for it */
	assert_int_equal(plain_of(0xbede, elements, sizeof(elements), browser, ids).copy_len, 0);
	ids[SH_EXT_AUDIO_LEVEL] = 15; /* and this one can't be written */
	assert_int_equal(plain_of(0xbede, elements, sizeof(elements), browser, ids).copy_len, 0);
	ids[SH_EXT_AUDIO_LEVEL] = 14;
	assert_int_equal(plain_of(0xbede, elements, sizeof(elements), browser, ids).copy_len, 2);

	memcpy(ids, browser, sizeof(ids));
	ids[SH_EXT_AUDIO_LEVEL] = 0; /* the producer hasn't */
	assert_int_equal(plain_of(0xbede, elements, sizeof(elements), ids, router).copy_len, 0);
}

/* Two-byte elements in, one-byte out: what has no one-byte form is stripped. */
static void two_byte_in(void **state)
{
	uint8_t elements[64] = {14, 1, 'l', 0, 13, 0, 1, 17};
	size_t len = 8 + 17;

	elements[len++] = 4;
	elements[len++] = 16;
	memcpy(elements + len, "0123456789abcdef", 16);
	len += 16;
	struct dp_rtp_info p = plain_of(0x1000, elements, len, browser, router);
	assert_int_equal(p.copy_len, 2 + 17);
	assert_memory_equal(p.copy,
		"\x60"
		"l"
		"\xaf"
		"0123456789abcdef",
		19);
}

static void no_room_is_stripped(void **state)
{
	static const uint8_t ids[] = {14, 13, 1, 4, 5};
	uint8_t elements[5 * 17];

	for (unsigned i = 0; i < 5; i++) {
		memset(elements + 17 * i, 'a' + (int)i, 17);
		elements[17 * i] = (uint8_t)(ids[i] << 4 | 15);
	}
	/* Three of 17 bytes fit, a fourth doesn't. */
	struct dp_rtp_info p = plain_of(0xbede, elements, sizeof(elements), browser, router);
	assert_int_equal(p.copy_len, 51);

	/* Nor one of 14. */
	elements[51] = (uint8_t)(4 << 4 | 12);
	p = plain_of(0xbede, elements, 51 + 14, browser, router);
	assert_int_equal(p.copy_len, 51);

	/* And one of just the 13 bytes that are left does. */
	elements[51] = (uint8_t)(4 << 4 | 11);
	p = plain_of(0xbede, elements, 51 + 13, browser, router);
	assert_int_equal(p.copy_len, DP_EGRESS_COPY_MAX);
}

static void repeated_is_copied_once(void **state)
{
	static const uint8_t elements[] = {0xe0, 'a', 0xe0, 'b', 0xd0, 'c', 0, 0};
	struct dp_rtp_info p = plain_of(0xbede, elements, sizeof(elements), browser, router);

	assert_int_equal(p.copy_len, 4);
	assert_memory_equal(p.copy,
		"\x60"
		"a"
		"\x80"
		"c",
		4);
}

static void find(void **state)
{
	static const uint8_t pkt[] = {0x10, 'a', 0x21, 'b', 'c', 0, 0, 0};
	struct dp_rtp r = {.ext_profile = 0xbede, .ext_len = sizeof(pkt)};
	struct dp_rtp_ext e;

	assert_true(dp_ext_find(&r, pkt, 2, &e));
	assert_int_equal(e.len, 2);
	assert_memory_equal(e.data, "bc", 2);
	assert_false(dp_ext_find(&r, pkt, 3, &e));
	assert_false(dp_ext_find(&r, pkt, 0, &e)); /* 0: not negotiated */
}

static void abs_send_time(void **state)
{
	assert_int_equal(dp_abs_send_time(0), 0);
	assert_int_equal(dp_abs_send_time(1000000000), 1 << 18);
	assert_int_equal(dp_abs_send_time(500000000), 1 << 17);
	assert_int_equal(dp_abs_send_time(63999999999), 0xffffff);
	assert_int_equal(dp_abs_send_time(64000000000), 0); /* 6 bits of seconds */
	assert_int_equal(dp_abs_send_time(1700000000250000000), (1700000000 % 64) * (1 << 18) + (1 << 16));
}

static void header_with_all(void **state)
{
	static const uint8_t elements[] = {0x13, 1, 2, 3, 4, 0xe0, 'l', 0};
	static const uint8_t want[] = {
		0x90, 0xe0, 0xff, 0xff, 0x11, 0x22, 0x33, 0x44, 0xaa, 0xbb, 0xcc, 0xdd, /* header */
		0xbe, 0xde, 0, 4, /* four words */
		0x11, '4', '2', 0x42, 0x12, 0x34, 0x56, /* MID, abs-send-time */
		0x93, 1, 2, 3, 4, 0x60, 'l', 0, 0, /* copied, padding */
	};
	struct dp_rtp_info p = plain_of(0xbede, elements, sizeof(elements), browser, router);
	uint8_t dst[DP_EGRESS_HEADER_MAX + 1];
	struct dp_egress e;

	p.marker = true;
	dp_egress_init(&e, 0xaabbccdd, 0x01020304, 96, 97, "42", 2, router);
	assert_int_equal(e.mid_id, 1);
	assert_int_equal(e.abs_send_time_id, 4);
	memset(dst, 0xee, sizeof(dst));
	assert_int_equal(dp_egress_header(dst, &e, &p, 0xffff, 0x11223344, 0x123456), sizeof(want));
	assert_memory_equal(dst, want, sizeof(want));
	assert_int_equal(dst[DP_EGRESS_HEADER_MAX], 0xee);

	/* The retransmission differs in SSRC, payload type and number alone. */
	uint8_t rtx[sizeof(want)];
	memcpy(rtx, want, sizeof(want));
	memcpy(rtx + 8, "\x01\x02\x03\x04", 4);
	rtx[1] = 0x80 | 97;
	rtx[2] = 0x03;
	rtx[3] = 0xe8;
	assert_int_equal(dp_egress_rtx_header(dst, &e, &p, 1000, 0x11223344, 0x123456), sizeof(rtx));
	assert_memory_equal(dst, rtx, sizeof(rtx));
}

static void header_without_extension(void **state)
{
	static const uint8_t want[] = {0x80, 0x6f, 0x04, 0xd2, 0, 0, 0, 1, 0, 0, 0, 2};
	static const uint8_t no_ids[SH_EXT_COUNT];
	uint8_t dst[DP_EGRESS_HEADER_MAX];
	struct dp_rtp_info p = {.copy_len = 0};
	struct dp_egress e;

	dp_egress_init(&e, 2, 0, 111, 0, "0", 1, no_ids);
	assert_int_equal(e.prefix_len, 0);
	assert_int_equal(dp_egress_header(dst, &e, &p, 1234, 1, 0xffffff), sizeof(want));
	assert_memory_equal(dst, want, sizeof(want));
}

static void mid_and_send_time_alone(void **state)
{
	uint8_t ids[SH_EXT_COUNT] = {[SH_EXT_MID] = 1};
	uint8_t dst[DP_EGRESS_HEADER_MAX];
	struct dp_rtp_info p = {.copy_len = 0};
	struct dp_egress e;

	dp_egress_init(&e, 1, 2, 96, 97, "12345678", 8, ids);
	assert_int_equal(dp_egress_header(dst, &e, &p, 0, 0, 0xffffff), 12 + 4 + 12);
	assert_memory_equal(dst + 12,
		"\xbe\xde\0\x03\x17"
		"12345678\0\0",
		16);

	ids[SH_EXT_MID] = 0;
	ids[SH_EXT_ABS_SEND_TIME] = 14;
	dp_egress_init(&e, 1, 2, 96, 97, "12345678", 8, ids);
	assert_int_equal(dp_egress_header(dst, &e, &p, 0, 0, 0xabcdef), 12 + 4 + 4);
	assert_memory_equal(dst + 12, "\xbe\xde\0\x01\xe2\xab\xcd\xef", 8);
}

/* Ids and lengths that the one-byte form or the MID's limit can't hold. */
static void unwritable(void **state)
{
	uint8_t ids[SH_EXT_COUNT] = {[SH_EXT_MID] = 15, [SH_EXT_ABS_SEND_TIME] = 255};
	struct dp_egress e;

	dp_egress_init(&e, 1, 2, 96, 97, "1", 1, ids);
	assert_int_equal(e.prefix_len, 0);
	ids[SH_EXT_MID] = 1;
	dp_egress_init(&e, 1, 2, 96, 97, "", 0, ids);
	assert_int_equal(e.prefix_len, 0);
	dp_egress_init(&e, 1, 2, 96, 97, "123456789", SH_MID_MAX + 1, ids);
	assert_int_equal(e.prefix_len, 0);
}

static void longest_header(void **state)
{
	uint8_t *dst = malloc(DP_EGRESS_HEADER_MAX);
	struct dp_rtp_info p = {.copy_len = DP_EGRESS_COPY_MAX};
	struct dp_egress e;

	assert_non_null(dst);
	dp_egress_init(&e, 1, 2, 96, 97, "12345678", 8, router);
	size_t len = dp_egress_header(dst, &e, &p, 0, 0, 0);
	assert_in_range(len, 12 + 4 + 13 + 64, DP_EGRESS_HEADER_MAX);
	assert_int_equal(len % 4, 0);
	free(dst);
}

/* What was written is what a parser reads: no CSRC, no padding bit, a payload of 0 is fine. */
static void parses_back(void **state)
{
	static const uint8_t elements[] = {0xe0, 'l', 0xd0, 3, 0, 0, 0, 0};
	struct dp_rtp_info p = plain_of(0xbede, elements, sizeof(elements), browser, router);
	uint8_t dst[DP_EGRESS_HEADER_MAX];
	struct dp_rtp_ext x;
	struct dp_egress e;
	struct dp_rtp r;

	dp_egress_init(&e, 7, 8, 96, 97, "3", 1, router);
	size_t len = dp_egress_header(dst, &e, &p, 1000, 90000, 5);
	assert_int_equal(dp_rtp_parse(&r, dst, len), 0);
	assert_int_equal(r.ssrc, 7);
	assert_int_equal(r.payload_len, 0);
	assert_int_equal(r.hdr_len, len);
	assert_true(dp_ext_find(&r, dst, router[SH_EXT_MID], &x) && x.len == 1 && x.data[0] == '3');
	assert_true(dp_ext_find(&r, dst, router[SH_EXT_ABS_SEND_TIME], &x) && x.len == 3 && x.data[2] == 5);
	assert_true(dp_ext_find(&r, dst, router[SH_EXT_AUDIO_LEVEL], &x) && x.data[0] == 'l');
	assert_true(dp_ext_find(&r, dst, router[SH_EXT_VIDEO_ORIENTATION], &x) && x.data[0] == 3);
}

/* Every element is found again, whatever the length of the last one, and the form is the right one. */
static void another_element(void **state)
{
	static const uint8_t elements[] = {0xe0, 'l', 0xd0, 3, 0, 0, 0, 0};
	struct dp_rtp_info p = plain_of(0xbede, elements, sizeof(elements), browser, router);
	uint8_t data[255], *dst = malloc(DP_EGRESS_LONG_MAX);
	struct dp_egress e;

	assert_non_null(dst);
	for (unsigned i = 0; i < sizeof(data); i++)
		data[i] = (uint8_t)(i + 1);
	dp_egress_init(&e, 7, 8, 96, 97, "12345678", 8, router);
	assert_int_equal(e.descriptor_id, router[SH_EXT_DEPENDENCY_DESCRIPTOR]);
	for (size_t n = 1; n <= sizeof(data); n++) {
		struct dp_rtp_ext x;
		struct dp_rtp r;
		size_t len;

		memset(dst, 0xee, DP_EGRESS_LONG_MAX);
		assert_true(dp_egress_header(dst, &e, &p, 1000, 90000, 5) <= DP_EGRESS_HEADER_MAX);
		len = dp_egress_add_element(dst, &e, &p, e.descriptor_id, data, n);
		assert_int_equal(len % 4, 0);
		assert_int_equal(dp_rtp_parse(&r, dst, len), 0);
		assert_int_equal(r.hdr_len, len);
		assert_int_equal(r.ext_profile, n > 16 ? 0x1000 : 0xbede);
		assert_true(dp_ext_find(&r, dst, router[SH_EXT_MID], &x) && x.len == 8 && x.data[7] == '8');
		assert_true(dp_ext_find(&r, dst, router[SH_EXT_ABS_SEND_TIME], &x) && x.len == 3);
		assert_true(dp_ext_find(&r, dst, router[SH_EXT_AUDIO_LEVEL], &x) && x.data[0] == 'l');
		assert_true(dp_ext_find(&r, dst, router[SH_EXT_VIDEO_ORIENTATION], &x) && x.data[0] == 3);
		assert_true(dp_ext_find(&r, dst, e.descriptor_id, &x) && x.len == n);
		assert_memory_equal(x.data, data, n);
	}
	free(dst);
}

/* The longest header there can be, and one without any other element. */
static void another_element_at_the_limits(void **state)
{
	static const uint8_t no_ids[SH_EXT_COUNT];
	uint8_t data[255] = {1}, *dst = malloc(DP_EGRESS_LONG_MAX);
	struct dp_rtp_info p = {.copy_len = DP_EGRESS_COPY_MAX}, none = {.copy_len = 0};
	struct dp_egress e;

	assert_non_null(dst);
	dp_egress_init(&e, 7, 8, 96, 97, "12345678", 8, router);
	for (unsigned i = 0; i < DP_EGRESS_COPY_MAX; i += 2)
		p.copy[i] = 9 << 4; /* elements of one byte grow most */
	dp_egress_header(dst, &e, &p, 1, 2, 3);
	assert_true(dp_egress_add_element(dst, &e, &p, 7, data, sizeof(data)) <= DP_EGRESS_LONG_MAX);
	dp_egress_init(&e, 7, 8, 96, 97, "", 0, no_ids);
	assert_int_equal(dp_egress_header(dst, &e, &none, 1, 2, 3), 12);
	assert_int_equal(dp_egress_add_element(dst, &e, &none, 7, data, 3), 12 + 4 + 4);
	assert_memory_equal(dst + 12, "\xbe\xde\0\x01\x72\x01\0\0", 8);
	free(dst);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_extension),
		cmocka_unit_test(unknown_id_is_stripped),
		cmocka_unit_test(not_negotiated_is_stripped),
		cmocka_unit_test(two_byte_in),
		cmocka_unit_test(no_room_is_stripped),
		cmocka_unit_test(repeated_is_copied_once),
		cmocka_unit_test(find),
		cmocka_unit_test(abs_send_time),
		cmocka_unit_test(header_with_all),
		cmocka_unit_test(header_without_extension),
		cmocka_unit_test(mid_and_send_time_alone),
		cmocka_unit_test(unwritable),
		cmocka_unit_test(longest_header),
		cmocka_unit_test(parses_back),
		cmocka_unit_test(another_element),
		cmocka_unit_test(another_element_at_the_limits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

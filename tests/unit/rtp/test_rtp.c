/* SPDX-License-Identifier: Apache-2.0 */
/* The RTP header (RFC 3550, 5.1) and its extension (RFC 8285): forms, bounds, lies. */
#include "tests/unit/rtp/exact.h"

#include <errno.h>

#include "dataplane/rtp/rtp.h"

/* Two CSRCs, a one-byte extension of two words, five bytes of payload, three of padding. */
static const uint8_t full[] = {
	0xb2, 0xe0, 0xff, 0xfe, 0x01, 0x02, 0x03, 0x04, 0xca, 0xfe, 0xba, 0xbe, /* header: M, PT 96 */
	0, 0, 0, 1, 0, 0, 0, 2, /* CSRCs */
	0xbe, 0xde, 0, 2, 0x10, 'A', 0x31, 'B', 'C', 0, 0, 0, /* extension */
	'h', 'e', 'l', 'l', 'o', 0, 0, 3, /* payload, padding */
};
enum { FULL_HEADER = 12 + 8 + 4 + 8 };

static void whole_packet(void **state)
{
	uint8_t *pkt = exact(full, sizeof(full));
	struct dp_rtp r;

	assert_int_equal(dp_rtp_parse(&r, pkt, sizeof(full)), 0);
	assert_int_equal(r.pt, 96);
	assert_true(r.marker);
	assert_int_equal(r.seq, 0xfffe);
	assert_int_equal(r.timestamp, 0x01020304);
	assert_int_equal(r.ssrc, 0xcafebabe);
	assert_int_equal(r.ext_profile, 0xbede);
	assert_int_equal(r.ext_offset, 24);
	assert_int_equal(r.ext_len, 8);
	assert_int_equal(r.hdr_len, FULL_HEADER);
	assert_int_equal(r.payload_len, 5);
	assert_int_equal(r.padding, 3);

	/* Still encrypted: the last byte means nothing. */
	assert_int_equal(dp_rtp_parse_header(&r, pkt, sizeof(full)), 0);
	assert_int_equal(r.payload_len, 8);
	assert_int_equal(r.padding, 0);
	free(pkt);
}

static void plainest_packet(void **state)
{
	static const uint8_t bytes[] = {0x80, 0x6f, 0, 7, 0, 0, 0, 9, 0, 0, 0, 1};
	uint8_t *pkt = exact(bytes, sizeof(bytes));
	struct dp_rtp r;

	assert_int_equal(dp_rtp_parse(&r, pkt, sizeof(bytes)), 0);
	assert_int_equal(r.pt, 111);
	assert_false(r.marker);
	assert_int_equal(r.ext_profile, 0);
	assert_int_equal(r.ext_len, 0);
	assert_int_equal(r.hdr_len, 12);
	assert_int_equal(r.payload_len, 0);
	free(pkt);
}

static void truncated_at_each_length(void **state)
{
	for (size_t len = 0; len < sizeof(full); len++) {
		uint8_t *pkt = exact(full, len);
		struct dp_rtp r;
		int want = len < FULL_HEADER ? EINVAL : 0;

		assert_int_equal(dp_rtp_parse_header(&r, pkt, len), want);
		if (want == 0)
			assert_int_equal(r.payload_len, len - FULL_HEADER);
		/* Cut there, the last byte is no count of padding: 0, or a letter larger than the rest. */
		assert_int_equal(dp_rtp_parse(&r, pkt, len), EINVAL);
		free(pkt);
	}
}

static void versions(void **state)
{
	uint8_t pkt[sizeof(full)];
	struct dp_rtp r;

	memcpy(pkt, full, sizeof(full));
	for (unsigned version = 0; version < 4; version++) {
		pkt[0] = (uint8_t)((full[0] & 0x3f) | version << 6);
		assert_int_equal(dp_rtp_parse(&r, pkt, sizeof(pkt)), version == 2 ? 0 : EINVAL);
	}
}

static void csrc_count_lies(void **state)
{
	/* 12 bytes and 8 more: room for two CSRCs. */
	for (unsigned count = 0; count < 16; count++) {
		uint8_t bytes[20] = {(uint8_t)(0x80 | count), 96};
		uint8_t *pkt = exact(bytes, sizeof(bytes));
		struct dp_rtp r;

		assert_int_equal(dp_rtp_parse(&r, pkt, sizeof(bytes)), count <= 2 ? 0 : EINVAL);
		if (count <= 2)
			assert_int_equal(r.payload_len, 8 - 4 * count);
		free(pkt);
	}
}

static void extension_length_lies(void **state)
{
	static const unsigned words[] = {0, 1, 2, 3, 0x00ff, 0x4000, 0x8000, 0xffff};

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		uint8_t bytes[24] = {0x90, 96};
		struct dp_rtp r;

		bytes[12] = 0xbe;
		bytes[13] = 0xde;
		bytes[14] = (uint8_t)(words[i] >> 8);
		bytes[15] = (uint8_t)words[i];
		uint8_t *pkt = exact(bytes, sizeof(bytes));
		assert_int_equal(dp_rtp_parse(&r, pkt, sizeof(bytes)), words[i] <= 2 ? 0 : EINVAL);
		if (words[i] <= 2)
			assert_int_equal(r.hdr_len, 16 + 4 * words[i]);
		free(pkt);
	}
}

static void padding_counts(void **state)
{
	/* A header and 4 bytes behind it. */
	for (unsigned padding = 0; padding < 256; padding++) {
		uint8_t bytes[16] = {0xa0, 96};
		struct dp_rtp r;

		bytes[15] = (uint8_t)padding;
		uint8_t *pkt = exact(bytes, sizeof(bytes));
		bool good = padding >= 1 && padding <= 4;
		assert_int_equal(dp_rtp_parse(&r, pkt, sizeof(bytes)), good ? 0 : EINVAL);
		if (good) {
			assert_int_equal(r.payload_len, 4 - padding);
			assert_int_equal(r.padding, padding);
		}
		assert_int_equal(dp_rtp_parse_header(&r, pkt, sizeof(bytes)), 0);
		free(pkt);
	}

	/* P set and nothing behind the header: the count would be the SSRC's last byte. */
	static const uint8_t none[12] = {0xa0, 96, [11] = 1};
	struct dp_rtp r;
	assert_int_equal(dp_rtp_parse(&r, none, sizeof(none)), EINVAL);
}

static void too_long(void **state)
{
	uint8_t *pkt = calloc(1, 65536);
	struct dp_rtp r;

	assert_non_null(pkt);
	pkt[0] = 0x80;
	assert_int_equal(dp_rtp_parse(&r, pkt, 65535), 0);
	assert_int_equal(r.payload_len, 65535 - 12);
	assert_int_equal(dp_rtp_parse(&r, pkt, 65536), EINVAL);
	free(pkt);
}

/* --- extensions --------------------------------------------------------------------- */

struct element {
	uint8_t id, len;
	const char *data;
};

/* Walks `len` bytes of elements in a heap block of just that size. */
static void walk(uint16_t profile, const uint8_t *elements, size_t len, const struct element *want, size_t n)
{
	uint8_t *pkt = exact(elements, len);
	struct dp_rtp r = {.ext_profile = profile, .ext_len = (uint16_t)len};
	struct dp_rtp_ext e;
	size_t pos = 0;

	for (size_t i = 0; i < n; i++) {
		assert_true(dp_rtp_ext_next(&r, pkt, &pos, &e));
		assert_int_equal(e.id, want[i].id);
		assert_int_equal(e.len, want[i].len);
		assert_memory_equal(e.data, want[i].data, want[i].len);
	}
	assert_false(dp_rtp_ext_next(&r, pkt, &pos, &e));
	assert_false(dp_rtp_ext_next(&r, pkt, &pos, &e)); /* and stays there */
	free(pkt);
}

/* The layout of RFC 8285, 4.2's figure: lengths 0, 1 with padding behind, 3. */
static void one_byte_form(void **state)
{
	static const uint8_t bytes[] = {0x10, 'a', 0x21, 'b', 'c', 0, 0, 0x33, 'd', 'e', 'f', 'g'};
	static const struct element want[] = {{1, 1, "a"}, {2, 2, "bc"}, {3, 4, "defg"}};

	walk(0xbede, bytes, sizeof(bytes), want, 3);
}

static void one_byte_longest(void **state)
{
	static const uint8_t bytes[20] = "\xef"
					 "0123456789abcdef";
	static const struct element want[] = {{14, 16, "0123456789abcdef"}};

	walk(0xbede, bytes, sizeof(bytes), want, 1);
}

/* RFC 8285, 4.3: a length of 0, padding between, ids above 14, any appbits. */
static void two_byte_form(void **state)
{
	static const uint8_t bytes[] = {1, 0, 2, 1, 'b', 0, 200, 4, 'c', 'd', 'e', 'f', 15, 1, 'g', 0};
	static const struct element want[] = {{1, 0, ""}, {2, 1, "b"}, {200, 4, "cdef"}, {15, 1, "g"}};

	for (unsigned appbits = 0; appbits < 16; appbits++)
		walk((uint16_t)(0x1000 | appbits), bytes, sizeof(bytes), want, 4);
}

static void two_byte_longest(void **state)
{
	uint8_t bytes[260] = {7, 255};
	char data[255];

	memset(bytes + 2, 'x', 255);
	memset(data, 'x', sizeof(data));
	walk(0x1000, bytes, sizeof(bytes), &(struct element){7, 255, data}, 1);
}

/* RFC 8285, 4.2: what stands before is used, nothing behind is. */
static void one_byte_id_15_ends_it(void **state)
{
	static const uint8_t bytes[] = {0x10, 'a', 0xf0, 'x', 0x20, 'b', 0, 0};
	static const struct element want[] = {{1, 1, "a"}};

	walk(0xbede, bytes, sizeof(bytes), want, 1);
}

static void one_byte_id_0_with_length_ends_it(void **state)
{
	static const uint8_t bytes[] = {0x10, 'a', 0x01, 'x', 'y', 0x20, 'b', 0};
	static const struct element want[] = {{1, 1, "a"}};

	walk(0xbede, bytes, sizeof(bytes), want, 1);
}

static void only_padding(void **state)
{
	static const uint8_t bytes[8];

	walk(0xbede, bytes, sizeof(bytes), NULL, 0);
	walk(0x1000, bytes, sizeof(bytes), NULL, 0);
	walk(0xbede, bytes, 0, NULL, 0);
}

static void elements_truncated_at_each_length(void **state)
{
	static const uint8_t one[] = {0x10, 'a', 0x21, 'b', 'c', 0, 0x33, 'd', 'e', 'f', 'g'};
	static const uint8_t two[] = {1, 1, 'a', 2, 2, 'b', 'c', 0, 3, 4, 'd', 'e', 'f', 'g'};
	static const struct element want[] = {{1, 1, "a"}, {2, 2, "bc"}, {3, 4, "defg"}};

	for (size_t len = 0; len <= sizeof(one); len++)
		walk(0xbede, one, len, want, len < 2 ? 0 : len < 5 ? 1 : len < 11 ? 2 : 3);
	for (size_t len = 0; len <= sizeof(two); len++)
		walk(0x1000, two, len, want, len < 3 ? 0 : len < 7 ? 1 : len < 14 ? 2 : 3);
}

/* RFC 3550, 5.3.1: another profile's extension is skipped, the payload still found. */
static void unknown_profile(void **state)
{
	static const uint8_t bytes[] = {
		0x90, 96, 0, 1, 0, 0, 0, 0, 0, 0, 0, 1, 0x12, 0x34, 0, 1, 0x10, 'a', 0, 0, 'p', 'q'};
	struct dp_rtp_ext e;
	struct dp_rtp r;
	size_t pos = 0;

	assert_int_equal(dp_rtp_parse(&r, bytes, sizeof(bytes)), 0);
	assert_int_equal(r.ext_profile, 0);
	assert_false(dp_rtp_ext_next(&r, bytes, &pos, &e));
	assert_int_equal(r.hdr_len, 20);
	assert_int_equal(r.payload_len, 2);
}

/* --- sequence numbers --------------------------------------------------------------- */

static void extend_to_the_nearest(void **state)
{
	static const struct {
		uint64_t near;
		uint16_t seq;
		uint64_t want;
	} table[] = {
		{0, 0, 0},
		{0, 5, 5},
		{5, 0, 0},
		{65535, 0, 65536},
		{65536, 65535, 65535},
		{65536, 0, 65536},
		{65536 + 32767, 0, 65536},
		{65536 + 32769, 0, 131072},
		{0, 65535, 65535}, /* -1 is nearer, and isn't a number */
		{100, 40000, 40000},
		{32768, 0, 0},
		{0x123456789abcull, 0x9abb, 0x123456789abbull},
		{0x12345678ffffull, 0x0000, 0x123456790000ull},
		{0x123456780000ull, 0xffff, 0x12345677ffffull},
	};

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
		assert_true(dp_seq_extend(table[i].near, table[i].seq) == table[i].want);

	/* Always that number's low 16 bits, and never further than half of the circle away. */
	for (uint64_t near = 65536; near < 65536 * 4; near += 997) {
		for (unsigned seq = 0; seq < 65536; seq += 131) {
			uint64_t ext = dp_seq_extend(near, (uint16_t)seq);
			uint64_t away = ext > near ? ext - near : near - ext;

			assert_int_equal(ext & 0xffff, seq);
			assert_true(away <= 32768);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(whole_packet),
		cmocka_unit_test(plainest_packet),
		cmocka_unit_test(truncated_at_each_length),
		cmocka_unit_test(versions),
		cmocka_unit_test(csrc_count_lies),
		cmocka_unit_test(extension_length_lies),
		cmocka_unit_test(padding_counts),
		cmocka_unit_test(too_long),
		cmocka_unit_test(one_byte_form),
		cmocka_unit_test(one_byte_longest),
		cmocka_unit_test(two_byte_form),
		cmocka_unit_test(two_byte_longest),
		cmocka_unit_test(one_byte_id_15_ends_it),
		cmocka_unit_test(one_byte_id_0_with_length_ends_it),
		cmocka_unit_test(only_padding),
		cmocka_unit_test(elements_truncated_at_each_length),
		cmocka_unit_test(unknown_profile),
		cmocka_unit_test(extend_to_the_nearest),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

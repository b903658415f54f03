/* SPDX-License-Identifier: Apache-2.0 */
/* RTCP: validity (RFC 3550, A.2; RFC 5506), the walk over a compound, hostile contents. */
#include "tests/unit/rtp/exact.h"

#include "dataplane/rtp/rtcp.h"

static bool valid(const void *data, size_t len)
{
	uint8_t *copy = exact(data, len);
	bool answer = dp_rtcp_valid(copy, len);

	free(copy);
	return answer;
}

/* RR with one block, SDES with a CNAME, PLI with 4 bytes of padding. */
static const uint8_t compound[] = {
	0x81, 201, 0, 7, 0, 0, 0, 1, /* RR */
	0, 0, 0, 9, 64, 0xff, 0xff, 0xfe, 0, 1, 0xff, 0xfe, /* block: fraction, lost -2, highest */
	0, 0, 0, 5, 0x12, 0x34, 0x56, 0x78, 0, 1, 0, 0, /* jitter, LSR, DLSR */
	0x81, 202, 0, 3, 0, 0, 0, 1, 1, 3, 'a', 'b', 'c', 0, 0, 0, /* SDES */
	0xa1, 206, 0, 3, 0, 0, 0, 1, 0, 0, 0, 9, 0, 0, 0, 4, /* PLI */
};

static void walk(void **state)
{
	uint8_t *data = exact(compound, sizeof(compound));
	struct dp_rtcp_report block;
	size_t pos = 0;
	struct dp_rtcp r;
	uint32_t media;

	assert_true(dp_rtcp_valid(data, sizeof(compound)));
	assert_true(dp_rtcp_next(data, sizeof(compound), &pos, &r));
	assert_int_equal(r.pt, DP_RTCP_RR);
	assert_int_equal(r.count, 1);
	assert_int_equal(r.ssrc, 1);
	assert_int_equal(r.body_len, 24);
	assert_true(dp_rtcp_report(&r, 0, &block));
	assert_int_equal(block.ssrc, 9);
	assert_int_equal(block.fraction_lost, 64);
	assert_int_equal(block.total_lost, -2);
	assert_int_equal(block.highest_seq, 0x1fffe);
	assert_int_equal(block.jitter, 5);
	assert_int_equal(block.lsr, 0x12345678);
	assert_int_equal(block.dlsr, 65536);
	assert_false(dp_rtcp_report(&r, 1, &block));
	assert_false(dp_rtcp_fb_media(&r, &media)); /* no feedback packet */

	assert_true(dp_rtcp_next(data, sizeof(compound), &pos, &r));
	assert_int_equal(r.pt, DP_RTCP_SDES);
	assert_false(dp_rtcp_report(&r, 0, &block));

	assert_true(dp_rtcp_next(data, sizeof(compound), &pos, &r));
	assert_int_equal(r.pt, DP_RTCP_PSFB);
	assert_int_equal(r.count, DP_PSFB_PLI);
	assert_int_equal(r.body_len, 4); /* without the padding */
	assert_true(dp_rtcp_fb_media(&r, &media));
	assert_int_equal(media, 9);

	assert_false(dp_rtcp_next(data, sizeof(compound), &pos, &r));
	free(data);
}

static void truncated_at_each_length(void **state)
{
	for (size_t len = 0; len <= sizeof(compound); len++) {
		/* Whole packets are a compound of their own (RFC 5506: no RR has to lead). */
		bool whole = len == 32 || len == 48 || len == sizeof(compound);
		uint8_t *data = exact(compound, len);
		struct dp_rtcp r;
		size_t pos = 0;

		assert_int_equal(dp_rtcp_valid(data, len), whole);
		while (dp_rtcp_next(data, len, &pos, &r))
			assert_true(pos <= len);
		free(data);
	}
}

static void validity(void **state)
{
	uint8_t c[sizeof(compound)];

	for (unsigned version = 0; version < 4; version++) {
		memcpy(c, compound, sizeof(c));
		c[32] = (uint8_t)((c[32] & 0x3f) | version << 6);
		assert_int_equal(valid(c, sizeof(c)), version == 2);
	}
	memcpy(c, compound, sizeof(c));
	c[35] = 4; /* SDES a word longer: the next header is not one */
	assert_false(valid(c, sizeof(c)));
	c[35] = 0xff;
	assert_false(valid(c, sizeof(c)));
	c[35] = 3;
	c[34] = 0xff;
	assert_false(valid(c, sizeof(c)));

	/* Padding in any but the last. */
	memcpy(c, compound, sizeof(c));
	c[32] |= 0x20;
	c[47] = 4;
	assert_false(valid(c, sizeof(c)));
	assert_true(valid(c, 48));
}

static void padding_counts(void **state)
{
	uint8_t c[sizeof(compound)];

	memcpy(c, compound, sizeof(c));
	for (unsigned padding = 0; padding < 256; padding++) {
		c[sizeof(c) - 1] = (uint8_t)padding;
		assert_int_equal(valid(c, sizeof(c)), padding == 4 || padding == 8 || padding == 12);
	}
	/* All of it padding: no SSRC, no body, nothing to find. */
	struct dp_rtcp r;
	uint32_t media;
	size_t pos = 48;

	c[sizeof(c) - 1] = 12;
	assert_true(dp_rtcp_next(c, sizeof(c), &pos, &r));
	assert_int_equal(r.body_len, 0);
	assert_int_equal(r.ssrc, 0);
	assert_false(dp_rtcp_fb_media(&r, &media));
}

/* A BYE that counts no source is 4 bytes long. */
static void header_alone(void **state)
{
	static const uint8_t bye[] = {0x80, 203, 0, 0};
	uint8_t *data = exact(bye, sizeof(bye));
	struct dp_rtcp r;
	size_t pos = 0;

	assert_true(dp_rtcp_valid(data, sizeof(bye)));
	assert_true(dp_rtcp_next(data, sizeof(bye), &pos, &r));
	assert_int_equal(r.pt, DP_RTCP_BYE);
	assert_int_equal(r.body_len, 0);
	free(data);

	/* Padding flagged in a packet that has no room for any. */
	static const uint8_t padded[] = {0xa0, 203, 0, 0};
	assert_false(valid(padded, sizeof(padded)));
}

/* Every accessor on every kind of packet, with each body length: only its own answers, and only when whole. */
static void accessors_at_each_length(void **state)
{
	static const uint8_t pts[] = {200, 201, 202, 203, 204, 205, 206, 207, 192, 255};
	uint8_t filled[60];

	memset(filled, 0xff, sizeof(filled));
	memcpy(filled + 4, "REMB\x01", 5);
	for (size_t len = 0; len <= sizeof(filled); len++) {
		uint8_t *body = exact(filled, len);

		for (size_t k = 0; k < sizeof(pts) * 32; k++) {
			struct dp_rtcp r = {
				.pt = pts[k / 32], .count = k % 32, .body = body, .body_len = len};
			struct dp_rtcp_sender_info info;
			struct dp_rtcp_report block;
			uint16_t pid, blp;
			uint32_t ssrc;
			uint64_t bps;
			uint8_t seq;
			bool fb = r.pt == 205 || r.pt == 206;
			size_t reports = r.pt == 200 && len >= 20 ? (len - 20) / 24
					 : r.pt == 201            ? len / 24
								  : 0;

			assert_int_equal(dp_rtcp_sender_info(&r, &info), r.pt == 200 && len >= 20);
			assert_int_equal(dp_rtcp_fb_media(&r, &ssrc), fb && len >= 4);
			assert_int_equal(dp_rtcp_nack(&r, 1, &pid, &blp),
				r.pt == 205 && r.count == 1 && len >= 12);
			assert_int_equal(dp_rtcp_fir(&r, 1, &ssrc, &seq),
				r.pt == 206 && r.count == 4 && len >= 20);
			assert_int_equal(dp_rtcp_remb(&r, &bps), r.pt == 206 && r.count == 15 && len >= 16);
			for (unsigned i = 0; i < 3; i++)
				assert_int_equal(dp_rtcp_report(&r, i, &block), i < r.count && i < reports);
			assert_false(dp_rtcp_report(&r, UINT32_MAX, &block));
			assert_false(dp_rtcp_nack(&r, UINT32_MAX, &pid, &blp));
			assert_false(dp_rtcp_fir(&r, UINT32_MAX, &ssrc, &seq));
		}
		free(body);
	}
}

/* Bitrates of 0, of 2^63, and beyond what 64 bits hold. */
static void absurd_estimates(void **state)
{
	static const struct {
		uint8_t exponent_and_mantissa[3];
		uint64_t bps;
	} absurd[] = {
		{{0, 0, 0}, 0},
		{{0xfc, 0, 0}, 0},
		{{0xfc, 0, 1}, UINT64_C(1) << 63},
		{{0xfc, 0, 2}, UINT64_MAX},
		{{0xff, 0xff, 0xff}, UINT64_MAX},
		{{0xbb, 0xff, 0xff}, UINT64_C(0x3ffff) << 46},
		{{0xbf, 0xff, 0xff}, UINT64_MAX},
	};
	uint8_t body[] = {0, 0, 0, 0, 'R', 'E', 'M', 'B', 0, 0, 0, 0};
	struct dp_rtcp r = {.pt = 206, .count = 15, .body = body, .body_len = sizeof(body)};
	uint64_t bps;

	for (unsigned i = 0; i < sizeof(absurd) / sizeof(absurd[0]); i++) {
		memcpy(body + 9, absurd[i].exponent_and_mantissa, 3);
		assert_true(dp_rtcp_remb(&r, &bps));
		assert_true(bps == absurd[i].bps);
	}
}

static void other_application_feedback(void **state)
{
	static const uint8_t body[] = {0, 0, 0, 0, 'R', 'E', 'M', 'X', 0, 0x0b, 0xff, 0xff};
	struct dp_rtcp r = {.pt = 206, .count = 15, .body = body, .body_len = sizeof(body)};
	uint64_t bps;

	assert_false(dp_rtcp_remb(&r, &bps));
}

/* XR (RFC 3611): a block of no interest, RRTR, DLRR with two entries. */
static void extended_report(void **state)
{
	static const uint8_t xr[] = {
		0x80, 207, 0, 13, 0, 0, 0, 7, 42, 0, 0, 1, 1, 2, 3, 4, /* a block of another type */
		4, 0, 0, 2, 0x12, 0x34, 0x56, 0x78, 0x9a, 0xbc, 0xde, 0xf0, /* RRTR */
		5, 0, 0, 6, 0, 0, 0, 9, 1, 2, 3, 4, 0, 1, 0, 0, 0, 0, 0, 8, 5, 6, 7, 8, 0, 2, 0, 0, /* DLRR */
	};
	struct dp_rtcp_dlrr d;
	uint64_t ntp;

	/* cut off anywhere, it has fewer blocks, and nothing behind the end is read */
	for (size_t len = 8; len <= sizeof(xr); len++) {
		uint8_t *data = exact(xr + 8, len - 8);
		struct dp_rtcp r = {.pt = DP_RTCP_XR, .ssrc = 7, .body = data, .body_len = len - 8};

		assert_int_equal(dp_rtcp_rrtr(&r, &ntp), len >= 28);
		assert_int_equal(dp_rtcp_dlrr(&r, 1, &d), len == sizeof(xr));
		assert_false(dp_rtcp_dlrr(&r, 2, &d));
		if (len == sizeof(xr)) {
			assert_true(ntp == 0x123456789abcdef0);
			assert_true(dp_rtcp_dlrr(&r, 1, &d) && d.ssrc == 8 && d.lrr == 0x05060708);
			assert_true(dp_rtcp_dlrr(&r, 0, &d) && d.ssrc == 9 && d.dlrr == 65536);
			r.pt = DP_RTCP_APP;
			assert_false(dp_rtcp_rrtr(&r, &ntp) || dp_rtcp_dlrr(&r, 0, &d));
		}
		free(data);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(walk),
		cmocka_unit_test(truncated_at_each_length),
		cmocka_unit_test(validity),
		cmocka_unit_test(padding_counts),
		cmocka_unit_test(header_alone),
		cmocka_unit_test(accessors_at_each_length),
		cmocka_unit_test(absurd_estimates),
		cmocka_unit_test(other_application_feedback),
		cmocka_unit_test(extended_report),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

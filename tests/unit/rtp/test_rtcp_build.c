/* SPDX-License-Identifier: Apache-2.0 */
/* Every RTCP builder: its bytes, what a parser reads back, and no room. */
#include "tests/unit/rtp/exact.h"

#include "dataplane/rtp/rtcp.h"
#include "dataplane/rtp/rtcp_build.h"

static uint8_t space[2048];

/* The one packet that was built. */
static struct dp_rtcp built(const struct dp_rtcp_buf *b)
{
	struct dp_rtcp r;
	size_t pos = 0;

	assert_true(dp_rtcp_valid(b->data, b->len));
	assert_true(dp_rtcp_next(b->data, b->len, &pos, &r));
	assert_int_equal(pos, b->len);
	return r;
}

static struct dp_rtcp_buf empty(void)
{
	memset(space, 0xee, sizeof(space));
	return (struct dp_rtcp_buf){.data = space, .cap = sizeof(space)};
}

static void sender_report(void **state)
{
	const struct dp_rtcp_sender_info in = {0x83aa7e8012345678, 0xfffffff0, 1000000, 0xfffffffe};
	struct dp_rtcp_buf b = empty();
	struct dp_rtcp_sender_info out;

	assert_true(dp_rtcp_put_sr(&b, 0xcafe, &in));
	assert_int_equal(b.len, 28);
	struct dp_rtcp r = built(&b);
	assert_int_equal(r.pt, DP_RTCP_SR);
	assert_int_equal(r.count, 0);
	assert_int_equal(r.ssrc, 0xcafe);
	assert_true(dp_rtcp_sender_info(&r, &out));
	assert_true(out.ntp == in.ntp);
	assert_int_equal(out.rtp_timestamp, in.rtp_timestamp);
	assert_int_equal(out.packets, in.packets);
	assert_int_equal(out.octets, in.octets);
}

static void receiver_report(void **state)
{
	static const int32_t lost[][2] = {
		{0, 0},
		{1, 1},
		{-1, -1},
		{0x7fffff, 0x7fffff},
		{0x800000, 0x7fffff},
		{INT32_MAX, 0x7fffff},
		{-0x800000, -0x800000},
		{INT32_MIN, -0x800000},
	};
	struct dp_rtcp_report in[32];
	struct dp_rtcp_report out;

	for (uint32_t i = 0; i < 32; i++)
		in[i] = (struct dp_rtcp_report){
			i, (uint8_t)(200 + i), lost[i % 8][0], ~i, i << 20, i << 24, i * 3};
	for (unsigned n = 0; n <= 31; n++) {
		struct dp_rtcp_buf b = empty();

		assert_true(dp_rtcp_put_rr(&b, 7, in, n));
		assert_int_equal(b.len, 8 + 24 * n);
		struct dp_rtcp r = built(&b);
		assert_int_equal(r.pt, DP_RTCP_RR);
		assert_int_equal(r.count, n);
		for (unsigned i = 0; i < n; i++) {
			assert_true(dp_rtcp_report(&r, i, &out));
			assert_int_equal(out.ssrc, in[i].ssrc);
			assert_int_equal(out.fraction_lost, in[i].fraction_lost);
			assert_int_equal(out.total_lost, lost[i % 8][1]);
			assert_int_equal(out.highest_seq, in[i].highest_seq);
			assert_int_equal(out.jitter, in[i].jitter);
			assert_int_equal(out.lsr, in[i].lsr);
			assert_int_equal(out.dlsr, in[i].dlsr);
		}
		assert_false(dp_rtcp_report(&r, n, &out));
	}
	struct dp_rtcp_buf b = empty();
	assert_false(dp_rtcp_put_rr(&b, 7, in, 32));
	assert_int_equal(b.len, 0);
}

/* RFC 3550, 6.5: item, text, then one to four zeros. */
static void cname(void **state)
{
	static const char text[256] = "abcdefgh";

	for (size_t n = 0; n <= 255; n++) {
		struct dp_rtcp_buf b = empty();

		assert_true(dp_rtcp_put_sdes_cname(&b, 9, text, n));
		struct dp_rtcp r = built(&b);
		assert_int_equal(r.pt, DP_RTCP_SDES);
		assert_int_equal(r.count, 1);
		assert_int_equal(r.ssrc, 9);
		assert_int_equal(r.body[0], 1);
		assert_int_equal(r.body[1], n);
		assert_memory_equal(r.body + 2, text, n);
		assert_in_range(r.body_len - 2 - n, 1, 4);
		for (size_t i = 2 + n; i < r.body_len; i++)
			assert_int_equal(r.body[i], 0);
	}
	struct dp_rtcp_buf b = empty();
	assert_false(dp_rtcp_put_sdes_cname(&b, 9, text, 256));
}

static void picture_loss(void **state)
{
	static const uint8_t want[] = {0x81, 206, 0, 2, 0, 0, 0, 1, 0, 0, 0, 2};
	struct dp_rtcp_buf b = empty();

	assert_true(dp_rtcp_put_pli(&b, 1, 2));
	assert_int_equal(b.len, sizeof(want));
	assert_memory_equal(space, want, sizeof(want));
}

/* RFC 5104, 4.3.1: the entry names the SSRC, the header's is 0. */
static void full_intra(void **state)
{
	static const uint8_t want[] = {
		0x84, 206, 0, 4, 0, 0, 0, 1, 0, 0, 0, 0, 0xca, 0xfe, 0, 2, 255, 0, 0, 0};
	struct dp_rtcp_buf b = empty();
	uint32_t ssrc;
	uint8_t seq;

	assert_true(dp_rtcp_put_fir(&b, 1, 0xcafe0002, 255));
	assert_int_equal(b.len, sizeof(want));
	assert_memory_equal(space, want, sizeof(want));
	struct dp_rtcp r = built(&b);
	assert_true(dp_rtcp_fir(&r, 0, &ssrc, &seq));
	assert_int_equal(ssrc, 0xcafe0002);
	assert_int_equal(seq, 255);
	assert_false(dp_rtcp_fir(&r, 1, &ssrc, &seq));
}

static void nack_pairs(void **state)
{
	static const struct {
		uint16_t seqs[6];
		unsigned n, pairs;
		uint16_t pid[3], blp[3];
	} table[] = {
		{{10}, 1, 1, {10}, {0}}, {{10, 11}, 2, 1, {10}, {0x0001}},
		{{10, 26}, 2, 1, {10}, {0x8000}}, /* the last that one BLP holds */
		{{10, 27}, 2, 2, {10, 27}, {0, 0}}, /* and the first that it doesn't */
		{{65535, 0, 15, 16}, 4, 2, {65535, 16}, {0x8001, 0}}, /* over the wrap */
		{{1, 1, 2, 2}, 4, 1, {1}, {0x0001}}, /* repeated */
		{{5, 6, 100, 101, 116, 117}, 6, 3, {5, 100, 117}, {1, 0x8001, 0}},
		{{20, 10}, 2, 2, {20, 10}, {0, 0}}, /* not sorted: longer, not wrong */
	};

	for (size_t t = 0; t < sizeof(table) / sizeof(table[0]); t++) {
		struct dp_rtcp_buf b = empty();
		uint16_t pid, blp;
		uint32_t media;

		assert_true(dp_rtcp_put_nack(&b, 1, 2, table[t].seqs, table[t].n));
		assert_int_equal(b.len, 12 + 4 * table[t].pairs);
		struct dp_rtcp r = built(&b);
		assert_int_equal(r.pt, DP_RTCP_RTPFB);
		assert_int_equal(r.count, DP_RTPFB_NACK);
		assert_true(dp_rtcp_fb_media(&r, &media));
		assert_int_equal(media, 2);
		for (unsigned i = 0; i < table[t].pairs; i++) {
			assert_true(dp_rtcp_nack(&r, i, &pid, &blp));
			assert_int_equal(pid, table[t].pid[i]);
			assert_int_equal(blp, table[t].blp[i]);
		}
		assert_false(dp_rtcp_nack(&r, table[t].pairs, &pid, &blp));
	}
	struct dp_rtcp_buf b = empty();
	assert_false(dp_rtcp_put_nack(&b, 1, 2, table[0].seqs, 0));
	assert_int_equal(b.len, 0);
}

/* 18 bits of mantissa: exact up to there, rounded down behind, never more than was meant. */
static void remb_values(void **state)
{
	static const struct {
		uint64_t in, out;
		uint8_t wire[3];
	} table[] = {
		{0, 0, {0, 0, 0}},
		{1, 1, {0, 0, 1}},
		{0x3ffff, 0x3ffff, {0x03, 0xff, 0xff}},
		{0x40000, 0x40000, {0x06, 0, 0}},
		{0x40001, 0x40000, {0x06, 0, 0}},
		{0x7ffff, 0x7fffe, {0x07, 0xff, 0xff}},
		{2500000, 2500000, {0x12, 0x62, 0x5a}},
		{UINT64_MAX, (uint64_t)0x3ffff << 46, {0xbb, 0xff, 0xff}},
	};
	static const uint32_t media[] = {5, 6, 7};

	for (size_t t = 0; t < sizeof(table) / sizeof(table[0]); t++) {
		struct dp_rtcp_buf b = empty();
		uint64_t bps;

		assert_true(dp_rtcp_put_remb(&b, 1, table[t].in, media, 3));
		assert_int_equal(b.len, 20 + 12);
		struct dp_rtcp r = built(&b);
		assert_int_equal(r.pt, DP_RTCP_PSFB);
		assert_int_equal(r.count, DP_PSFB_AFB);
		assert_memory_equal(r.body, "\0\0\0\0REMB\x03", 9);
		assert_memory_equal(r.body + 9, table[t].wire, 3);
		assert_memory_equal(r.body + 12, "\0\0\0\x05\0\0\0\x06\0\0\0\x07", 12);
		assert_true(dp_rtcp_remb(&r, &bps));
		assert_true(bps == table[t].out);
	}

	struct dp_rtcp_buf b = empty();
	uint32_t many[256] = {0};
	assert_false(dp_rtcp_put_remb(&b, 1, 1, many, 256));
	assert_true(dp_rtcp_put_remb(&b, 1, 1, many, 255));
}

/* What a peer may send: an exponent past 64 bits stays at the top, and doesn't wrap to little. */
static void remb_too_large(void **state)
{
	uint8_t body[12] = "\0\0\0\0REMB";
	struct dp_rtcp r = {.pt = DP_RTCP_PSFB, .count = DP_PSFB_AFB, .body = body, .body_len = 12};
	uint64_t bps;

	memcpy(body + 9, "\xff\xff\xff", 3);
	assert_true(dp_rtcp_remb(&r, &bps));
	assert_true(bps == UINT64_MAX);
	memcpy(body + 9, "\xfc\0\x01", 3);
	assert_true(dp_rtcp_remb(&r, &bps));
	assert_true(bps == (uint64_t)1 << 63);
	memcpy(body + 9, "\xfc\0\x02", 3);
	assert_true(dp_rtcp_remb(&r, &bps));
	assert_true(bps == UINT64_MAX);
	memcpy(body + 9, "\xfc\0\0", 3);
	assert_true(dp_rtcp_remb(&r, &bps));
	assert_int_equal(bps, 0);
}

static bool put(struct dp_rtcp_buf *b, unsigned which)
{
	static const struct dp_rtcp_sender_info info;
	static const struct dp_rtcp_report block[2];
	static const uint16_t seqs[] = {1, 2, 100};
	static const uint32_t media[] = {1, 2};

	switch (which) {
	case 0:
		return dp_rtcp_put_sr(b, 1, &info);
	case 1:
		return dp_rtcp_put_rr(b, 1, block, 2);
	case 2:
		return dp_rtcp_put_sdes_cname(b, 1, "name", 4);
	case 3:
		return dp_rtcp_put_pli(b, 1, 2);
	case 4:
		return dp_rtcp_put_fir(b, 1, 2, 3);
	case 5:
		return dp_rtcp_put_nack(b, 1, 2, seqs, 3);
	default:
		return dp_rtcp_put_remb(b, 1, 1000000, media, 2);
	}
}

/* Room for one byte less than is needed, behind what is there: nothing changes. */
static void no_room(void **state)
{
	for (unsigned which = 0; which < 7; which++) {
		struct dp_rtcp_buf b = empty();

		assert_true(put(&b, which));
		size_t need = b.len;
		assert_int_equal(need % 4, 0);
		for (size_t cap = 0; cap <= need; cap++) {
			uint8_t *data = malloc(8 + cap);

			assert_non_null(data);
			memset(data, 0xee, 8 + cap);
			b = (struct dp_rtcp_buf){.data = data, .len = 8, .cap = 8 + cap};
			assert_int_equal(put(&b, which), cap == need);
			assert_int_equal(b.len, cap == need ? 8 + need : 8);
			for (size_t i = 0; i < (cap == need ? 8 : 8 + cap); i++)
				assert_int_equal(data[i], 0xee);
			free(data);
		}
	}
}

static void compound(void **state)
{
	struct dp_rtcp_buf b = empty();
	static const uint8_t pts[] = {200, 201, 202, 206, 206, 205, 206, 203};
	struct dp_rtcp r;
	size_t pos = 0;

	for (unsigned which = 0; which < 7; which++)
		assert_true(put(&b, which));
	assert_true(dp_rtcp_valid(b.data, b.len));
	for (unsigned which = 0; which < 7; which++) {
		assert_true(dp_rtcp_next(b.data, b.len, &pos, &r));
		assert_int_equal(r.pt, pts[which]);
		assert_int_equal(r.ssrc, 1);
	}
	assert_false(dp_rtcp_next(b.data, b.len, &pos, &r));
}

static void extended_reports(void **state)
{
	static const struct dp_rtcp_dlrr asked = {.ssrc = 5, .lrr = 0x01020304, .dlrr = 99};
	struct dp_rtcp_buf b = empty();
	struct dp_rtcp_dlrr d;
	struct dp_rtcp r;
	size_t pos = 0;
	uint64_t ntp;

	assert_true(dp_rtcp_put_rrtr(&b, 1, 0x123456789abcdef0) && dp_rtcp_put_dlrr(&b, 2, &asked));
	assert_true(dp_rtcp_valid(b.data, b.len));
	assert_true(dp_rtcp_next(b.data, b.len, &pos, &r) && r.ssrc == 1);
	assert_true(dp_rtcp_rrtr(&r, &ntp) && ntp == 0x123456789abcdef0);
	assert_true(dp_rtcp_next(b.data, b.len, &pos, &r) && r.ssrc == 2);
	assert_true(dp_rtcp_dlrr(&r, 0, &d) && d.ssrc == 5 && d.lrr == 0x01020304 && d.dlrr == 99);
	assert_false(dp_rtcp_dlrr(&r, 1, &d) || dp_rtcp_next(b.data, b.len, &pos, &r));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sender_report),
		cmocka_unit_test(receiver_report),
		cmocka_unit_test(cname),
		cmocka_unit_test(picture_loss),
		cmocka_unit_test(full_intra),
		cmocka_unit_test(nack_pairs),
		cmocka_unit_test(remb_values),
		cmocka_unit_test(remb_too_large),
		cmocka_unit_test(no_room),
		cmocka_unit_test(compound),
		cmocka_unit_test(extended_reports),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

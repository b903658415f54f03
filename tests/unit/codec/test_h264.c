/* SPDX-License-Identifier: Apache-2.0 */
/* H264: sizes in sequence parameter sets, prefix units, and frames that nothing refers to. */
#include "tests/unit/rtp/exact.h"

#include "dataplane/codec/bits.h"
#include "dataplane/codec/h264.h"
#include "dataplane/codec/h264_sps.h"

enum { SPS_SIZE = 64 };

static void put_ue(uint8_t *sps, size_t *at, uint32_t v)
{
	unsigned width = 0;

	for (uint32_t x = v + 1; x > 1; x >>= 1)
		width++;
	dp_bits_put(sps, at, 0, width);
	dp_bits_put(sps, at, v + 1, width + 1);
}

/* A set of a high profile with all that can stand before the size. Returns its length. */
static size_t make_high(uint8_t *sps, unsigned chroma, unsigned crop_bottom, bool frames_only)
{
	size_t at = 0;

	dp_bits_put(sps, &at, 0x67640028, 32);
	put_ue(sps, &at, 0);
	put_ue(sps, &at, chroma);
	if (chroma == 3)
		dp_bits_put(sps, &at, 0, 1);
	put_ue(sps, &at, 0);
	put_ue(sps, &at, 0);
	dp_bits_put(sps, &at, 1, 2); /* scaling lists follow: one of them, which ends at once */
	dp_bits_put(sps, &at, 1, 1);
	put_ue(sps, &at, 16); /* se: -8 */
	dp_bits_put(sps, &at, 0, chroma == 3 ? 11 : 7);
	put_ue(sps, &at, 0);
	put_ue(sps, &at, 1); /* pic_order_cnt_type, with a cycle of two */
	dp_bits_put(sps, &at, 0, 1);
	put_ue(sps, &at, 3);
	put_ue(sps, &at, 4);
	put_ue(sps, &at, 2);
	put_ue(sps, &at, 5);
	put_ue(sps, &at, 6);
	put_ue(sps, &at, 4);
	dp_bits_put(sps, &at, 0, 1);
	put_ue(sps, &at, 119); /* 1920 */
	put_ue(sps, &at, frames_only ? 67 : 33); /* 1088 */
	dp_bits_put(sps, &at, frames_only, 1);
	if (!frames_only)
		dp_bits_put(sps, &at, 0, 1);
	dp_bits_put(sps, &at, 1, 1);
	dp_bits_put(sps, &at, 1, 1);
	put_ue(sps, &at, 0);
	put_ue(sps, &at, 0);
	put_ue(sps, &at, 0);
	put_ue(sps, &at, crop_bottom);
	return (at + 7) / 8;
}

static void check_size(const uint8_t *sps, size_t len, unsigned width, unsigned height)
{
	uint8_t *copy = exact(sps, len);
	struct dp_picture_size size = {0};

	assert_true(dp_h264_size(&size, copy, len));
	assert_int_equal(size.width, width);
	assert_int_equal(size.height, height);
	free(copy);
}

static void sizes_of_real_encoders(void **state)
{
	/* Chromium's OpenH264, 640x360; x264, 1920x1080 */
	check_size((const uint8_t *)"\x67\x42\xc0\x1f\x8c\x8d\x70\x50\x17\xfc\xb3\x70\x10\xd0\x10\x78\x44\x23"
				    "\x70",
		19, 640, 360);
	check_size((const uint8_t *)"\x67\x64\x00\x28\xac\xd9\x40\x78\x02\x27\xe5\xc0\x44\x00\x00\x03\x00\x04"
				    "\x00\x00\x03"
				    "\x00\xf0\x3c\x60\xc6\x58",
		27, 1920, 1080);
}

static void each_field_before_the_size_is_skipped(void **state)
{
	static const struct {
		unsigned chroma, crop;
		bool frames_only;
	} cases[] = {{1, 4, true}, {1, 2, false}, {0, 8, true}, {2, 8, true}, {3, 8, true}, {3, 4, false}};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		uint8_t sps[SPS_SIZE] = {0};
		size_t len = make_high(sps, cases[i].chroma, cases[i].crop, cases[i].frames_only);

		check_size(sps, len, 1920, 1080);
	}
}

static void what_is_cut_off_or_absurd_has_no_size(void **state)
{
	uint8_t sps[SPS_SIZE] = {0};
	size_t len = make_high(sps, 1, 4, true);
	struct dp_picture_size size = {.width = 7};

	for (size_t cut = 0; cut < len; cut++) {
		uint8_t *copy = exact(sps, cut);

		assert_false(dp_h264_size(&size, copy, cut));
		free(copy);
	}
	memset(sps, 0, sizeof(sps));
	len = make_high(sps, 1, 600, true); /* more is cropped than there is */
	assert_false(dp_h264_size(&size, sps, len));
	memset(sps, 0, sizeof(sps)); /* a code of more than 31 zeros */
	assert_false(dp_h264_size(&size, sps, sizeof(sps)));
	assert_int_equal(size.width, 7);
}

static struct dp_h264 parse(const char *bytes, size_t len)
{
	uint8_t *payload = exact(bytes, len);
	struct dp_h264 h;

	dp_h264_parse(&h, payload, len);
	free(payload);
	return h;
}
#define PARSE(text) parse(text, sizeof(text) - 1)

static void a_prefix_unit_tells_the_temporal_layer(void **state)
{
	struct dp_h264 h = PARSE("\x78\0\x04\x6e\x80\x00\x5f\0\x02\x41\x9a");

	assert_int_equal(h.units, DP_H264_PREFIX | DP_H264_SLICE | DP_H264_REFERENCE);
	assert_int_equal(h.temporal, 2);
	assert_int_equal(PARSE("\x6e\x80\x00\x3f").temporal, 1);
	assert_int_equal(PARSE("\x6e\x00\x00\x3f").units, 0); /* MVC's */
	assert_int_equal(PARSE("\x6e\x80\x00").units, 0);
}

static void slices_that_nothing_refers_to(void **state)
{
	assert_int_equal(PARSE("\x01\x9a").units, DP_H264_SLICE);
	assert_int_equal(PARSE("\x41\x9a").units, DP_H264_SLICE | DP_H264_REFERENCE);
	assert_int_equal(PARSE("\x1c\x81\x9a").units, DP_H264_SLICE);
	assert_int_equal(PARSE("\x5c\x01\x9a").units, DP_H264_SLICE | DP_H264_REFERENCE);
	assert_int_equal(PARSE("\x78\0\x02\x01\x9a\0\x02\x41\x9a").units, DP_H264_SLICE | DP_H264_REFERENCE);
	assert_true(PARSE("\x78\0\x02\x01\x9a\0\x09\x41\x9a").units & DP_H264_MALFORMED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sizes_of_real_encoders),
		cmocka_unit_test(each_field_before_the_size_is_skipped),
		cmocka_unit_test(what_is_cut_off_or_absurd_has_no_size),
		cmocka_unit_test(a_prefix_unit_tells_the_temporal_layer),
		cmocka_unit_test(slices_that_nothing_refers_to),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

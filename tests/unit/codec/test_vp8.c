/* SPDX-License-Identifier: Apache-2.0 */
/* VP8's payload descriptor: each field, each cut, and written anew. */
#include "tests/unit/rtp/exact.h"

#include <errno.h>

#include "dataplane/codec/vp8.h"

static struct dp_frame_info parse(const char *bytes, size_t len)
{
	uint8_t *payload = exact(bytes, len);
	struct dp_frame_info f;

	assert_int_equal(dp_vp8_parse(&f, payload, len), 0);
	free(payload);
	return f;
}
#define PARSE(text) parse(text, sizeof(text) - 1)

static void each_field_is_read(void **state)
{
	struct dp_frame_info f = PARSE("\x90\xf0\x9c\xdd\x9e\xa7\x00");

	assert_int_equal(f.flags, DP_FRAME_KEY | DP_FRAME_START | DP_FRAME_SWITCH | DP_FRAME_PICTURE_ID |
					  DP_FRAME_PICTURE_ID_LONG | DP_FRAME_TL0PICIDX | DP_FRAME_KEYIDX |
					  DP_FRAME_LAYERS);
	assert_int_equal(f.picture_id, 0x1cdd);
	assert_int_equal(f.tl0picidx, 0x9e);
	assert_int_equal(f.temporal, 2);
	assert_int_equal(f.keyidx, 7);
	f = PARSE("\xb0\x80\x7f\x01");
	assert_int_equal(f.flags,
		DP_FRAME_START | DP_FRAME_INTER_PICTURE | DP_FRAME_DISCARDABLE | DP_FRAME_PICTURE_ID);
	assert_int_equal(f.picture_id, 0x7f);
	f = PARSE("\x80\x20\x40\x00"); /* T alone, without Y, within a frame */
	assert_int_equal(f.flags, DP_FRAME_LAYERS);
	assert_int_equal(f.temporal, 1);
	assert_int_equal(PARSE("\x01\x00").flags, 0);
}

static void what_is_cut_off_is_refused(void **state)
{
	static const uint8_t whole[] = {0x90, 0xf0, 0x9c, 0xdd, 0x9e, 0xa7, 0x00};
	struct dp_frame_info f;

	for (size_t len = 0; len < sizeof(whole); len++) {
		uint8_t *payload = exact(whole, len);

		assert_int_equal(dp_vp8_parse(&f, payload, len), EINVAL);
		free(payload);
	}
}

static void a_key_frame_tells_its_size(void **state)
{
	static const uint8_t key[] = {
		0x90, 0x80, 0x11, 0x10, 0x02, 0x00, 0x9d, 0x01, 0x2a, 0xc0, 0x43, 0x1c, 0x82};
	struct dp_picture_size size = {0};

	assert_true(dp_vp8_size(&size, key, sizeof(key))); /* without the two bits of scaling */
	assert_int_equal(size.width, 960);
	assert_int_equal(size.height, 540);
	for (size_t len = 0; len < sizeof(key); len++) {
		uint8_t *payload = exact(key, len);

		assert_false(dp_vp8_size(&size, payload, len));
		free(payload);
	}
}

static void check_rewrite(const char *from, const char *to, size_t to_len, size_t replaced)
{
	const struct dp_frame_ids ids = {.picture_id = 0x1234, .tl0picidx = 0x56, .keyidx = 0x1f};
	uint8_t dst[DP_PATCH_MAX], *payload = exact(from, replaced);
	size_t n = 0;

	assert_int_equal(dp_vp8_rewrite(dst, payload, &ids, &n), to_len);
	assert_int_equal(n, replaced);
	assert_memory_equal(dst, to, to_len);
	free(payload);
}

static void other_ids_are_written(void **state)
{
	check_rewrite("\x90\xf0\x9c\xdd\x9e\xa7", "\x90\xf0\x92\x34\x56\xbf", 6, 6);
	check_rewrite("\x90\xe0\x9c\xdd\x9e\xa7", "\x90\xe0\x92\x34\x56\xa7", 6, 6); /* no KEYIDX */
	check_rewrite("\x90\x50\x9e\x00", "\x90\x50\x56\x1f", 4, 4); /* no picture id */
	check_rewrite("\x90\x20\xe0", "\x90\x20\xe0", 3, 3);
	check_rewrite("\x90\x00", "\x90\x00", 2, 2);
	check_rewrite("\x10", "\x10", 1, 1);
}

static void a_short_picture_id_grows(void **state)
{
	check_rewrite("\x90\xf0\x7f\x9e\xa7", "\x90\xf0\x92\x34\x56\xbf", 6, 5);
	check_rewrite("\x90\x80\x7f", "\x90\x80\x92\x34", 4, 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_field_is_read),
		cmocka_unit_test(what_is_cut_off_is_refused),
		cmocka_unit_test(a_key_frame_tells_its_size),
		cmocka_unit_test(other_ids_are_written),
		cmocka_unit_test(a_short_picture_id_grows),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* VP9's payload descriptor: both modes, the scalability structure, and written anew. */
#include "tests/unit/rtp/exact.h"

#include <errno.h>

#include "dataplane/codec/vp9.h"

static int parse(struct dp_frame_info *f, struct dp_layers *layers, const char *bytes, size_t len)
{
	uint8_t *payload = exact(bytes, len);
	int error = dp_vp9_parse(f, layers, payload, len);

	free(payload);
	return error;
}
#define PARSE(f, layers, text) parse(f, layers, text, sizeof(text) - 1)

static void flexible_mode(void **state)
{
	struct dp_layers layers = {0};
	struct dp_frame_info f;

	/* I P L F B E Z; TID 2, U, SID 1, D; two references */
	assert_int_equal(PARSE(&f, &layers, "\xfd\xd1\x9e\x53\x03\x04z"), 0);
	assert_int_equal(f.flags, DP_FRAME_START | DP_FRAME_END | DP_FRAME_SWITCH | DP_FRAME_INTER_LAYER |
					  DP_FRAME_INTER_PICTURE | DP_FRAME_NOT_UPPER | DP_FRAME_PICTURE_ID |
					  DP_FRAME_PICTURE_ID_LONG | DP_FRAME_LAYERS);
	assert_int_equal(f.picture_id, 0x519e);
	assert_int_equal(f.temporal, 2);
	assert_int_equal(f.spatial, 1);
	assert_int_equal(PARSE(&f, &layers, "\xd0\x11\x03\x03\x03"), EINVAL); /* and no end */
	assert_int_equal(PARSE(&f, &layers, "\xd0\x11\x03\x03\x02z"), 0);
	assert_int_equal(PARSE(&f, &layers, "\xd0\x11\x03\x03\x03\x02z"), EINVAL); /* a fourth reference */
	assert_int_equal(layers.spatial, 0);
}

static void non_flexible_mode(void **state)
{
	struct dp_layers layers = {0};
	struct dp_frame_info f;

	assert_int_equal(PARSE(&f, &layers, "\xa8\x11\x00\x99z"), 0);
	assert_int_equal(f.flags,
		DP_FRAME_KEY | DP_FRAME_START | DP_FRAME_PICTURE_ID | DP_FRAME_LAYERS | DP_FRAME_TL0PICIDX);
	assert_int_equal(f.tl0picidx, 0x99);
	assert_int_equal(f.picture_id, 0x11);
	assert_int_equal(PARSE(&f, &layers, "\xe4\x11\x24\x99z"), 0); /* no reference indices in this mode */
	assert_int_equal(f.flags, DP_FRAME_END | DP_FRAME_INTER_PICTURE | DP_FRAME_PICTURE_ID |
					  DP_FRAME_LAYERS | DP_FRAME_TL0PICIDX);
	assert_int_equal(f.temporal, 1);
	assert_int_equal(f.spatial, 2);
}

static void the_structure_tells_layers_and_sizes(void **state)
{
	static const char key[] = "\xae\x11\x00\x99\x38\x01\x40\x00\xb4\x02\x80\x01\x68\x02\x00\x04\x01z";
	const size_t len = sizeof(key) - 1;
	struct dp_layers layers = {0};
	struct dp_frame_info f;

	for (size_t cut = 0; cut < len; cut++) {
		assert_int_equal(parse(&f, &layers, key, cut), EINVAL);
		assert_int_equal(layers.spatial, 0);
	}
	assert_int_equal(parse(&f, &layers, key, len), 0);
	assert_true(f.flags & DP_FRAME_STRUCTURE);
	assert_int_equal(layers.spatial, 2);
	assert_int_equal(layers.size[0].width, 320);
	assert_int_equal(layers.size[1].height, 360);
	/* 255 pictures of a group that is not there */
	assert_int_equal(PARSE(&f, &layers, "\x0a\x08\xff\x0c\x01\x02\x03"), EINVAL);
}

static void an_upper_layer_is_no_key_by_itself(void **state)
{
	struct dp_layers layers = {0};
	struct dp_frame_info f;

	assert_int_equal(PARSE(&f, &layers, "\xb8\x11\x03z"), 0);
	assert_false(f.flags & (DP_FRAME_KEY | DP_FRAME_INTER_PICTURE));
}

static void check_rewrite(const char *from, const char *to, size_t to_len, size_t replaced)
{
	const struct dp_frame_ids ids = {.picture_id = 0x1234, .tl0picidx = 0x56};
	uint8_t dst[DP_PATCH_MAX], *payload = exact(from, replaced);
	size_t n = 0;

	assert_int_equal(dp_vp9_rewrite(dst, payload, &ids, &n), to_len);
	assert_int_equal(n, replaced);
	assert_memory_equal(dst, to, to_len);
	free(payload);
}

static void other_ids_are_written(void **state)
{
	check_rewrite("\xa8\xd1\x9e\x20\x99", "\xa8\x92\x34\x20\x56", 5, 5);
	check_rewrite("\xa8\x11\x20\x99", "\xa8\x92\x34\x20\x56", 5, 4); /* it grows */
	check_rewrite("\xb8\xd1\x9e", "\xb8\x92\x34", 3, 3); /* flexible: no TL0PICIDX */
	check_rewrite("\x28\x20\x99", "\x28\x20\x56", 3, 3); /* no picture id */
	check_rewrite("\x08", "\x08", 1, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(flexible_mode),
		cmocka_unit_test(non_flexible_mode),
		cmocka_unit_test(the_structure_tells_layers_and_sizes),
		cmocka_unit_test(an_upper_layer_is_no_key_by_itself),
		cmocka_unit_test(other_ids_are_written),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

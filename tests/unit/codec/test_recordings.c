/* SPDX-License-Identifier: Apache-2.0 */
/* What Chromium sends for each way of layers, read packet by packet: tests/fixtures/record.mjs. */
#include "tests/unit/rtp/exact.h"

#include "dataplane/codec/point.h"
#include "tests/unit/codec/recorded.h"

enum { ENCODINGS = 3 };

/* One encoding, and what was seen of it. */
struct seen {
	char rid[8];
	struct dp_codec codec;
	struct dp_dependencies dependencies;
	unsigned frames, keys, begins, per_layer[DP_SPATIAL_MAX][DP_TEMPORAL_MAX];
	bool started;
	uint16_t id; /* picture id or frame number of the packet before */
};

static struct seen *seen_by(struct seen *all, const char *rid, enum sh_codec codec)
{
	unsigned i = 0;

	while (all[i].rid[0] && strcmp(all[i].rid, rid) != 0)
		assert_true(++i < ENCODINGS);
	if (!all[i].rid[0]) {
		memcpy(all[i].rid, rid, sizeof(all[i].rid));
		dp_codec_init(&all[i].codec, codec, &all[i].dependencies);
	}
	return &all[i];
}

/* Ids rise by 1 with each picture, frame numbers by 1 with each frame of all encodings. */
static void check_ids(struct seen *s, const struct dp_frame_info *f, unsigned encodings)
{
	bool has_descriptor = f->flags & DP_FRAME_DEPENDENCIES;
	uint16_t id = has_descriptor ? f->frame_number : f->picture_id;
	uint16_t step = (uint16_t)((id - s->id) & (has_descriptor ? 0xffff : 0x7fff));
	bool is_next = f->flags & DP_FRAME_START && (has_descriptor || f->spatial == 0);

	if (!(f->flags & (DP_FRAME_DEPENDENCIES | DP_FRAME_PICTURE_ID)))
		return;
	if (s->started)
		assert_int_equal(step, !is_next ? 0 : has_descriptor ? encodings : 1);
	s->started = true;
	s->id = id;
}

static void note(struct seen *s, const struct recorded *r, unsigned encodings)
{
	struct dp_frame_info f;

	assert_int_equal(dp_codec_packet(&s->codec, &r->packet, &f), 0);
	if (r->packet.payload_len == 0) {
		assert_int_equal(f.flags, 0);
		return;
	}
	check_ids(s, &f, encodings);
	assert_true(!r->packet.marker || f.flags & DP_FRAME_END);
	if (f.flags & DP_FRAME_START) {
		s->frames++;
		s->per_layer[f.spatial][f.temporal]++;
		s->keys += f.flags & DP_FRAME_KEY && f.spatial == 0;
	}
	s->begins += (f.flags & DP_FRAME_BEGINS) != 0;
}

/* 16:9, where some encoders need an even height. */
static void check_size(const struct dp_picture_size *size, unsigned width)
{
	assert_int_equal(size->width, width);
	assert_in_range(size->height, (width * 9 / 16) & ~1U, width * 9 / 16);
}

/*
 * Reads a recording: `spatial` and `temporal` layers in each of `encodings`, of which the highest
 * is `width` wide, and each has half the width of the next.
 */
static void check(const char *name, enum sh_codec codec, unsigned encodings, unsigned spatial,
	unsigned temporal, unsigned width)
{
	struct seen *all = calloc(ENCODINGS, sizeof(*all));
	struct recording r = recording_read(name);

	assert_non_null(all);
	for (size_t i = 0; i < r.count; i++)
		note(seen_by(all, r.packets[i].rid, codec), &r.packets[i], encodings);
	for (unsigned i = 0; i < encodings; i++) {
		struct seen *s = &all[i];
		const struct dp_layers *l = &s->codec.layers;
		unsigned shift = s->rid[0] == 'q' ? 2 : s->rid[0] == 'h' ? 1 : 0;

		assert_true(s->frames > 10 && s->keys >= 1 && s->keys == s->begins);
		assert_int_equal(l->spatial, spatial);
		assert_int_equal(l->temporal, temporal);
		for (unsigned sid = 0; sid < spatial; sid++) {
			check_size(&l->size[sid], width >> (shift + spatial - 1 - sid));
			for (unsigned tid = 0; tid < temporal; tid++)
				assert_true(s->per_layer[sid][tid] > 0);
		}
	}
	recording_free(&r);
	free(all);
}

static void vp8(void **state)
{
	check("vp8-simulcast-l1t3", SH_CODEC_VP8, 3, 1, 3, 960);
	/* Chromium leaves everything out of the payload descriptor that the other descriptor tells. */
	check("vp8-descriptor-l1t3", SH_CODEC_VP8, 1, 1, 3, 640);
}

static void vp9(void **state)
{
	check("vp9-l1t2", SH_CODEC_VP9, 1, 1, 2, 960);
	check("vp9-l1t3", SH_CODEC_VP9, 1, 1, 3, 960);
	check("vp9-l3t3", SH_CODEC_VP9, 1, 3, 3, 960);
	check("vp9-l3t3-key", SH_CODEC_VP9, 1, 3, 3, 960);
}

static void h264(void **state)
{
	check("h264-simulcast", SH_CODEC_H264, 3, 1, 1, 960);
	check("h264-descriptor-l1t3", SH_CODEC_H264, 1, 1, 3, 640);
}

static void av1(void **state)
{
	check("av1-l1t3", SH_CODEC_AV1, 1, 1, 3, 960);
	check("av1-l3t3", SH_CODEC_AV1, 1, 3, 3, 960);
	check("av1-l3t3-key", SH_CODEC_AV1, 1, 3, 3, 960);
	check("av1-simulcast-l1t2", SH_CODEC_AV1, 3, 1, 2, 960);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(vp8),
		cmocka_unit_test(vp9),
		cmocka_unit_test(h264),
		cmocka_unit_test(av1),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

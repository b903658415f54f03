/* SPDX-License-Identifier: Apache-2.0 */
/* What one packet after the other tells of a stream, whatever its codec. */
#include "tests/unit/rtp/exact.h"

#include <errno.h>

#include "dataplane/codec/codec.h"

/* One packet, with what dp_codec_packet() must say of it. */
struct step {
	uint32_t timestamp;
	bool marker;
	const char *payload; /* terminated by NUL */
	const char *descriptor; /* likewise; NULL: none */
	int error;
	unsigned flags;
	uint8_t temporal;
};

static void run_steps(struct dp_codec *c, const struct step *steps, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		size_t len = strlen(steps[i].payload),
		       d_len = steps[i].descriptor ? strlen(steps[i].descriptor) : 0;
		uint8_t *bytes = malloc(d_len + len + 1);
		struct dp_codec_packet p = {
			.seq = 65536 + i,
			.timestamp = steps[i].timestamp,
			.marker = steps[i].marker,
			.payload_len = (uint16_t)len,
			.descriptor_len = (uint8_t)d_len,
			.payload = bytes + d_len,
			.descriptor = bytes,
		};
		struct dp_frame_info f;

		assert_non_null(bytes);
		if (d_len)
			memcpy(bytes, steps[i].descriptor, d_len);
		memcpy(bytes + d_len, steps[i].payload, len);
		if (dp_codec_packet(c, &p, &f) != steps[i].error || f.flags != steps[i].flags ||
			f.temporal != steps[i].temporal)
			fail_msg("step %zu: flags %#x, temporal layer %u", i, f.flags, f.temporal);
		assert_int_equal(f.dd_back, len ? d_len : 0);
		free(bytes);
	}
}
#define STEPS(c, ...)                                                                                        \
	do {                                                                                                 \
		const struct step steps[] = {__VA_ARGS__};                                                   \
		run_steps(c, steps, sizeof(steps) / sizeof(steps[0]));                                       \
	} while (0)

enum {
	KEY = DP_FRAME_KEY,
	BEGINS = DP_FRAME_BEGINS,
	START = DP_FRAME_START,
	END = DP_FRAME_END,
	INTER = DP_FRAME_INTER_PICTURE,
	LAYERS = DP_FRAME_LAYERS,
	UNREFERENCED = DP_FRAME_DISCARDABLE,
};

static void all_packets_of_a_key_frame_are_marked(void **state)
{
	struct dp_codec c;

	dp_codec_init(&c, SH_CODEC_VP8, NULL);
	STEPS(&c, {10, false, "\x10\x10", NULL, 0, KEY | BEGINS | START, 0},
		{10, true, "\x01\x01", NULL, 0, KEY | END, 0},
		{20, false, "\x10\x01", NULL, 0, START | INTER, 0}, {10, false, "\x02\x01", NULL, 0, KEY, 0},
		{20, true, "\x01\x01", NULL, 0, END, 0});
	dp_codec_init(&c, SH_CODEC_VP9, NULL);
	STEPS(&c, {10, false, "\x3c\x10z", NULL, 0, KEY | BEGINS | START | END | LAYERS | DP_FRAME_SWITCH, 0},
		{10, true, "\x3c\x03z", NULL, 0, KEY | START | END | LAYERS | DP_FRAME_INTER_LAYER, 0},
		{20, true, "\x7c\x03\x02z", NULL, 0, START | END | LAYERS | INTER | DP_FRAME_INTER_LAYER, 0});
	assert_int_equal(c.layers.spatial, 2);
}

static void h264_frames_are_found_by_their_timestamps(void **state)
{
	struct dp_codec c;

	dp_codec_init(&c, SH_CODEC_H264, NULL);
	STEPS(&c, {10, false, "\x67\x42", NULL, 0, KEY | BEGINS | START, 0},
		{10, true, "\x65\x88", NULL, 0, KEY | END, 0}, {20, false, "\x41\x9a", NULL, 0, START, 0},
		{20, true, "\x41\x9a", NULL, 0, END, 0},
		{30, true, "\x01\x9a", NULL, 0, START | END | UNREFERENCED, 0},
		{25, true, "\x41\x9a", NULL, 0, END, 0},
		{40, true, "\x79\x9a", NULL, EINVAL, START | END, 0});
}

static void a_prefix_unit_is_valid_for_its_frame(void **state)
{
	struct dp_codec c;

	dp_codec_init(&c, SH_CODEC_H264, NULL);
	STEPS(&c, {10, false, "\x6e\x80\x01\x5f", NULL, 0, START | LAYERS, 2},
		{10, true, "\x01\x9a", NULL, 0, END | LAYERS | UNREFERENCED, 2},
		{20, true, "\x41\x9a", NULL, 0, START | END, 0});
	assert_int_equal(c.layers.temporal, 3);
}

static void av1_without_descriptor(void **state)
{
	struct dp_codec c;

	dp_codec_init(&c, SH_CODEC_AV1, NULL);
	STEPS(&c, {10, false, "\x18\x0a", NULL, 0, KEY | BEGINS | START, 0},
		{10, true, "\x90\x0a", NULL, 0, KEY | END, 0},
		{20, true, "\x10\x32", NULL, 0, START | END, 0},
		{30, true, "\x88\x0a", NULL, EINVAL, START | END, 0});
}

static void a_descriptor_tells_what_the_payload_does_not(void **state)
{
	struct dp_dependencies d = {0};
	struct dp_codec c;

	dp_codec_init(&c, SH_CODEC_VP8, &d);
	/* Its payload names the layers: the other descriptor is not read. */
	STEPS(&c, {10, true, "\x90\x20\x40\x10", "\xc1\x01\x01", 0, KEY | BEGINS | START | END | LAYERS, 1});
	dp_codec_init(&c, SH_CODEC_AV1, &d);
	STEPS(&c, {10, true, "\x18\x0a", "\xc1\x01\x01", ENOENT, KEY | BEGINS | START | END, 0},
		{20, true, "\x10\x32", "\xc1\x01", EINVAL, START | END, 0});
	assert_false(d.known);
}

static void padding_belongs_to_no_frame(void **state)
{
	struct dp_dependencies d = {0};
	struct dp_codec c;

	for (enum sh_codec codec = SH_CODEC_VP8; codec <= SH_CODEC_AV1; codec++) {
		dp_codec_init(&c, codec, &d);
		STEPS(&c, {10, false, "", NULL, 0, 0, 0}, {10, false, "", "\xc1\x01\x01", 0, 0, 0});
		assert_int_equal(c.layers.spatial, 0);
	}
}

static void audio_begins_anywhere(void **state)
{
	struct dp_codec c;

	dp_codec_init(&c, SH_CODEC_OPUS, NULL);
	STEPS(&c, {10, false, "\xfc", NULL, 0, KEY | BEGINS | START | END, 0},
		{20, false, "", NULL, 0, KEY | BEGINS | START | END, 0});
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_packets_of_a_key_frame_are_marked),
		cmocka_unit_test(h264_frames_are_found_by_their_timestamps),
		cmocka_unit_test(a_prefix_unit_is_valid_for_its_frame),
		cmocka_unit_test(av1_without_descriptor),
		cmocka_unit_test(a_descriptor_tells_what_the_payload_does_not),
		cmocka_unit_test(padding_belongs_to_no_frame),
		cmocka_unit_test(audio_begins_anywhere),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

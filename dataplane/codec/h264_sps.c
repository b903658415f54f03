/* SPDX-License-Identifier: Apache-2.0 */
#include "dataplane/codec/h264_sps.h"

#include "dataplane/codec/bits.h"

enum {
	SPS_MAX = 512, /* with two scaling lists of each size: some 300 */
	GOLOMB_MAX = 31, /* leading zeros of the longest code of 32 bits */
	MACROBLOCK = 16,
};

/* Copies the bits of a NAL unit without the bytes that prevent start codes (H.264, 7.4.1). */
static size_t unescape(uint8_t *dst, const uint8_t *src, size_t len)
{
	size_t n = 0, zeros = 0;

	for (size_t i = 0; i < len && n < SPS_MAX; i++) {
		if (zeros >= 2 && src[i] == 3) {
			zeros = 0;
			continue;
		}
		zeros = src[i] == 0 ? zeros + 1 : 0;
		dst[n++] = src[i];
	}
	return n;
}

/* ue(v) (H.264, 9.1) */
static uint32_t get_ue(struct dp_bits *b)
{
	unsigned zeros = 0;

	while (!b->failed && !dp_bits_flag(b))
		zeros++;
	if (b->failed || zeros > GOLOMB_MAX) {
		b->failed = true;
		return 0;
	}
	return (uint32_t)((1ULL << zeros) - 1 + dp_bits_get(b, zeros));
}

static int32_t get_se(struct dp_bits *b)
{
	uint32_t v = get_ue(b);

	return (int32_t)(v & 1 ? v / 2 + 1 : -(v / 2));
}

static void skip_scaling_list(struct dp_bits *b, unsigned size)
{
	uint32_t last = 8, next = 8;

	for (unsigned i = 0; i < size && next != 0 && !b->failed; i++) {
		next = (last + (uint32_t)get_se(b)) & 0xff;
		last = next ? next : last;
	}
}

static bool is_high(uint32_t profile)
{
	static const uint8_t high[] = {100, 110, 122, 244, 44, 83, 86, 118, 128, 138, 139, 134, 135};
	bool found = false;

	for (size_t i = 0; i < sizeof(high); i++)
		found |= profile == high[i];
	return found;
}

/* The format of the chroma samples, which cropping counts in. */
struct chroma {
	uint32_t format; /* chroma_format_idc */
	bool separate; /* its planes are coded like three monochrome pictures */
};

/* Reads the fields that only the high profiles have. */
static void get_high(struct dp_bits *b, struct chroma *chroma)
{
	chroma->format = get_ue(b);
	if (chroma->format == 3)
		chroma->separate = dp_bits_flag(b);
	get_ue(b); /* bit_depth_luma_minus8 */
	get_ue(b); /* bit_depth_chroma_minus8 */
	dp_bits_flag(b); /* qpprime_y_zero_transform_bypass_flag */
	if (!dp_bits_flag(b)) /* seq_scaling_matrix_present_flag */
		return;
	for (unsigned i = 0; i < (chroma->format == 3 ? 12 : 8); i++)
		if (dp_bits_flag(b))
			skip_scaling_list(b, i < 6 ? 16 : 64);
}

static void skip_order_count(struct dp_bits *b)
{
	switch (get_ue(b)) { /* pic_order_cnt_type */
	case 0:
		get_ue(b); /* log2_max_pic_order_cnt_lsb_minus4 */
		return;
	case 1:
		dp_bits_flag(b); /* delta_pic_order_always_zero_flag */
		get_ue(b); /* offset_for_non_ref_pic */
		get_ue(b); /* offset_for_top_to_bottom_field */
		for (uint32_t n = get_ue(b); n > 0 && !b->failed; n--)
			get_ue(b); /* offset_for_ref_frame */
	}
}

/* Returns the pixels of `units` of `size` without the cropped ones; 0: not possible. */
static uint16_t cropped(uint64_t units, unsigned size, uint64_t crop, unsigned crop_unit)
{
	uint64_t pixels = units * size, cut = crop * crop_unit;

	return pixels > cut && pixels - cut <= UINT16_MAX ? (uint16_t)(pixels - cut) : 0;
}

/* Reads the fields of the size, from pic_width_in_mbs_minus1 on. */
static struct dp_picture_size get_size(struct dp_bits *b, const struct chroma *chroma)
{
	uint64_t width = (uint64_t)get_ue(b) + 1, height = (uint64_t)get_ue(b) + 1, crop_x = 0, crop_y = 0;
	unsigned fields = dp_bits_flag(b) ? 1 : 2; /* frame_mbs_only_flag */
	bool is_sampled = !chroma->separate;
	unsigned unit_x = is_sampled && (chroma->format == 1 || chroma->format == 2) ? 2 : 1;
	unsigned unit_y = is_sampled && chroma->format == 1 ? 2 : 1;

	if (fields == 2)
		dp_bits_flag(b); /* mb_adaptive_frame_field_flag */
	dp_bits_flag(b); /* direct_8x8_inference_flag */
	if (dp_bits_flag(b)) { /* frame_cropping_flag */
		crop_x = get_ue(b);
		crop_x += get_ue(b);
		crop_y = get_ue(b);
		crop_y += get_ue(b);
	}
	return (struct dp_picture_size){
		.width = cropped(width, MACROBLOCK, crop_x, unit_x),
		.height = cropped(height, MACROBLOCK * fields, crop_y, unit_y * fields),
	};
}

bool dp_h264_size(struct dp_picture_size *out, const uint8_t *sps, size_t len)
{
	uint8_t plain[SPS_MAX];
	struct dp_bits b = dp_bits_init(plain, unescape(plain, sps, len));
	struct chroma chroma = {.format = 1};
	struct dp_picture_size size;
	uint32_t profile;

	dp_bits_get(&b, 8); /* the unit's header */
	profile = dp_bits_get(&b, 8);
	dp_bits_get(&b, 16); /* constraints, level_idc */
	get_ue(&b); /* seq_parameter_set_id */
	if (is_high(profile))
		get_high(&b, &chroma);
	get_ue(&b); /* log2_max_frame_num_minus4 */
	skip_order_count(&b);
	get_ue(&b); /* max_num_ref_frames */
	dp_bits_flag(&b); /* gaps_in_frame_num_value_allowed_flag */
	size = get_size(&b, &chroma);
	if (b.failed || !size.width || !size.height)
		return false;
	*out = size;
	return true;
}

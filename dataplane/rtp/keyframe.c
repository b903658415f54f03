/* SPDX-License-Identifier: Apache-2.0 */
#include "dataplane/rtp/keyframe.h"

#include "dataplane/rtp/keyframe_vp9.h"
#include "shared/bytes.h"

enum { H264_IDR = 5, H264_SPS = 7, H264_STAP_A = 24, H264_FU_A = 28 };

static bool vp8_start(const uint8_t *p, size_t len)
{
	size_t at = 1;

	/* S is set and PID is 0: the first partition begins here (RFC 7741, 4.2). */
	if (len < 1 || (p[0] & 0x17) != 0x10)
		return false;
	if (p[0] & 0x80) { /* X */
		if (len < 2)
			return false;
		uint8_t x = p[1];
		at = 2;
		if (x & 0x80) { /* I: a picture id of 7 or 15 bits */
			if (len <= at)
				return false;
			at += p[at] & 0x80 ? 2 : 1;
		}
		at += (x & 0x40) != 0; /* L: TL0PICIDX */
		at += (x & 0x30) != 0; /* T or K: one byte for both */
	}
	return at < len && !(p[at] & 0x01); /* P bit of the frame header (RFC 7741, 4.3) */
}

static bool h264_starts(uint8_t nal)
{
	unsigned type = nal & 0x1f;

	return type == H264_IDR || type == H264_SPS;
}

/* RFC 6184, 5.7.1: NAL units, each after a 16-bit length. */
static bool h264_stap_start(const uint8_t *p, size_t len)
{
	bool starts = false;

	while (len > 0) {
		if (len < 3)
			return false;
		size_t unit = sh_get_be16(p);
		if (unit == 0 || unit > len - 2)
			return false;
		starts |= h264_starts(p[2]);
		p += 2 + unit;
		len -= 2 + unit;
	}
	return starts;
}

static bool h264_start(const uint8_t *p, size_t len)
{
	if (len < 2)
		return false;
	switch (p[0] & 0x1f) {
	case H264_STAP_A:
		return h264_stap_start(p + 1, len - 1);
	case H264_FU_A:
		return p[1] & 0x80 && h264_starts(p[1]); /* S (RFC 6184, 5.8) */
	default:
		return h264_starts(p[0]);
	}
}

static bool av1_start(const uint8_t *p, size_t len)
{
	/* N is set if a coded video sequence begins; Z (a continued OBU) must then be clear. */
	return len >= 2 && (p[0] & 0x88) == 0x08;
}

bool dp_keyframe_start(enum sh_codec codec, const uint8_t *payload, size_t len)
{
	switch (codec) {
	case SH_CODEC_OPUS:
		return true;
	case SH_CODEC_VP8:
		return vp8_start(payload, len);
	case SH_CODEC_VP9:
		return dp_keyframe_vp9(payload, len);
	case SH_CODEC_H264:
		return h264_start(payload, len);
	case SH_CODEC_AV1:
		return av1_start(payload, len);
	}
	return false;
}

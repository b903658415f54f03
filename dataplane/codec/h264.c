/* SPDX-License-Identifier: Apache-2.0 */
#include "dataplane/codec/h264.h"

#include "dataplane/codec/h264_sps.h"
#include "shared/bytes.h"

/* Types of NAL units (RFC 6184, 5.4); those up to LAST_SLICE have slice data. */
enum {
	LAST_SLICE = 5,
	IDR = 5,
	SPS = 7,
	PREFIX = 14,
	STAP_A = 24,
	FU_A = 28,
	FIRST_STRUCTURE = 24,
};

enum { REFERENCE = 0x60, FU_START = 0x80 };

static void malformed(struct dp_h264 *out)
{
	out->units |= DP_H264_SLICE | DP_H264_REFERENCE | DP_H264_MALFORMED;
}

/* A NAL unit that is whole, or of a fragmented one the part with `begins`. `p` has its header. */
static void unit(struct dp_h264 *out, uint8_t nal, bool begins)
{
	unsigned type = nal & 0x1f;

	if (type == SPS) {
		out->units |= begins ? DP_H264_SPS : 0;
	} else if (type <= LAST_SLICE) {
		out->units |= DP_H264_SLICE | (nal & REFERENCE ? DP_H264_REFERENCE : 0);
		out->units |= type == IDR && begins ? DP_H264_IDR : 0;
	} else if (type >= FIRST_STRUCTURE) {
		malformed(out);
	}
}

static void whole_unit(struct dp_h264 *out, const uint8_t *p, size_t len)
{
	unit(out, p[0], true);
	if ((p[0] & 0x1f) == SPS) {
		dp_h264_size(&out->size, p, len);
	} else if ((p[0] & 0x1f) == PREFIX && len >= 4 && p[1] & 0x80) { /* svc_extension_flag */
		out->units |= DP_H264_PREFIX;
		out->temporal = p[3] >> 5;
	}
}

/* RFC 6184, 5.7.1: NAL units, each after a 16-bit length. */
static void stap(struct dp_h264 *out, const uint8_t *p, size_t len)
{
	while (len > 0) {
		size_t size = len < 3 ? 0 : sh_get_be16(p);

		if (size == 0 || size > len - 2) {
			*out = (struct dp_h264){0};
			malformed(out);
			return;
		}
		whole_unit(out, p + 2, size);
		p += 2 + size;
		len -= 2 + size;
	}
}

void dp_h264_parse(struct dp_h264 *out, const uint8_t *payload, size_t len)
{
	*out = (struct dp_h264){0};
	if (len < 2) {
		malformed(out);
		return;
	}
	switch (payload[0] & 0x1f) {
	case STAP_A:
		stap(out, payload + 1, len - 1);
		return;
	case FU_A: /* RFC 6184, 5.8: nal_ref_idc is in the indicator, the type in the header */
		unit(out, (payload[0] & REFERENCE) | (payload[1] & 0x1f), payload[1] & FU_START);
		return;
	default:
		whole_unit(out, payload, len);
	}
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "dataplane/codec/h264.h"

#include "shared/bytes.h"

/* Types of NAL units (RFC 6184, 5.4); those up to LAST_SLICE have slice data. */
enum { LAST_SLICE = 5, IDR = 5, SPS = 7, STAP_A = 24, FU_A = 28, FIRST_STRUCTURE = 24 };

static unsigned unit(uint8_t nal, bool begins)
{
	unsigned type = nal & 0x1f;

	if (type == SPS)
		return begins ? DP_H264_SPS : 0;
	if (type == IDR)
		return DP_H264_SLICE | (begins ? DP_H264_IDR : 0);
	return type <= LAST_SLICE || type >= FIRST_STRUCTURE ? DP_H264_SLICE : 0;
}

/* RFC 6184, 5.7.1: NAL units, each after a 16-bit length. */
static unsigned stap(const uint8_t *p, size_t len)
{
	unsigned units = 0;

	while (len > 0) {
		if (len < 3)
			return DP_H264_SLICE;
		size_t size = sh_get_be16(p);
		if (size == 0 || size > len - 2)
			return DP_H264_SLICE;
		units |= unit(p[2], true);
		p += 2 + size;
		len -= 2 + size;
	}
	return units;
}

unsigned dp_h264_units(const uint8_t *payload, size_t len)
{
	if (len < 2)
		return DP_H264_SLICE;
	switch (payload[0] & 0x1f) {
	case STAP_A:
		return stap(payload + 1, len - 1);
	case FU_A:
		return unit(payload[1], payload[1] & 0x80); /* S (RFC 6184, 5.8) */
	default:
		return unit(payload[0], true);
	}
}

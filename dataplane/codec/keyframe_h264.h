/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_DATAPLANE_CODEC_KEYFRAME_H264_H
#define SPATE_DATAPLANE_CODEC_KEYFRAME_H264_H

/* Tells which NAL units of H264 are in an RTP payload (RFC 6184). */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum dp_h264_units {
	DP_H264_SPS = 1 << 0, /* a sequence parameter set begins in it */
	DP_H264_IDR = 1 << 1, /* a slice of an IDR picture begins in it */
	/* it has a part of any slice, or is malformed: the frame has begun */
	DP_H264_SLICE = 1 << 2,
};

/*
 * Returns a set of enum dp_h264_units, looking into STAP-A and FU-A. Other aggregation and
 * fragmentation packets are not negotiated and count as malformed.
 */
unsigned dp_h264_units(const uint8_t *payload, size_t len);

#endif

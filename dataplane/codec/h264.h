/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_DATAPLANE_CODEC_H264_H
#define SPATE_DATAPLANE_CODEC_H264_H

/* Tells what is in an RTP payload of H264 (RFC 6184). */

#include "dataplane/codec/frame.h"

enum dp_h264_units {
	DP_H264_SPS = 1 << 0, /* a sequence parameter set begins in it */
	DP_H264_IDR = 1 << 1, /* a slice of an IDR picture begins in it */
	/* it has a part of any slice, or is malformed: the frame has begun */
	DP_H264_SLICE = 1 << 2,
	DP_H264_PREFIX = 1 << 3, /* a prefix NAL unit of SVC (RFC 6190, 1.1.3) tells the temporal layer */
	DP_H264_REFERENCE = 1 << 4, /* it has a part of a slice that others depend on (nal_ref_idc) */
	DP_H264_MALFORMED = 1 << 5, /* with DP_H264_SLICE and DP_H264_REFERENCE */
};

struct dp_h264 {
	unsigned units; /* set of enum dp_h264_units */
	uint8_t temporal; /* with DP_H264_PREFIX */
	struct dp_picture_size size; /* of a sequence parameter set in it; 0: none, or it is fragmented */
};

/*
 * Reads a payload of `len` bytes, looking into STAP-A and FU-A. Other aggregation and fragmentation
 * packets are not negotiated and count as malformed.
 */
void dp_h264_parse(struct dp_h264 *out, const uint8_t *payload, size_t len);

#endif

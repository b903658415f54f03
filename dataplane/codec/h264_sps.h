/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_DATAPLANE_CODEC_H264_SPS_H
#define SPATE_DATAPLANE_CODEC_H264_SPS_H

/* Reads the size of the pictures from a sequence parameter set (H.264, 7.3.2.1.1). */

#include "dataplane/codec/frame.h"

/*
 * `sps` is a NAL unit of `len` bytes with its header; what is behind its first 512 bytes is not
 * read. False: it is malformed, or the size is beyond 16 bits; `out` is unchanged then.
 */
bool dp_h264_size(struct dp_picture_size *out, const uint8_t *sps, size_t len);

#endif

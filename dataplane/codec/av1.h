/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_DATAPLANE_CODEC_AV1_H
#define SPATE_DATAPLANE_CODEC_AV1_H

/*
 * Reads the aggregation header of AV1 (RTP Payload Format For AV1, 4.4), which is all that is known
 * of a packet without dependency descriptor.
 */

#include "dataplane/codec/frame.h"

/*
 * Fills in `out` from a payload of `len` bytes: DP_FRAME_KEY and DP_FRAME_START in the first packet
 * of a coded video sequence (N). Returns 0, or EINVAL: nothing follows the header, or the sequence
 * begins with the rest of an OBU (Z).
 */
int dp_av1_parse(struct dp_frame_info *out, const uint8_t *payload, size_t len);

#endif

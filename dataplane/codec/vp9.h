/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_DATAPLANE_CODEC_VP9_H
#define SPATE_DATAPLANE_CODEC_VP9_H

/* Reads and rewrites the payload descriptor of VP9 (RFC 9628, 4.2). */

#include "dataplane/codec/frame.h"

/*
 * Fills in `out` from a payload of `len` bytes; DP_FRAME_KEY only in frames of spatial layer 0. A
 * scalability structure in it updates `layers`. Returns 0, or EINVAL: the descriptor is cut off,
 * has more reference indices than 3, or nothing follows it; `layers` is unchanged then.
 */
int dp_vp9_parse(struct dp_frame_info *out, struct dp_layers *layers, const uint8_t *payload, size_t len);

/*
 * Writes the first bytes of the descriptor of `payload`, which dp_vp9_parse() has accepted, with
 * another picture id and TL0PICIDX to `dst`, as far as it has the fields. Returns how many bytes it
 * wrote, 1 to DP_PATCH_MAX; they replace *replaced bytes of the payload. A picture id of 7 bits
 * becomes one of 15 bits, as in dp_vp8_rewrite().
 */
size_t dp_vp9_rewrite(uint8_t dst[DP_PATCH_MAX], const uint8_t *payload, const struct dp_frame_ids *ids,
	size_t *replaced);

#endif

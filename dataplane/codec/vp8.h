/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_DATAPLANE_CODEC_VP8_H
#define SPATE_DATAPLANE_CODEC_VP8_H

/* Reads and rewrites the payload descriptor of VP8 (RFC 7741, 4.2). */

#include "dataplane/codec/frame.h"

/*
 * Fills in `out` from a payload of `len` bytes: DP_FRAME_KEY and DP_FRAME_START only in the first
 * packet of a frame, and never DP_FRAME_END, which the RTP marker tells. Returns 0, or EINVAL: the
 * descriptor is cut off, or nothing follows it.
 */
int dp_vp8_parse(struct dp_frame_info *out, const uint8_t *payload, size_t len);

/* Reads the size of a key frame from its first packet, which dp_vp8_parse() has accepted. */
bool dp_vp8_size(struct dp_picture_size *out, const uint8_t *payload, size_t len);

/*
 * Writes the descriptor of `payload`, which dp_vp8_parse() has accepted, with other ids to `dst`,
 * as far as it has the fields. Returns how many bytes it wrote, 1 to DP_PATCH_MAX; they replace
 * *replaced bytes of the payload. A picture id of 7 bits becomes one of 15 bits, one byte longer:
 * receivers count in 15 bits, so a wrap after 127 would look to them like a jump back.
 */
size_t dp_vp8_rewrite(uint8_t dst[DP_PATCH_MAX], const uint8_t *payload, const struct dp_frame_ids *ids,
	size_t *replaced);

enum { DP_VP8_PATCH = 4 }; /* the fields behind the first two bytes of a descriptor with all of them */

/*
 * Writes the ids of a descriptor that has all fields and a picture id of 15 bits, as
 * dp_vp8_rewrite() does. `last` is its last byte.
 */
static inline void dp_vp8_patch(uint8_t dst[DP_VP8_PATCH], uint8_t last, const struct dp_frame_ids *ids)
{
	dst[0] = (uint8_t)(0x80 | (ids->picture_id >> 8 & 0x7f));
	dst[1] = (uint8_t)ids->picture_id;
	dst[2] = ids->tl0picidx;
	dst[3] = (uint8_t)((last & ~0x1f) | (ids->keyidx & 0x1f));
}

#endif

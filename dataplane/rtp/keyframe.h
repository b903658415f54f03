/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_DATAPLANE_RTP_KEYFRAME_H
#define SPATE_DATAPLANE_RTP_KEYFRAME_H

/* Recognises the RTP packets at which a decoder can start. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "shared/ids.h"

/*
 * Whether a decoder can start with this RTP payload, because it is the first packet of a key frame.
 * VP8: RFC 7741, 4.2 and 4.3. VP9: RFC 9628. H264: RFC 6184, IDR or SPS, also in STAP-A and FU-A.
 * AV1: the N bit of the payload's aggregation header. Audio: always true. `payload` has `len`
 * bytes; false if it is malformed.
 */
bool dp_keyframe_start(enum sh_codec codec, const uint8_t *payload, size_t len);

#endif

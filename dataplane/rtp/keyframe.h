/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_DATAPLANE_KEYFRAME_H
#define SPATE_DATAPLANE_KEYFRAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "shared/ids.h"

/*
 * Whether a decoder can start with this RTP payload: the first packet of a key frame.
 * VP8: RFC 7741, 4.2 and 4.3; VP9: RFC 9628; H264: RFC 6184, IDR or SPS, also in STAP-A and
 * FU-A; AV1: the RTP payload's N bit (aggregation header). Audio: always true.
 * Looks at no more than `len` bytes; malformed: false.
 */
bool dp_keyframe_start(enum sh_codec codec, const uint8_t *payload, size_t len);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_DATAPLANE_CODEC_KEYFRAME_VP9_H
#define SPATE_DATAPLANE_CODEC_KEYFRAME_VP9_H

/*
 * Recognises the first packet of a VP9 key frame, whose payload descriptor is the longest of all
 * codecs.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Implements dp_keyframe_start() for VP9 (RFC 9628). */
bool dp_keyframe_vp9(const uint8_t *payload, size_t len);

#endif

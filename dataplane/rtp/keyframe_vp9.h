/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_DATAPLANE_KEYFRAME_VP9_H
#define SPATE_DATAPLANE_KEYFRAME_VP9_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* dp_keyframe_start() for VP9: its payload descriptor is the longest of them. */
bool dp_keyframe_vp9(const uint8_t *payload, size_t len);

#endif

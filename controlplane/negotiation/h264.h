/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_CONTROLPLANE_NEGOTIATION_H264_H
#define SPATE_CONTROLPLANE_NEGOTIATION_H264_H

/* H264's profile-level-id (RFC 6184, 8.1). Pure. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum cp_h264_profile {
	CP_H264_CONSTRAINED_BASELINE = 1,
	CP_H264_BASELINE,
	CP_H264_MAIN,
	CP_H264_CONSTRAINED_HIGH,
	CP_H264_HIGH,
	CP_H264_HIGH_444,
};

enum { CP_H264_LEVEL_1B = 0, CP_H264_ID_SIZE = 7 /* six digits and NUL */ };

struct cp_h264 {
	enum cp_h264_profile profile;
	uint8_t level; /* ten times the level's number; CP_H264_LEVEL_1B */
};

/*
 * Six hexadecimal digits. NULL is what an absent parameter means to browsers:
 * constrained baseline, level 3.1. False: not a profile and level that is known.
 */
bool cp_h264_parse(struct cp_h264 *out, const char *text);

/* Writes the canonical form. False: there is none (level 1b of a high profile). */
bool cp_h264_format(const struct cp_h264 *h, char out[CP_H264_ID_SIZE]);

/*
 * The answer to `theirs` where we take `ours` (RFC 6184, 8.2.2): our own level where
 * both allow asymmetry, else the lower of the two. The profiles must be the same.
 */
struct cp_h264 cp_h264_answer(const struct cp_h264 *ours, const struct cp_h264 *theirs, bool asymmetry);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_CONTROLPLANE_NEGOTIATION_H264_H
#define SPATE_CONTROLPLANE_NEGOTIATION_H264_H

/* Parses, formats and negotiates H264's profile-level-id (RFC 6184, 8.1). Pure. */

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
	uint8_t level; /* ten times the level (31 is level 3.1), or CP_H264_LEVEL_1B */
};

/*
 * Parses six hexadecimal digits. NULL stands for an absent parameter, which browsers take for
 * constrained baseline, level 3.1. False when the profile or the level is unknown.
 */
bool cp_h264_parse(struct cp_h264 *out, const char *text);

/* Writes the canonical form. False: there is none (level 1b of a high profile). */
bool cp_h264_format(const struct cp_h264 *h, char out[CP_H264_ID_SIZE]);

/*
 * The profile and level of the answer to `theirs` when we have `ours` (RFC 6184, 8.2.2): our own
 * level when both sides allow asymmetry, else the lower of the two. The profiles must be the same.
 */
struct cp_h264 cp_h264_answer(const struct cp_h264 *ours, const struct cp_h264 *theirs, bool asymmetry);

#endif

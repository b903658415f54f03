/* SPDX-License-Identifier: Apache-2.0 */
#include "controlplane/negotiation/h264.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* RFC 6184, table 5: the constraint flags that distinguish the profiles. */
static const struct {
	uint8_t idc, mask, value;
	enum cp_h264_profile profile;
} patterns[] = {
	{0x42, 0x4f, 0x40, CP_H264_CONSTRAINED_BASELINE}, /* x1xx0000 */
	{0x4d, 0x8f, 0x80, CP_H264_CONSTRAINED_BASELINE}, /* 1xxx0000 */
	{0x58, 0xcf, 0xc0, CP_H264_CONSTRAINED_BASELINE}, /* 11xx0000 */
	{0x42, 0x4f, 0x00, CP_H264_BASELINE}, /* x0xx0000 */
	{0x58, 0xcf, 0x80, CP_H264_BASELINE}, /* 10xx0000 */
	{0x4d, 0xaf, 0x00, CP_H264_MAIN}, /* 0x0x0000 */
	{0x64, 0xff, 0x00, CP_H264_HIGH},
	{0x64, 0xff, 0x0c, CP_H264_CONSTRAINED_HIGH},
	{0xf4, 0xff, 0x00, CP_H264_HIGH_444},
};

static const char *const prefix[] = {
	[CP_H264_CONSTRAINED_BASELINE] = "42e0",
	[CP_H264_BASELINE] = "4200",
	[CP_H264_MAIN] = "4d00",
	[CP_H264_CONSTRAINED_HIGH] = "640c",
	[CP_H264_HIGH] = "6400",
	[CP_H264_HIGH_444] = "f400",
};

enum { CONSTRAINT_SET3 = 0x10, LEVEL_1_1 = 11 };

static bool known_level(unsigned level)
{
	static const uint8_t levels[] = {10, 11, 12, 13, 20, 21, 22, 30, 31, 32, 40, 41, 42, 50, 51, 52};

	return level <= UINT8_MAX && memchr(levels, (int)level, sizeof(levels));
}

bool cp_h264_parse(struct cp_h264 *out, const char *text)
{
	unsigned long id;
	unsigned idc, iop, level;

	if (!text)
		text = "42e01f";
	if (strlen(text) != 6)
		return false;
	for (int i = 0; i < 6; i++) {
		if (!isxdigit((unsigned char)text[i]))
			return false;
	}
	id = strtoul(text, NULL, 16);
	idc = id >> 16 & 0xff;
	iop = id >> 8 & 0xff;
	level = id & 0xff;
	if (!known_level(level))
		return false;
	for (size_t i = 0; i < sizeof(patterns) / sizeof(patterns[0]); i++) {
		if (patterns[i].idc != idc || (iop & patterns[i].mask) != patterns[i].value)
			continue;
		out->profile = patterns[i].profile;
		/*
		 * Level 1b is level 1.1 with constraint_set3; the patterns of the high profiles
		 * exclude that flag.
		 */
		out->level = level == LEVEL_1_1 && iop & CONSTRAINT_SET3 ? CP_H264_LEVEL_1B : (uint8_t)level;
		return true;
	}
	return false;
}

bool cp_h264_format(const struct cp_h264 *h, char out[CP_H264_ID_SIZE])
{
	if (h->level != CP_H264_LEVEL_1B) {
		snprintf(out, CP_H264_ID_SIZE, "%s%02x", prefix[h->profile], h->level);
		return true;
	}
	switch (h->profile) {
	case CP_H264_CONSTRAINED_BASELINE:
		memcpy(out, "42f00b", CP_H264_ID_SIZE);
		return true;
	case CP_H264_BASELINE:
		memcpy(out, "42100b", CP_H264_ID_SIZE);
		return true;
	case CP_H264_MAIN:
		memcpy(out, "4d100b", CP_H264_ID_SIZE);
		return true;
	default:
		return false;
	}
}

/* Level 1b lies between 1 and 1.1. */
static unsigned level_order(uint8_t level)
{
	return level == CP_H264_LEVEL_1B ? 10 * 2 + 1 : level * 2u;
}

struct cp_h264 cp_h264_answer(const struct cp_h264 *ours, const struct cp_h264 *theirs, bool asymmetry)
{
	if (asymmetry || level_order(ours->level) < level_order(theirs->level))
		return *ours;
	return *theirs;
}

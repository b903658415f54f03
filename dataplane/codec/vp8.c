/* SPDX-License-Identifier: Apache-2.0 */
#include "dataplane/codec/vp8.h"

#include <errno.h>

#include "shared/bytes.h"

/* Bits of the descriptor's first byte and of its extension byte (RFC 7741, 4.2). */
enum {
	EXTENDED = 0x80,
	NON_REFERENCE = 0x20,
	PARTITION_START = 0x10,
	PARTITION = 0x07,
	PICTURE_ID = 0x80,
	TL0PICIDX = 0x40,
	TEMPORAL_ID = 0x20,
	KEYIDX = 0x10,
	LONG = 0x80, /* of a picture id's first byte */
	SYNC = 0x20, /* of the byte of TID, Y and KEYIDX */
	KEYIDX_MASK = 0x1f,
	INTER_FRAME = 0x01, /* of the frame header's first byte (4.3) */
};

/* Returns the descriptor's length; 0: it is cut off. */
static size_t descriptor_len(const uint8_t *p, size_t len)
{
	size_t at = 1;

	if (len < 1 || !(p[0] & EXTENDED))
		return len < 1 ? 0 : at;
	if (len < 2)
		return 0;
	at = 2;
	if (p[1] & PICTURE_ID) {
		if (len <= at)
			return 0;
		at += p[at] & LONG ? 2 : 1;
	}
	at += (p[1] & TL0PICIDX) != 0;
	at += (p[1] & (TEMPORAL_ID | KEYIDX)) != 0;
	return at <= len ? at : 0;
}

static void parse_extension(struct dp_frame_info *out, const uint8_t *p)
{
	uint8_t has = p[1];
	size_t at = 2;

	if (has & PICTURE_ID) {
		bool is_long = p[at] & LONG;

		out->flags |= DP_FRAME_PICTURE_ID | (is_long ? DP_FRAME_PICTURE_ID_LONG : 0);
		out->picture_id = is_long ? sh_get_be16(p + at) & 0x7fff : p[at];
		at += is_long ? 2 : 1;
	}
	if (has & TL0PICIDX) {
		out->flags |= DP_FRAME_TL0PICIDX;
		out->tl0picidx = p[at++];
	}
	if (has & TEMPORAL_ID) {
		out->flags |= DP_FRAME_LAYERS | (p[at] & SYNC ? DP_FRAME_SWITCH : 0);
		out->temporal = p[at] >> 6;
	}
	if (has & KEYIDX) {
		out->flags |= DP_FRAME_KEYIDX;
		out->keyidx = p[at] & KEYIDX_MASK;
	}
}

int dp_vp8_parse(struct dp_frame_info *out, const uint8_t *payload, size_t len)
{
	size_t at = descriptor_len(payload, len);

	*out = (struct dp_frame_info){0};
	if (at == 0 || at == len)
		return EINVAL;
	if (payload[0] & EXTENDED)
		parse_extension(out, payload);
	if (payload[0] & NON_REFERENCE)
		out->flags |= DP_FRAME_DISCARDABLE;
	if ((payload[0] & (PARTITION_START | PARTITION)) == PARTITION_START) {
		bool inter = payload[at] & INTER_FRAME;

		out->flags |= DP_FRAME_START | (inter ? DP_FRAME_INTER_PICTURE : DP_FRAME_KEY);
	}
	return 0;
}

bool dp_vp8_size(struct dp_picture_size *out, const uint8_t *payload, size_t len)
{
	size_t at = descriptor_len(payload, len);
	const uint8_t *p = payload + at;

	/* Frame tag, start code, and width and height in 14 bits, little-endian (RFC 6386, 9.1). */
	if (at == 0 || len - at < 10 || p[3] != 0x9d || p[4] != 0x01 || p[5] != 0x2a)
		return false;
	out->width = (uint16_t)((p[7] << 8 | p[6]) & 0x3fff);
	out->height = (uint16_t)((p[9] << 8 | p[8]) & 0x3fff);
	return out->width > 0 && out->height > 0;
}

size_t dp_vp8_rewrite(uint8_t dst[DP_PATCH_MAX], const uint8_t *payload, const struct dp_frame_ids *ids,
	size_t *replaced)
{
	size_t from = 1, to = 1;

	dst[0] = payload[0];
	if (payload[0] & EXTENDED) {
		uint8_t has = payload[1];

		dst[1] = has;
		from = to = 2;
		if (has & PICTURE_ID) {
			from += payload[2] & LONG ? 2 : 1;
			sh_put_be16(dst + 2, (uint16_t)(LONG << 8 | (ids->picture_id & 0x7fff)));
			to += 2;
		}
		if (has & TL0PICIDX) {
			from++;
			dst[to++] = ids->tl0picidx;
		}
		if (has & (TEMPORAL_ID | KEYIDX)) {
			uint8_t last = payload[from++];

			if (has & KEYIDX)
				last = (uint8_t)((last & ~KEYIDX_MASK) | (ids->keyidx & KEYIDX_MASK));
			dst[to++] = last;
		}
	}
	*replaced = from;
	return to;
}

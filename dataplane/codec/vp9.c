/* SPDX-License-Identifier: Apache-2.0 */
#include "dataplane/codec/vp9.h"

#include <errno.h>

#include "shared/bytes.h"

/* Bits of the descriptor's first byte (RFC 9628, 4.2). */
enum {
	PICTURE_ID = 0x80,
	INTER_PICTURE = 0x40,
	LAYER_INDICES = 0x20,
	FLEXIBLE = 0x10,
	FRAME_BEGINS = 0x08,
	FRAME_ENDS = 0x04,
	STRUCTURE = 0x02,
	NOT_UPPER = 0x01,
};

enum {
	LONG = 0x80, /* of a picture id's first byte */
	SWITCH = 0x10, /* U, of the byte of TID, U, SID and D */
	INTER_LAYER = 0x01, /* D */
	MORE_REFERENCES = 0x01, /* N, of a P_DIFF */
	REFERENCES_MAX = 3,
	SIZES = 0x10, /* Y, of the scalability structure's first byte (4.2.1) */
	GROUP = 0x08, /* G */
};

/* A reader that never passes the end. Reading more than is left empties it and sets `failed`. */
struct cursor {
	const uint8_t *at;
	size_t left;
	bool failed;
};

static const uint8_t *take(struct cursor *c, size_t n)
{
	static const uint8_t zeros[4];
	const uint8_t *p = c->at;

	if (n > c->left) {
		c->failed = true;
		c->left = 0;
		return zeros;
	}
	c->at += n;
	c->left -= n;
	return p;
}

static void parse_picture_id(struct dp_frame_info *out, struct cursor *c)
{
	uint8_t first = *take(c, 1);

	out->flags |= DP_FRAME_PICTURE_ID;
	out->picture_id = first;
	if (first & LONG) {
		out->flags |= DP_FRAME_PICTURE_ID_LONG;
		out->picture_id = (uint16_t)((first & ~LONG) << 8 | *take(c, 1));
	}
}

static void parse_layers(struct dp_frame_info *out, struct cursor *c, bool flexible)
{
	uint8_t layers = *take(c, 1);

	out->flags |= DP_FRAME_LAYERS;
	out->temporal = layers >> 5;
	out->spatial = (layers >> 1) & 7;
	if (layers & SWITCH)
		out->flags |= DP_FRAME_SWITCH;
	if (layers & INTER_LAYER)
		out->flags |= DP_FRAME_INTER_LAYER;
	if (!flexible) {
		out->flags |= DP_FRAME_TL0PICIDX;
		out->tl0picidx = *take(c, 1);
	}
}

static void skip_references(struct cursor *c)
{
	unsigned n = 0;

	while (*take(c, 1) & MORE_REFERENCES)
		if (++n == REFERENCES_MAX) {
			c->failed = true;
			return;
		}
}

static void parse_structure(struct dp_layers *layers, struct cursor *c)
{
	uint8_t head = *take(c, 1);

	layers->spatial = (uint8_t)((head >> 5) + 1);
	for (unsigned i = 0; head & SIZES && i < layers->spatial; i++) {
		const uint8_t *p = take(c, 4);

		layers->size[i] = (struct dp_picture_size){sh_get_be16(p), sh_get_be16(p + 2)};
	}
	if (!(head & GROUP))
		return;
	for (unsigned pictures = *take(c, 1); pictures > 0 && !c->failed; pictures--)
		take(c, (size_t)(*take(c, 1) >> 2) & 3); /* R reference indices */
}

int dp_vp9_parse(struct dp_frame_info *out, struct dp_layers *layers, const uint8_t *payload, size_t len)
{
	struct cursor c = {.at = payload, .left = len};
	struct dp_layers told = *layers;
	uint8_t head = *take(&c, 1);

	*out = (struct dp_frame_info){0};
	if (head & PICTURE_ID)
		parse_picture_id(out, &c);
	if (head & LAYER_INDICES)
		parse_layers(out, &c, head & FLEXIBLE);
	if (head & FLEXIBLE && head & INTER_PICTURE)
		skip_references(&c);
	if (head & STRUCTURE)
		parse_structure(&told, &c);
	if (c.failed || c.left == 0)
		return EINVAL;
	*layers = told;
	out->flags |= (head & FRAME_BEGINS ? DP_FRAME_START : 0) | (head & FRAME_ENDS ? DP_FRAME_END : 0) |
		      (head & INTER_PICTURE ? DP_FRAME_INTER_PICTURE : 0) |
		      (head & NOT_UPPER ? DP_FRAME_NOT_UPPER : 0) |
		      (head & STRUCTURE ? DP_FRAME_STRUCTURE : 0);
	if (!(head & INTER_PICTURE) && out->spatial == 0)
		out->flags |= DP_FRAME_KEY;
	return 0;
}

size_t dp_vp9_rewrite(uint8_t dst[DP_PATCH_MAX], const uint8_t *payload, const struct dp_frame_ids *ids,
	size_t *replaced)
{
	size_t from = 1, to = 1;

	dst[0] = payload[0];
	if (payload[0] & PICTURE_ID) {
		from += payload[1] & LONG ? 2 : 1;
		sh_put_be16(dst + 1, (uint16_t)(LONG << 8 | (ids->picture_id & 0x7fff)));
		to += 2;
	}
	if ((payload[0] & (LAYER_INDICES | FLEXIBLE)) == LAYER_INDICES) {
		dst[to++] = payload[from++];
		dst[to++] = ids->tl0picidx;
		from++;
	}
	*replaced = from;
	return to;
}

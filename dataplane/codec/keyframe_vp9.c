/* SPDX-License-Identifier: Apache-2.0 */
#include "dataplane/codec/keyframe_vp9.h"

/* Bits of the payload descriptor's first byte (RFC 9628, 4.2). */
enum {
	PICTURE_ID = 0x80,
	INTER_PREDICTED = 0x40,
	LAYER_INDICES = 0x20,
	FLEXIBLE = 0x10,
	FRAME_BEGINS = 0x08,
	STRUCTURE = 0x02,
};

/* A reader that never passes the end. Reading more than is left empties it. */
struct cursor {
	const uint8_t *at;
	size_t left;
};

static uint8_t take(struct cursor *c)
{
	if (c->left == 0)
		return 0;
	c->left--;
	return *c->at++;
}

static void skip(struct cursor *c, size_t n)
{
	if (n > c->left)
		n = c->left;
	c->at += n;
	c->left -= n;
}

/* Skips the scalability structure (RFC 9628, 4.2.1). */
static void skip_structure(struct cursor *c)
{
	uint8_t head = take(c);

	if (head & 0x10) /* Y: a resolution for every spatial layer */
		skip(c, 4 * ((size_t)(head >> 5) + 1));
	if (!(head & 0x08)) /* G: a picture group */
		return;
	for (unsigned pictures = take(c); pictures > 0 && c->left > 0; pictures--)
		skip(c, (take(c) >> 2) & 3); /* R reference indices */
}

bool dp_keyframe_vp9(const uint8_t *payload, size_t len)
{
	struct cursor c = {.at = payload, .left = len};
	uint8_t head = take(&c), spatial = 0;

	if (!(head & FRAME_BEGINS) || head & INTER_PREDICTED)
		return false;
	if (head & PICTURE_ID && take(&c) & 0x80)
		take(&c); /* second byte of a picture id of 15 bits */
	if (head & LAYER_INDICES) {
		spatial = (take(&c) >> 1) & 7;
		if (!(head & FLEXIBLE))
			take(&c); /* TL0PICIDX */
	}
	/* Reference indices are present only if P is set, which is refused above. */
	if (head & STRUCTURE)
		skip_structure(&c);
	return c.left > 0 && spatial == 0; /* the frame's data follows */
}

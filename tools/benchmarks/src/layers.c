/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/benchmarks/src/layers.h"

#include "shared/bytes.h"
#include "tools/benchmarks/src/oracle.h"

enum {
	WISHES = 6, /* of so many viewers of an encoding, one wishes temporal layer 0, and one 0 and 1 */
	/* of the descriptor: X and S; I, L, T and K; M of the picture id; Y */
	EXTENDED = 0x80,
	PARTITION_START = 0x10,
	ALL_FIELDS = 0xf0,
	LONG = 0x8000,
	SYNC = 0x20,
	KEYIDX = 1,
	INTER_FRAME = 0x01, /* of the frame header's first byte */
};

struct sh_wishes layers_wishes(unsigned i)
{
	unsigned nth = i / LAYERS_ENCODINGS % WISHES;
	struct sh_wishes wishes = SH_WISHES_NONE;

	wishes.spatial = (uint8_t)(i % LAYERS_ENCODINGS);
	if (nth < LAYERS_TOP)
		wishes.temporal = (uint8_t)nth;
	return wishes;
}

unsigned layers_highest(const struct sh_wishes *wishes)
{
	return wishes->temporal < LAYERS_TOP ? wishes->temporal : LAYERS_TOP;
}

/* The distance of the pictures that pass. */
static unsigned stride(unsigned highest)
{
	return LAYERS_PERIOD >> highest;
}

uint64_t layers_pass(unsigned highest, uint64_t pictures)
{
	return (pictures + stride(highest) - 1) / stride(highest);
}

uint64_t layers_picture(unsigned highest, uint64_t nth)
{
	return nth * stride(highest);
}

static unsigned temporal_of(uint64_t picture)
{
	unsigned layer = 0;

	while (picture % stride(layer))
		layer++;
	return layer;
}

void layers_payload(uint8_t *out, size_t len, const struct layers_packet *p)
{
	unsigned temporal = temporal_of(p->picture);

	out[0] = (uint8_t)(EXTENDED | (p->begins ? PARTITION_START : 0));
	out[1] = ALL_FIELDS;
	sh_put_be16(out + 2, (uint16_t)(LONG | p->own_picture));
	out[4] = (uint8_t)(p->picture / LAYERS_PERIOD);
	out[5] = (uint8_t)(temporal << 6 | (temporal ? SYNC : 0) | KEYIDX);
	out[6] = p->key ? 0 : INTER_FRAME;
	oracle_fill(out + 7, len - 7, p->number);
}

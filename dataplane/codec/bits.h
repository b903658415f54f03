/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_DATAPLANE_CODEC_BITS_H
#define SPATE_DATAPLANE_CODEC_BITS_H

/* Reads and writes fields of bits, the most significant bit first. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A reader that never passes the end: reading more than is left yields zeros and sets `failed`. */
struct dp_bits {
	const uint8_t *data;
	size_t at, end; /* in bits */
	bool failed;
};

static inline struct dp_bits dp_bits_init(const uint8_t *data, size_t len)
{
	return (struct dp_bits){.data = data, .end = 8 * len};
}

/* Returns the next `n` bits, at most 32. */
static inline uint32_t dp_bits_get(struct dp_bits *b, unsigned n)
{
	uint64_t v = 0;

	if (n > b->end - b->at) {
		b->failed = true;
		b->at = b->end;
		return 0;
	}
	for (unsigned left = n; left > 0;) {
		unsigned have = 8 - b->at % 8, take = left < have ? left : have;

		v = v << take | (b->data[b->at / 8] >> (have - take) & ((1U << take) - 1));
		b->at += take;
		left -= take;
	}
	return (uint32_t)v;
}

static inline bool dp_bits_flag(struct dp_bits *b)
{
	return dp_bits_get(b, 1);
}

/* Writes the low `n` bits of `v` to `data` at bit *at, and advances *at. The bits there are 0. */
static inline void dp_bits_put(uint8_t *data, size_t *at, uint32_t v, unsigned n)
{
	for (; n > 0; n--, (*at)++)
		data[*at / 8] |= (uint8_t)((v >> (n - 1) & 1) << (7 - *at % 8));
}

#endif

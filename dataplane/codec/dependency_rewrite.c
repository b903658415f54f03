/* SPDX-License-Identifier: Apache-2.0 */

/* Rewrites a dependency descriptor for a consumer. */

#include <string.h>

#include "dataplane/codec/structure.h"
#include "shared/bytes.h"

/* Where a descriptor has, or would have, its mask of active decode targets. */
struct place {
	unsigned parts; /* enum dp_descriptor_parts */
	size_t at; /* in bits */
	unsigned targets; /* its length in bits */
};

/* False: the structure in the descriptor has another number of targets than `targets`. */
static bool find_mask(struct place *place, const uint8_t *descriptor, size_t len, unsigned targets)
{
	struct dp_bits b = dp_bits_init(descriptor, len);
	struct dp_structure s;

	*place = (struct place){.targets = targets};
	b.at = 8 * DP_DESCRIPTOR_MIN;
	if (len > DP_DESCRIPTOR_MIN)
		place->parts = dp_bits_get(&b, DP_PARTS_BITS);
	if (place->parts & DP_PART_STRUCTURE && (!dp_structure_read(&s, &b) || s.targets != targets))
		return false;
	place->at = b.at;
	return !(place->parts & DP_PART_ACTIVE) || targets <= b.end - b.at;
}

static void copy_bits(uint8_t *dst, size_t *to, struct dp_bits *from, size_t end)
{
	while (from->at < end) {
		unsigned n = end - from->at < 8 ? (unsigned)(end - from->at) : 8;

		dp_bits_put(dst, to, dp_bits_get(from, n), n);
	}
}

/* Writes the descriptor with the mask. Returns its length; 0: it is too long. */
static size_t put_mask(uint8_t dst[DP_DESCRIPTOR_MAX], const uint8_t *descriptor, size_t len,
	const struct place *place, uint32_t active)
{
	struct dp_bits from = dp_bits_init(descriptor, len);
	size_t to = 0, bits = 8 * len;

	bits += len > DP_DESCRIPTOR_MIN ? 0 : DP_PARTS_BITS;
	bits += place->parts & DP_PART_ACTIVE ? 0 : place->targets;
	if (bits > 8 * DP_DESCRIPTOR_MAX)
		return 0;
	memset(dst, 0, (bits + 7) / 8);
	copy_bits(dst, &to, &from, 8 * DP_DESCRIPTOR_MIN);
	dp_bits_put(dst, &to, place->parts | DP_PART_ACTIVE, DP_PARTS_BITS);
	if (len > DP_DESCRIPTOR_MIN) {
		from.at += DP_PARTS_BITS;
		copy_bits(dst, &to, &from, place->at);
	}
	dp_bits_put(dst, &to, active, place->targets);
	if (place->parts & DP_PART_ACTIVE)
		from.at += place->targets;
	copy_bits(dst, &to, &from, from.end);
	return (bits + 7) / 8;
}

size_t dp_descriptor_rewrite(uint8_t dst[DP_DESCRIPTOR_MAX], const uint8_t *descriptor, size_t len,
	const struct dp_descriptor_change *change)
{
	struct place place;

	if (len < DP_DESCRIPTOR_MIN || len > DP_DESCRIPTOR_MAX)
		return 0;
	if (change->targets == 0) {
		memcpy(dst, descriptor, len);
	} else {
		if (!find_mask(&place, descriptor, len, change->targets))
			return 0;
		len = put_mask(dst, descriptor, len, &place, change->active);
		if (len == 0)
			return 0;
	}
	sh_put_be16(dst + 1, change->frame_number);
	return len;
}

/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_DATAPLANE_LAYERS_NUMBERS_H
#define SPATE_DATAPLANE_LAYERS_NUMBERS_H

/*
 * Numbers the packets that pass at one operating point of a stream without gaps, once for all
 * viewers at that point (codec/point.h says what passes). Pure C.
 *
 * A packet that is still missing takes a number, because nobody knows yet whether it passes. If it
 * arrives and does not pass, its number is sent as padding, for good: others have been sent the
 * numbers behind it.
 *
 * The stream's owner writes, and the workers with viewers read concurrently. What belongs to a
 * packet in the stream's ring was written before the packet was published there. An entry may be
 * overwritten by that of a packet which is at least as many sequence numbers ahead as there are
 * entries; a reader then finds none.
 */

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "dataplane/codec/point.h"

enum dp_number_state {
	DP_NUMBER_NONE, /* not seen */
	DP_NUMBER_SKIPPED, /* does not pass and has no number: `out` is the next packet's */
	DP_NUMBER_PADDING, /* does not pass, but has a number */
	DP_NUMBER_PASSES,
	DP_NUMBER_PASSES_END, /* passes, with the marker bit set */
};

/* What a packet is at a point. */
struct dp_number {
	uint32_t out; /* low 32 bits of its number */
	uint16_t pictures; /* pictures before its own that did not pass, modulo 2^16 */
	uint8_t state; /* enum dp_number_state */
};

struct dp_number_entry {
	_Atomic uint32_t seq; /* low 32 bits of the packet's extended sequence number */
	_Atomic uint32_t out;
	_Atomic uint32_t rest; /* pictures << 16 | state */
};

/* Writer: the owner. Readers read the first three fields only, which do not change. */
struct dp_numbers {
	uint32_t mask; /* entries - 1 */
	struct dp_number_entry *by_seq; /* by extended sequence number & mask */
	_Atomic uint32_t *by_out; /* by number & mask: low 32 bits of the sequence number */
	/* the owner's alone */
	uint64_t highest; /* extended sequence number of the newest packet */
	uint32_t next; /* the number behind it */
	uint16_t pictures; /* as in struct dp_number, of the newest packet */
	bool started, skipped; /* skipped: the newest packet did not pass */
};

/* Bytes of memory for `entries`, a power of two. */
size_t dp_numbers_size(uint32_t entries);
/* `memory` has dp_numbers_size() bytes, all 0, with an alignment of 4. */
void dp_numbers_init(struct dp_numbers *n, void *memory, uint32_t entries);

/*
 * A packet arrived, which is no duplicate. `seq` is its extended sequence number; `new_picture`: it
 * belongs to another picture than the newest packet before it. Called by the owner. A late packet
 * whose predecessors are missing too is found up to DP_NUMBERS_SEARCH packets back; beyond, it does
 * not pass.
 */
enum { DP_NUMBERS_SEARCH = 128 };
void dp_numbers_packet(struct dp_numbers *n, uint64_t seq, bool new_picture, enum dp_verdict verdict);

/* What packet `seq` is at this point. False: it was not seen, or was overwritten. */
static inline bool dp_numbers_of(const struct dp_numbers *n, uint64_t seq, struct dp_number *out)
{
	const struct dp_number_entry *e = &n->by_seq[seq & n->mask];
	uint32_t rest;

	if (atomic_load_explicit(&e->seq, memory_order_acquire) != (uint32_t)seq)
		return false;
	out->out = atomic_load_explicit(&e->out, memory_order_relaxed);
	rest = atomic_load_explicit(&e->rest, memory_order_relaxed);
	atomic_thread_fence(memory_order_acquire);
	out->pictures = (uint16_t)(rest >> 16);
	out->state = (uint8_t)rest;
	return out->state != DP_NUMBER_NONE &&
	       atomic_load_explicit(&e->seq, memory_order_relaxed) == (uint32_t)seq;
}
/*
 * The extended sequence number of the packet with number `out`, that is at most `highest`, the
 * newest that the caller knows. False: it was not seen, or was overwritten.
 */
bool dp_numbers_find(const struct dp_numbers *n, uint32_t out, uint64_t highest, uint64_t *seq);

#endif

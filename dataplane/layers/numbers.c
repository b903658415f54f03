/* SPDX-License-Identifier: Apache-2.0 */
#include "dataplane/layers/numbers.h"

size_t dp_numbers_size(uint32_t entries)
{
	return entries * (sizeof(struct dp_number_entry) + sizeof(uint32_t));
}

void dp_numbers_init(struct dp_numbers *n, void *memory, uint32_t entries)
{
	*n = (struct dp_numbers){.mask = entries - 1, .by_seq = memory};
	n->by_out = (_Atomic uint32_t *)(n->by_seq + entries);
}

/* Readers see the sequence number change before and after the other fields. */
static void write_entry(struct dp_numbers *n, uint64_t seq, const struct dp_number *x)
{
	struct dp_number_entry *e = &n->by_seq[seq & n->mask];

	atomic_store_explicit(&e->seq, (uint32_t)~seq, memory_order_relaxed);
	atomic_thread_fence(memory_order_release);
	atomic_store_explicit(&e->out, x->out, memory_order_relaxed);
	atomic_store_explicit(&e->rest, (uint32_t)x->pictures << 16 | x->state, memory_order_relaxed);
	atomic_store_explicit(&e->seq, (uint32_t)seq, memory_order_release);
	if (x->state != DP_NUMBER_SKIPPED)
		atomic_store_explicit(&n->by_out[x->out & n->mask], (uint32_t)seq, memory_order_relaxed);
}

bool dp_numbers_find(const struct dp_numbers *n, uint32_t out, uint64_t highest, uint64_t *seq)
{
	uint32_t low = atomic_load_explicit(&n->by_out[out & n->mask], memory_order_relaxed);
	struct dp_number x;

	*seq = highest - (uint32_t)((uint32_t)highest - low);
	return *seq <= highest && dp_numbers_of(n, *seq, &x) && x.out == out && x.state != DP_NUMBER_SKIPPED;
}

static uint8_t state_of(enum dp_verdict verdict)
{
	switch (verdict) {
	case DP_POINT_PASS:
		return DP_NUMBER_PASSES;
	case DP_POINT_PASS_END:
		return DP_NUMBER_PASSES_END;
	default:
		return DP_NUMBER_SKIPPED;
	}
}

/* The newest packet. Each one that is missing before it takes a number. */
static void append(struct dp_numbers *n, uint64_t seq, bool new_picture, uint8_t state)
{
	struct dp_number x = {.state = state};

	if (n->started) {
		n->next += (uint32_t)(seq - n->highest - 1);
		n->pictures = (uint16_t)(n->pictures + (new_picture && n->skipped));
	} else {
		n->next = (uint32_t)seq;
		n->started = true;
	}
	x.out = n->next;
	x.pictures = n->pictures;
	write_entry(n, seq, &x);
	n->skipped = state == DP_NUMBER_SKIPPED;
	n->next += !n->skipped;
	n->highest = seq;
}

/*
 * A late packet: its number was reserved when the gap was found, by counting on from the last
 * packet before the gap.
 */
static void fill_gap(struct dp_numbers *n, uint64_t seq, uint8_t state)
{
	struct dp_number x, before;

	for (uint64_t back = 1; back <= DP_NUMBERS_SEARCH && back <= seq; back++) {
		if (!dp_numbers_of(n, seq - back, &before))
			continue;
		x.out = before.out + (before.state != DP_NUMBER_SKIPPED) + (uint32_t)(back - 1);
		x.pictures = (uint16_t)(before.pictures + (before.state == DP_NUMBER_SKIPPED));
		x.state = state == DP_NUMBER_SKIPPED ? DP_NUMBER_PADDING : state;
		write_entry(n, seq, &x);
		return;
	}
}

void dp_numbers_packet(struct dp_numbers *n, uint64_t seq, bool new_picture, enum dp_verdict verdict)
{
	if (!n->started || seq > n->highest)
		append(n, seq, new_picture, state_of(verdict));
	else
		fill_gap(n, seq, state_of(verdict));
}

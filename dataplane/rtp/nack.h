/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_DATAPLANE_NACK_H
#define SPATE_DATAPLANE_NACK_H

/*
 * Which packets of one stream are missing, and when to ask for them (RFC 4585, 6.2.1).
 * Pure C, fixed size. Ask at once when a gap shows, again every `retry_ns` (the round
 * trip, bounded), at most DP_NACK_TRIES times; give up on what is older than
 * DP_NACK_WINDOW packets. When more is missing than fits, forget all and say so: a key
 * frame is cheaper.
 */

#include <stdbool.h>
#include <stdint.h>

enum { DP_NACK_MAX = 256, DP_NACK_TRIES = 10, DP_NACK_WINDOW = 1024 };

struct dp_nack_entry {
	uint64_t seq; /* extended */
	uint64_t sent; /* ns; 0: not yet */
	uint8_t tries;
};

struct dp_nack {
	bool started;
	uint64_t highest;
	unsigned count;
	struct dp_nack_entry missing[DP_NACK_MAX]; /* ascending */
};

void dp_nack_init(struct dp_nack *n);
/* A packet came. True when the list overflowed: ask for a key frame. */
bool dp_nack_seen(struct dp_nack *n, uint64_t ext_seq);
/* Numbers to ask for now, at most `max`, marked as asked. Returns how many. */
unsigned dp_nack_due(struct dp_nack *n, uint64_t now, uint64_t retry_ns, uint16_t *out, unsigned max);

#endif

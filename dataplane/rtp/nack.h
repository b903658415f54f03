/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_DATAPLANE_RTP_NACK_H
#define SPATE_DATAPLANE_RTP_NACK_H

/*
 * Tracks the missing packets of one stream and decides when to request them by NACK (RFC 4585,
 * 6.2.1). Pure C, fixed size. Times are in nanoseconds of one monotonic clock.
 *
 * A packet is requested when its gap is DP_NACK_WAIT_NS old, because one that is only late comes by
 * itself before, then every `retry_ns` (the round-trip time, bounded by the caller), at most
 * DP_NACK_TRIES times. Packets more than a window behind the highest sequence number are forgotten.
 * If more packets are missing than fit, all are forgotten and the caller should request a key
 * frame, which is cheaper.
 */

#include <stdbool.h>
#include <stdint.h>

enum { DP_NACK_MAX = 256, DP_NACK_TRIES = 10, DP_NACK_WINDOW = 1024 };
/* Paths that re-order packets hold them back by up to 10 ms; the rest is the scatter of arrivals. */
#define DP_NACK_WAIT_NS 15000000u

struct dp_nack_entry {
	uint64_t seq; /* extended sequence number */
	uint64_t since; /* time of the last request; without one: when the gap was seen */
	uint8_t tries;
};

struct dp_nack {
	bool started;
	uint32_t window; /* DP_NACK_WINDOW at most */
	uint64_t highest; /* highest extended sequence number seen */
	unsigned count;
	struct dp_nack_entry missing[DP_NACK_MAX]; /* by ascending sequence number */
};

/* Packets more than `window` behind are not requested, because they would come too late. */
void dp_nack_init(struct dp_nack *n, uint32_t window);
/* A packet arrived at `now`. True: too many are missing, request a key frame. */
bool dp_nack_seen(struct dp_nack *n, uint64_t ext_seq, uint64_t now);
/*
 * Stores at most `max` sequence numbers to request now in `out` and marks them as requested.
 * Returns their count.
 */
unsigned dp_nack_due(struct dp_nack *n, uint64_t now, uint64_t retry_ns, uint16_t *out, unsigned max);

#endif

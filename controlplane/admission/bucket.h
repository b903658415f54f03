/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_CONTROLPLANE_ADMISSION_BUCKET_H
#define SPATE_CONTROLPLANE_ADMISSION_BUCKET_H

/* Implements a token bucket in one number. All zeros is a full bucket. */

#include <stdbool.h>
#include <stdint.h>

/* The rate and the size of a bucket. */
struct cp_bucket_limit {
	uint32_t per_second; /* tokens that come back in a second, at least 1 */
	uint32_t burst; /* tokens of a full bucket */
};

struct cp_bucket {
	uint64_t full_ns; /* when it will be full again, CLOCK_MONOTONIC */
};

/*
 * Takes `tokens` out of the bucket. False: it holds fewer than that, and nothing was taken. A full
 * bucket always gives, even more than it holds, so that no single demand is impossible.
 */
bool cp_bucket_take(struct cp_bucket *b, const struct cp_bucket_limit *limit, uint64_t now_ns,
	uint32_t tokens);
static inline bool cp_bucket_is_full(const struct cp_bucket *b, uint64_t now_ns)
{
	return b->full_ns <= now_ns;
}

#endif

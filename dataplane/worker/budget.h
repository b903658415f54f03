/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_DATAPLANE_WORKER_BUDGET_H
#define SPATE_DATAPLANE_WORKER_BUDGET_H

/*
 * Token buckets that limit packets per second. A bucket holds the tokens of one second, so that a
 * burst passes. Its whole state is the time at which it will be full again; 0: it is full.
 */

#include <stdbool.h>
#include <stdint.h>

#include <rte_common.h>

#define DP_BUDGET_DEPTH_NS 1000000000ull

/* Returns the cost of one packet in a bucket of `per_second` packets, in nanoseconds. */
static inline uint64_t dp_budget_cost(uint32_t per_second)
{
	return DP_BUDGET_DEPTH_NS / per_second;
}

/* Takes a token that costs `cost_ns`. False: the bucket is empty. */
static inline bool dp_budget_take(uint64_t *full_ns, uint64_t now_ns, uint64_t cost_ns)
{
	uint64_t full = RTE_MAX(*full_ns, now_ns) + cost_ns;

	if (full > now_ns + DP_BUDGET_DEPTH_NS)
		return false;
	*full_ns = full;
	return true;
}

/* Whether there is a token that costs `cost_ns`. */
static inline bool dp_budget_left(uint64_t full_ns, uint64_t now_ns, uint64_t cost_ns)
{
	return RTE_MAX(full_ns, now_ns) + cost_ns <= now_ns + DP_BUDGET_DEPTH_NS;
}

/* Takes a token even from an empty bucket, which owes it then. */
static inline void dp_budget_charge(uint64_t *full_ns, uint64_t now_ns, uint64_t cost_ns)
{
	*full_ns = RTE_MAX(*full_ns, now_ns) + cost_ns;
}

#endif

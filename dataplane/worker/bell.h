/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_DATAPLANE_WORKER_BELL_H
#define SPATE_DATAPLANE_WORKER_BELL_H

/*
 * Tells a worker which others have put something into their rings to it. So a loop reads one word
 * instead of one ring for each worker that exists, and costs the same with 64 workers as with two.
 */

#include <stdatomic.h>
#include <stdint.h>

#include <rte_common.h>

/* In a cache line of its own, because other workers write it. */
struct dp_bell {
	_Atomic uint64_t from; /* bit i: worker i has rung */
} __rte_cache_aligned;

/* Worker `from` has put something into its ring. */
static inline void dp_bell_ring(struct dp_bell *b, unsigned from)
{
	atomic_fetch_or_explicit(&b->from, UINT64_C(1) << from, memory_order_release);
}

/*
 * Returns who has rung since the last answer. What each had put into its ring before is visible; it
 * may have been read already. Until somebody rings, this only reads.
 */
static inline uint64_t dp_bell_answer(struct dp_bell *b)
{
	if (!atomic_load_explicit(&b->from, memory_order_relaxed))
		return 0;
	return atomic_exchange_explicit(&b->from, 0, memory_order_acquire);
}

#endif

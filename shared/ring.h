/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_SHARED_RING_H
#define SPATE_SHARED_RING_H

/*
 * Implements one end of a ring in shared memory. The ring is DPDK's rte_ring, single producer and
 * single consumer, with its element calls. Only the data plane links DPDK and initialises rings;
 * the inline calls used here need only DPDK's headers.
 *
 * The other process is trusted but may have bugs: before every use the ring's size, mask and fill
 * are compared with the values agreed at HELLO. A ring that fails the check returns SH_RING_BROKEN
 * from then on.
 */

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include <rte_ring.h>
#include <rte_ring_elem.h>

struct sh_ring {
	struct rte_ring *ring;
	uint32_t slots; /* a power of two; one entry stays empty */
	uint32_t record; /* size of an entry in bytes, a multiple of 4 */
};

enum { SH_RING_BROKEN = -1 };

/* Whether the ring's layout is the agreed one and its fill is possible. */
static inline bool sh_ring_sane(const struct sh_ring *r)
{
	const struct rte_ring *q = r->ring;
	/* The other process may write one of the two at any time. */
	uint32_t used = __atomic_load_n(&q->prod.tail, __ATOMIC_RELAXED) -
			__atomic_load_n(&q->cons.tail, __ATOMIC_RELAXED);

	return q->size == r->slots && q->mask == r->slots - 1 && q->capacity == r->slots - 1 &&
	       used <= r->slots - 1;
}

/* Appends a copy of one record. Returns 1, 0 if the ring is full, or SH_RING_BROKEN. */
static inline int sh_ring_push(const struct sh_ring *r, const void *record)
{
	if (!sh_ring_sane(r))
		return SH_RING_BROKEN;
	return (int)rte_ring_sp_enqueue_bulk_elem(r->ring, record, r->record, 1, NULL);
}

/*
 * Copies the oldest record to `record` and removes it. Returns 1, 0 if the ring is empty, or
 * SH_RING_BROKEN.
 */
static inline int sh_ring_pop(const struct sh_ring *r, void *record)
{
	if (!sh_ring_sane(r))
		return SH_RING_BROKEN;
	return (int)rte_ring_sc_dequeue_bulk_elem(r->ring, record, r->record, 1, NULL);
}

#endif

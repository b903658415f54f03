/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_DATAPLANE_TABLES_RESENT_H
#define SPATE_DATAPLANE_TABLES_RESENT_H

/*
 * Remembers when a worker retransmitted which packet to which viewer, so that a repeated NACK
 * within one round trip brings nothing. All viewers of a worker share one table of fixed size,
 * which costs a viewer nothing and is touched only when something is lost. An entry may be
 * overwritten by that of another packet; then a packet is retransmitted once more than needed.
 */

#include <stdbool.h>
#include <stdint.h>

enum { DP_RESENT = 65536 }; /* entries of a worker: 100 ms of retransmissions at 650,000 a second */

struct dp_resent {
	uint64_t at_ns; /* 0: none yet */
	uint32_t consumer; /* its slot */
	uint16_t id; /* of its id, because the slot may be another consumer's now */
	uint16_t seq; /* the consumer's sequence number */
};

/* The entry of a packet in `table`; neighbouring packets have neighbouring entries. */
static inline struct dp_resent *dp_resent_entry(struct dp_resent *table, uint32_t slot, uint16_t seq)
{
	return &table[(slot * 2654435761u + seq) % DP_RESENT];
}

/* Whether the packet was retransmitted less than `within_ns` before `now_ns`. */
static inline bool dp_resent_recently(const struct dp_resent *e, uint32_t slot, uint64_t id, uint16_t seq,
	uint64_t now_ns, uint64_t within_ns)
{
	return e->at_ns && e->consumer == slot && e->id == (uint16_t)id && e->seq == seq &&
	       now_ns - e->at_ns < within_ns;
}

#endif

/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_BENCHMARKS_TIMES_H
#define SPATE_BENCHMARKS_TIMES_H

/*
 * From when a packet of the producer's was handed over to when its copies came: of all of
 * them, and of the first and the last copy of each packet.
 */

#include <stdbool.h>
#include <stdint.h>

/*
 * Packets of the producer at most; a power of two. Half of the stream's ring: more under way than that may be
 * dropped by right (tx_behind), when the machine has taken the worker's core or ours for a while.
 */
enum { TIMES_UNDER_WAY = 1024 };

struct samples {
	uint32_t *ns;
	unsigned count, most;
	bool sorted;
};

struct times {
	struct samples all, first, last;
	unsigned viewers, every; /* of so many packets of the producer, one counts in `all` */
	bool recording;
	uint64_t whole; /* all copies of packets before have come */
	double ns_per_tick;
	struct {
		uint64_t tsc;
		unsigned copies;
		bool counts;
	} sent[TIMES_UNDER_WAY];
};

/* Once DPDK, whose clock this is, has started. Ends the program where there is no memory. */
void times_init(struct times *t);
/* Nothing is under way; forgets all samples. About so many copies are to come while they are recorded. */
void times_begin(struct times *t, uint64_t next, unsigned viewers, double copies);
/* Whether packets sent from now on are recorded. */
void times_record(struct times *t, bool recording);
/* Packets of these numbers were handed over; times are TSC. */
void times_sent(struct times *t, uint64_t from, uint64_t to, uint64_t tsc);
/* Whether n more from `next` on may be under way. */
bool times_room(const struct times *t, uint64_t next, unsigned n);
/* A copy of packet `number` came. */
void times_came(struct times *t, uint64_t number, uint64_t tsc);

/* The time that this share of the samples did not exceed, microseconds; 1000: the longest. 0: there are none. */
double samples_us(struct samples *s, unsigned per_mille);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_TOOLS_BENCHMARKS_SRC_TIMES_H
#define SPATE_TOOLS_BENCHMARKS_SRC_TIMES_H

/*
 * Records how long copies of the producer's packets take, from when the packet was handed over to
 * when the copy arrived: all copies, and the first and the last copy of each packet.
 */

#include <stdbool.h>
#include <stdint.h>

/*
 * Most packets of the producer on their way; a power of two. It is half of the stream's ring: when
 * the machine has taken the worker's core or ours for a while, more than that may rightly be
 * dropped (tx_behind).
 */
enum { TIMES_UNDER_WAY = 1024 };

struct samples {
	uint32_t *ns;
	unsigned count, most;
	bool sorted;
};

struct times {
	struct samples all, first, last;
	unsigned viewers, every; /* every: one in so many packets of the producer counts in `all` */
	bool recording;
	uint64_t whole; /* all copies of packets before this one have arrived */
	double ns_per_tick;
	struct {
		uint64_t tsc;
		unsigned copies;
		bool counts;
	} sent[TIMES_UNDER_WAY];
};

/* Call after DPDK, whose clock this uses, has started. Ends the program when memory is short. */
void times_init(struct times *t);
/* Forgets all samples. No packet may be on its way. About `copies` copies will be recorded. */
void times_begin(struct times *t, uint64_t next, unsigned viewers, double copies);
/* Sets whether packets sent from now on are recorded. */
void times_record(struct times *t, bool recording);
/* The packets `from` to `to - 1` were handed over at `tsc`. */
void times_sent(struct times *t, uint64_t from, uint64_t to, uint64_t tsc);
/* True if n more packets from `next` on may be sent. */
bool times_room(const struct times *t, uint64_t next, unsigned n);
/* A copy of packet `number` arrived at `tsc`. */
void times_came(struct times *t, uint64_t number, uint64_t tsc);

/*
 * The time in microseconds that this share of the samples did not exceed; 1000: the maximum. 0
 * without samples.
 */
double samples_us(struct samples *s, unsigned per_mille);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_SHARED_LATENCY_H
#define SPATE_SHARED_LATENCY_H

/*
 * Implements a histogram of times. Each octave is divided into four equal buckets, so the upper end
 * of a bucket is at most a quarter above its lower end. The buckets span 1.024 us to 1.07 s, plus
 * one below and one above. One thread adds; others may read at the same time.
 */

#include <stdint.h>

enum {
	SH_LATENCY_FIRST_BIT = 10, /* the second bucket begins at 2^10 ns */
	SH_LATENCY_OCTAVES = 20,
	SH_LATENCY_BUCKETS = SH_LATENCY_OCTAVES * 4 + 2,
};

struct sh_latency {
	uint64_t bucket[SH_LATENCY_BUCKETS]; /* packets */
	uint64_t sum_ns; /* sum of all times */
	uint64_t max_ns; /* the longest time since the process started */
};

/* Returns the index of the bucket of a time. */
static inline unsigned sh_latency_bucket(uint64_t ns)
{
	unsigned top;

	if (ns >> SH_LATENCY_FIRST_BIT == 0)
		return 0;
	if (ns >> (SH_LATENCY_FIRST_BIT + SH_LATENCY_OCTAVES))
		return SH_LATENCY_BUCKETS - 1;
	top = 63 - (unsigned)__builtin_clzll(ns);
	return 1 + (top - SH_LATENCY_FIRST_BIT) * 4 + (unsigned)(ns >> (top - 2) & 3);
}

/* Adds `n` packets that took `ns` nanoseconds each. */
static inline void sh_latency_add(struct sh_latency *l, uint64_t ns, uint64_t n)
{
	l->bucket[sh_latency_bucket(ns)] += n;
	l->sum_ns += ns * n;
	if (ns > l->max_ns)
		l->max_ns = ns;
}

/* The exclusive upper end of a bucket in nanoseconds; UINT64_MAX for the last bucket. */
uint64_t sh_latency_end(unsigned bucket);

/* Copies a histogram that another thread adds to. Each word is consistent, the whole is not. */
void sh_latency_read(const struct sh_latency *live, struct sh_latency *out);
/* Adds the counts of `other`. */
void sh_latency_merge(struct sh_latency *l, const struct sh_latency *other);
/*
 * Subtracts the counts of an earlier copy, `since`. max_ns remains the longest time since the
 * process started.
 */
void sh_latency_since(struct sh_latency *l, const struct sh_latency *since);
/* The number of packets in the histogram. */
uint64_t sh_latency_count(const struct sh_latency *l);
/*
 * The time in nanoseconds that `per_mille` of the packets did not exceed: the end of its bucket, or
 * max_ns if that is less. 0: no packets.
 */
uint64_t sh_latency_percentile(const struct sh_latency *l, unsigned per_mille);

#endif

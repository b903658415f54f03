/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_SHARED_LATENCY_H
#define SPATE_SHARED_LATENCY_H

/*
 * Times in buckets of a quarter of an octave: a bucket is at most a quarter wider than its
 * lower end, from 1.024 us to 1.07 s, with one below and one above. Whoever adds is alone in that;
 * others may read meanwhile.
 */

#include <stdint.h>

enum {
	SH_LATENCY_FIRST_BIT = 10, /* 2^10 ns: where the first bucket but one begins */
	SH_LATENCY_OCTAVES = 20,
	SH_LATENCY_BUCKETS = SH_LATENCY_OCTAVES * 4 + 2,
};

struct sh_latency {
	uint64_t bucket[SH_LATENCY_BUCKETS]; /* packets */
	uint64_t sum_ns; /* of all times */
	uint64_t max_ns; /* the longest since the start */
};

/* Which bucket a time belongs to. */
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

/* Adds `n` packets that took `ns`. */
static inline void sh_latency_add(struct sh_latency *l, uint64_t ns, uint64_t n)
{
	l->bucket[sh_latency_bucket(ns)] += n;
	l->sum_ns += ns * n;
	if (ns > l->max_ns)
		l->max_ns = ns;
}

/* Where a bucket ends: all times in it are below, in nanoseconds. UINT64_MAX for the last. */
uint64_t sh_latency_end(unsigned bucket);

/* Copies a histogram that is being added to; each word is untorn. */
void sh_latency_read(const struct sh_latency *live, struct sh_latency *out);
/* Adds those of another. */
void sh_latency_merge(struct sh_latency *l, const struct sh_latency *other);
/* Subtracts what had been counted before, in `since`. The longest time is that since the start still. */
void sh_latency_since(struct sh_latency *l, const struct sh_latency *since);
/* How many packets are in it. */
uint64_t sh_latency_count(const struct sh_latency *l);
/*
 * The time in ns that the share `per_mille` of the packets did not exceed, as the end of its bucket, or the
 * longest time where that is less. 0: no packets.
 */
uint64_t sh_latency_percentile(const struct sh_latency *l, unsigned per_mille);

#endif

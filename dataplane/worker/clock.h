/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_DATAPLANE_WORKER_CLOCK_H
#define SPATE_DATAPLANE_WORKER_CLOCK_H

/*
 * Computes CLOCK_MONOTONIC and CLOCK_REALTIME from the TSC. About ten times a second both are read
 * from the kernel. The monotonic time never runs backwards. Each thread has a clock of its own.
 */

#include <stdint.h>
#include <time.h>

#include <rte_cycles.h>

#define DP_MS 1000000ull /* one millisecond in nanoseconds */

struct dp_clock {
	uint64_t tsc, mono; /* TSC and CLOCK_MONOTONIC (ns) when the kernel's clock was last read */
	uint64_t period; /* TSC ticks between these readings */
	uint64_t scale; /* ns per TSC tick, 32.32 fixed point */
};

/* Reads one of the kernel's clocks, in nanoseconds. */
static inline uint64_t dp_clock_read(clockid_t id)
{
	struct timespec t;

	clock_gettime(id, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static inline void dp_clock_init(struct dp_clock *c)
{
	uint64_t hz = rte_get_tsc_hz();

	c->period = hz / 10;
	c->scale = (uint64_t)(4294967296e9 / (double)hz);
	c->mono = 0;
	c->tsc = rte_rdtsc() - c->period;
}

/* Returns CLOCK_MONOTONIC in nanoseconds. */
static inline uint64_t dp_clock_now(struct dp_clock *c)
{
	uint64_t ticks = rte_rdtsc() - c->tsc, ns;

	if (ticks >= c->period) {
		uint64_t last = c->mono + (c->mono ? (c->period * c->scale) >> 32 : 0);

		c->tsc += ticks;
		c->mono = dp_clock_read(CLOCK_MONOTONIC);
		if (c->mono < last)
			c->mono = last;
		ticks = 0;
	}
	ns = (ticks * c->scale) >> 32;
	return c->mono + ns;
}

/*
 * Returns CLOCK_MONOTONIC in nanoseconds, for times within an iteration of the worker's loop: it
 * only extrapolates from the last dp_clock_now(). The product has 128 bits, because 64 bits
 * overflow after four seconds, and the thread may have been off its CPU for longer.
 */
static inline uint64_t dp_clock_within(const struct dp_clock *c)
{
	return c->mono + (uint64_t)(((unsigned __int128)(rte_rdtsc() - c->tsc) * c->scale) >> 32);
}

#endif

/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_DATAPLANE_WORKER_CLOCK_H
#define SPATE_DATAPLANE_WORKER_CLOCK_H

/*
 * CLOCK_MONOTONIC and CLOCK_REALTIME from the TSC, set right against the kernel's clock
 * about ten times a second. Never runs backwards. One per thread.
 */

#include <stdint.h>
#include <time.h>

#include <rte_cycles.h>

#define DP_MS 1000000ull /* nanoseconds */

struct dp_clock {
	uint64_t tsc, mono, real; /* at the last setting */
	uint64_t period; /* TSC ticks between settings */
	uint64_t scale; /* ns per tick, 32.32 */
};

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

/* Both in nanoseconds. */
static inline void dp_clock_now(struct dp_clock *c, uint64_t *mono, uint64_t *real)
{
	uint64_t ticks = rte_rdtsc() - c->tsc, ns;

	if (ticks >= c->period) {
		uint64_t last = c->mono + (c->mono ? (c->period * c->scale) >> 32 : 0);

		c->tsc += ticks;
		c->mono = dp_clock_read(CLOCK_MONOTONIC);
		c->real = dp_clock_read(CLOCK_REALTIME);
		if (c->mono < last)
			c->mono = last;
		ticks = 0;
	}
	ns = (ticks * c->scale) >> 32;
	*mono = c->mono + ns;
	*real = c->real + ns;
}

/*
 * CLOCK_MONOTONIC at this moment, from what dp_clock_now() has set, which must have been called
 * a short time ago: for times within a loop. Should the loop have been without a core for long, it is
 * still right: 64 bits would hold four seconds.
 */
static inline uint64_t dp_clock_within(const struct dp_clock *c)
{
	return c->mono + (uint64_t)(((unsigned __int128)(rte_rdtsc() - c->tsc) * c->scale) >> 32);
}

#endif

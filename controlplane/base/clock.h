/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_CONTROLPLANE_BASE_CLOCK_H
#define SPATE_CONTROLPLANE_BASE_CLOCK_H

/*
 * Declares two clocks: the machine's monotonic clock, and the one that code without I/O receives as
 * an argument, so that tests can set it.
 */

#include <stdint.h>

/* CLOCK_MONOTONIC in nanoseconds. It is alone in clock.c, so that a unit test can replace it. */
uint64_t cp_now_ns(void);

/* A clock and one alarm. */
struct cp_clock {
	uint64_t (*now_ms)(void *clock); /* CLOCK_MONOTONIC */
	/* Sets the alarm to go off once, after `ms`. Replaces an alarm that was set before. */
	void (*wake_in)(void *clock, uint64_t ms);
};

#endif

/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_CONTROLPLANE_BASE_CLOCK_H
#define SPATE_CONTROLPLANE_BASE_CLOCK_H

/*
 * Time: the monotonic clock of the machine, and the clock that code without I/O is given, so
 * that tests can set it.
 */

#include <stdint.h>

/* CLOCK_MONOTONIC in nanoseconds. Alone in clock.c, so that a unit test can define its own. */
uint64_t cp_now_ns(void);

/* A clock and one alarm. */
struct cp_clock {
	uint64_t (*now_ms)(void *clock); /* CLOCK_MONOTONIC */
	/* Sets the alarm to go off once, in `ms`. It replaces an alarm that was set before. */
	void (*wake_in)(void *clock, uint64_t ms);
};

#endif

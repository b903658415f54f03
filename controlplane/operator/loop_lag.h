/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_CONTROLPLANE_OPERATOR_LOOP_LAG_H
#define SPATE_CONTROLPLANE_OPERATOR_LOOP_LAG_H

/*
 * Measures how late the event loop is: by how much a timer that expires 4 times a second is late.
 * The same timer tells the service manager that the process works.
 */

#include <stdbool.h>
#include <stdint.h>

#include <uv.h>

struct cp_view;

struct cp_loop_lag {
	uv_timer_t timer;
	bool (*works)(const struct cp_view *v);
	const struct cp_view *view;
	uint64_t due_ns, window_ns; /* CLOCK_MONOTONIC: when the timer expires; when the window began */
	uint64_t worst_ms, last_worst_ms; /* in this window of 5 s; in the one before */
};

/* `works` says whether the rest of the process works, too. */
void cp_loop_lag_start(struct cp_loop_lag *l, uv_loop_t *loop, bool (*works)(const struct cp_view *v),
	const struct cp_view *view);
void cp_loop_lag_stop(struct cp_loop_lag *l);
/* The longest delay of the last 5 to 10 seconds. */
uint64_t cp_loop_lag_ms(const struct cp_loop_lag *l);

#endif

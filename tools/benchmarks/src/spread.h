/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_TOOLS_BENCHMARKS_SRC_SPREAD_H
#define SPATE_TOOLS_BENCHMARKS_SRC_SPREAD_H

/* Measures what a packet to a viewer costs when a crowd is spread over workers in one layout. */

#include <stdbool.h>

#include "tools/benchmarks/src/crowd.h"
#include "tools/benchmarks/src/floor.h"
#include "tools/benchmarks/src/result.h"

/* Settings that all measurements with one profile and payload share. */
struct spread {
	struct plane *plane;
	unsigned worker_core, load_core; /* cores of the first worker and of this program */
	unsigned ms; /* duration of a measurement */
	struct floor *floor; /* is measured between slices when only the first worker counts */
};

/* One of a group of cases that are compared. */
struct spread_case {
	const char *name;
	struct crowd_layout layout;
	/* hand-off: the layout with the two workers exchanged (handoff.h); `streams` 0: none */
	struct crowd_layout exchanged;
	int against; /* index of the case in the group that it is compared with; -1: none */
};

/*
 * Opens a crowd with the profile, viewers, payload and burst of `result`, and measures it. `alone`:
 * only the first worker counts. Fills in the figures of `result` except for the floors.
 */
void spread_measure(const struct spread *s, const struct crowd_layout *layout, bool alone,
	struct result *result);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_TOOLS_BENCHMARKS_SRC_SLICES_H
#define SPATE_TOOLS_BENCHMARKS_SRC_SLICES_H

/*
 * Measures what each packet to a viewer costs the worker, in slices of some milliseconds, with the
 * floors of the same milliseconds before and after each.
 */

#include "tools/benchmarks/src/crowd.h"
#include "tools/benchmarks/src/floor.h"
#include "tools/benchmarks/src/result.h"
#include "tools/benchmarks/src/returns.h"

struct floors {
	struct floor *floor, *crypto; /* may be the same */
	/* core that they are measured on, and core of this program otherwise */
	unsigned core, load_core;
};

/*
 * Measures one case for `ms` on a port, PLANE_LINK or PLANE_NULL. result->burst says how many
 * packets the producer sends at a time. `returns` is NULL, or what viewers send meanwhile. Fills in
 * the figures of `result`, and whether everything was right.
 */
void slices_measure(struct crowd *c, const struct floors *floors, unsigned port, unsigned ms,
	struct returns *returns, struct result *result);
/*
 * Sends the first packets to each viewer, which tell its first sequence number. False: some did not
 * arrive.
 */
bool slices_meet(struct crowd *c);

#endif

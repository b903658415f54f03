/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_TOOLS_BENCHMARKS_SRC_HANDOFF_H
#define SPATE_TOOLS_BENCHMARKS_SRC_HANDOFF_H

/*
 * Provides the cases that measure what a hand-off of packets from one worker to another costs. That
 * cost is the first worker's, which shares its core with nobody: first on one side of the hand-off
 * and then, with the two workers exchanged, on the other.
 */

#include <stdbool.h>

#include "tools/benchmarks/src/spread.h"

enum { HANDOFF_CASES = 3 };

/*
 * Fills in the cases: everything on one worker, the producer on another worker, and packets that
 * arrive on another worker's queue. They come first in their group, because the second and the
 * third are compared with case 0. `fanout`: use the names in tools/bench fanout.
 */
void handoff_cases(struct spread_case cases[HANDOFF_CASES], unsigned workers, bool fanout);

/* Measures a case that has an exchanged layout: the sum of both sides. */
void handoff_measure(const struct spread *s, const struct spread_case *c, struct result *result);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_DATAPLANE_TABLES_APPLY_H
#define SPATE_DATAPLANE_TABLES_APPLY_H

/*
 * Takes the agent's operations from the worker's ring, applies them to the tables and reports the
 * results.
 */

struct dp_worker;

/* Applies at most DP_BURST operations. Returns how many it took, failed ones included. */
unsigned dp_apply_ops(struct dp_worker *w);

#endif

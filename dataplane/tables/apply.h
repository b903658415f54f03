/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_DATAPLANE_TABLES_APPLY_H
#define SPATE_DATAPLANE_TABLES_APPLY_H

/* A worker takes the agent's operations, applies them to its tables and reports the results. */

struct dp_worker;

/* Returns how many operations were applied. */
unsigned dp_apply_ops(struct dp_worker *w);

#endif

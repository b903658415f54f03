/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_DATAPLANE_START_MAKE_WORKERS_H
#define SPATE_DATAPLANE_START_MAKE_WORKERS_H

/* Makes all workers before any runs, starts them on their lcores, and stops them. */

#include <stddef.h>

#include "dataplane/worker/stats_memory.h"
#include "dataplane/worker/workers.h"

/* Megabytes of DPDK memory that the configuration needs. */
unsigned dp_workers_megabytes(const struct sh_config *c);

/* The packet pools, which the ports need first. 0 or errno. */
int dp_pools_make(struct dp_workers *all, const struct sh_config *c);
/* Everything else. 0, or errno with an operator's message in `err`. */
int dp_workers_make(struct dp_workers *all, const struct sh_config *c, const struct dp_stats *stats,
	char *err, size_t err_size);

/* Starts each on its lcore (0 or errno); stops all and waits for them. */
int dp_workers_start(struct dp_workers *all);
void dp_workers_stop(struct dp_workers *all);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_DATAPLANE_START_MAKE_WORKERS_H
#define SPATE_DATAPLANE_START_MAKE_WORKERS_H

/* Creates all workers before any of them runs, starts them on their lcores, and stops them. */

#include <stddef.h>

#include "dataplane/worker/stats_memory.h"
#include "dataplane/worker/workers.h"

/* Returns how many megabytes of DPDK memory the configuration needs: an estimate with a reserve. */
unsigned dp_workers_megabytes(const struct sh_config *c);

/*
 * Creates the packet pools, which the ports need before the workers exist. 0, or errno with an
 * operator's message in `err`.
 */
int dp_pools_make(struct dp_workers *all, const struct sh_config *c, char *err, size_t err_size);
/*
 * Creates everything else; the ports have been started. 0, or errno with an operator's message in
 * `err`.
 */
int dp_workers_make(struct dp_workers *all, const struct sh_config *c, const struct dp_stats *stats,
	char *err, size_t err_size);

/* Starts each worker on its lcore. 0 or errno. */
int dp_workers_start(struct dp_workers *all);
/*
 * Stops all workers and waits for them. Then frees the packets in their TX queues, their keys and
 * the rings of operations.
 */
void dp_workers_stop(struct dp_workers *all);

#endif

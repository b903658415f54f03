/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_DATAPLANE_WORKERS_H
#define SPATE_DATAPLANE_WORKERS_H

/* All workers, with the tables and the rings between them: made at start, before any runs. */

#include "dataplane/worker/stats_memory.h"
#include "dataplane/worker/worker.h"

enum {
	DP_OPS_SLOTS = 1024, /* operations under way to one worker */
	DP_REPORT_SLOTS = 4096, /* answers and reports of one worker */
	DP_HANDOFF_SLOTS = 2048, /* packets from one worker to another */
};

struct dp_workers {
	unsigned count;
	struct dp_worker *worker[SH_MAX_WORKERS];
	struct rte_mempool *pool[SH_MAX_WORKERS]; /* by worker; those of one NUMA node share one */
	struct dp_ports ports;
	struct dp_transport *transports;
	struct dp_stream *streams;
	struct dp_consumer *consumers;
	void *ops_memory; /* the operation rings: keys pass through them */
	size_t ops_size;
};

/* Megabytes of DPDK memory that the configuration needs. */
unsigned dp_workers_megabytes(const struct sh_config *c);

/* The packet pools, which the ports need first. 0 or errno. */
int dp_pools_make(struct dp_workers *all, const struct sh_config *c);
/* Everything else. 0, or -1 with a sentence for people in `err`. */
int dp_workers_make(struct dp_workers *all, const struct sh_config *c, const struct dp_stats *stats,
	char *err, size_t err_size);

/* Starts each on its lcore; stops all and waits for them. */
int dp_workers_start(struct dp_workers *all);
void dp_workers_stop(struct dp_workers *all);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_DATAPLANE_WORKER_WORKERS_H
#define SPATE_DATAPLANE_WORKER_WORKERS_H

/* All workers, with the tables and the rings between them: made at start (start/make_workers.h), before any runs. */

#include <stddef.h>

#include "dataplane/device/ports.h"
#include "dataplane/worker/worker.h"

enum {
	DP_OPS_SLOTS = 1024, /* operations under way to one worker */
	DP_REPORT_SLOTS = 4096, /* answers and reports of one worker */
	DP_HANDOFF_SLOTS = 2048, /* packets from one worker to another */
	DP_NEIGHBOUR_SLOTS = 64, /* answers of neighbours from one worker to another or itself */
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

#endif

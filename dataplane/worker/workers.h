/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_DATAPLANE_WORKER_WORKERS_H
#define SPATE_DATAPLANE_WORKER_WORKERS_H

/*
 * Defines the set of all workers, with the tables and rings that they share. It is made at start,
 * before any worker runs (start/make_workers.h).
 */

#include <stddef.h>

#include "dataplane/device/ports.h"
#include "dataplane/worker/worker.h"

enum {
	DP_OPS_SLOTS = 1024, /* pending operations of one worker */
	DP_REPORT_SLOTS = 4096, /* acknowledgements and events from one worker */
};

struct dp_workers {
	unsigned count;
	struct dp_worker *worker[SH_MAX_WORKERS];
	struct rte_mempool *pool[SH_MAX_WORKERS]; /* by worker; workers of one NUMA node share a pool */
	struct dp_ports ports;
	struct dp_transport *transports; /* this and the next: tables of all workers, by slot */
	struct dp_stream *streams;
	struct dp_consumer *consumers;
	void *ops_memory; /* holds the rings of operations, through which keys pass */
	size_t ops_size; /* in bytes */
};

#endif

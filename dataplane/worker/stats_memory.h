/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_DATAPLANE_WORKER_STATS_MEMORY_H
#define SPATE_DATAPLANE_WORKER_STATS_MEMORY_H

/*
 * Creates the statistics memfd (shared/stats.h) at start. The data plane writes it; every client
 * may read it.
 */

#include <stddef.h>

#include "shared/config.h"
#include "shared/stats.h"

struct dp_stats {
	int fd; /* for clients: sealed against new writable mappings and changes of size */
	size_t size; /* in bytes */
	struct sh_stats_header *header;
	struct sh_worker_stats *worker; /* this and the next: arrays in the memfd */
	struct sh_port_stats *port;
	struct sh_transport_stats *transport;
	struct sh_producer_stats *producer;
	struct sh_consumer_stats *consumer;
	struct sh_notice *notice; /* SH_NOTICES entries; written by the main thread, before the agent runs */
};

/* Creates the memfd for the objects that the configuration allows. Returns 0 or errno. */
int dp_stats_open(struct dp_stats *s, const struct sh_config *c, uint64_t instance);
void dp_stats_close(struct dp_stats *s);

#endif

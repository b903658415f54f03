/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_DATAPLANE_WORKER_STATS_MEMORY_H
#define SPATE_DATAPLANE_WORKER_STATS_MEMORY_H

/* The statistics memfd (shared/stats.h): made at start, written here, read by everybody. */

#include <stddef.h>

#include "shared/config.h"
#include "shared/stats.h"

struct dp_stats {
	int fd; /* to hand out: nobody can map it for writing any more, nor change its size */
	size_t size;
	struct sh_stats_header *header;
	struct sh_worker_stats *worker;
	struct sh_port_stats *port;
	struct sh_transport_stats *transport;
	struct sh_producer_stats *producer;
	struct sh_consumer_stats *consumer;
	struct sh_notice *notice; /* SH_NOTICES; writer: main thread, before the agent runs */
};

/* 0 or errno. */
int dp_stats_open(struct dp_stats *s, const struct sh_config *c, uint64_t instance);
void dp_stats_close(struct dp_stats *s);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_CONTROLPLANE_ROOMS_LOAD_H
#define SPATE_CONTROLPLANE_ROOMS_LOAD_H

/*
 * The load that the rooms put on each worker. The sums are kept up to date with each change, so
 * that placing a transport only compares the workers (worker_placement.h). The rate of a stream is
 * estimated when its producer is made and measured from then on.
 */

#include <stdint.h>
#include <sys/queue.h>

#include "controlplane/rooms/worker_placement.h"
#include "shared/ids.h"

struct cp_model;
struct cp_room;
struct cp_peer;
struct cp_producer;
struct cp_consumer;
struct cp_transport;

enum { CP_RESERVED_MS = 10000 /* how long load is reserved for a new transport */ };

struct cp_load {
	uint32_t workers; /* 1 at least */
	struct cp_worker_load worker[SH_MAX_WORKERS];
	TAILQ_HEAD(, cp_transport) reserving; /* the oldest first */
};

void cp_load_init(struct cp_load *l);

/* --- for the bridge --------------------------------------------------------------------------- */

/* A data plane is connected, with so many workers and nothing of ours on them. */
void cp_model_workers(struct cp_model *m, uint32_t workers);
/* Samples of all workers, about once a second, after producers were measured. */
void cp_model_sample_workers(struct cp_model *m, const struct cp_worker_sample *sample);
/* All that came of a producer's stream so far, `ms` after the last measurement. */
void cp_producer_measure(struct cp_producer *p, uint64_t packets, uint64_t bytes, uint64_t ms);

/* --- for the rooms --------------------------------------------------------------------------- */

/* The worker for one more transport of the room. */
uint32_t cp_load_choose_worker(const struct cp_room *room);
/* The loads on t->worker change with each object that is added or removed. */
void cp_load_add_transport(struct cp_transport *t);
void cp_load_remove_transport(struct cp_transport *t);
void cp_load_add_producer(struct cp_producer *p);
void cp_load_remove_producer(struct cp_producer *p);
void cp_load_add_consumer(struct cp_consumer *c);
void cp_load_remove_consumer(struct cp_consumer *c);

#endif

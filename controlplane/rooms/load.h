/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_CONTROLPLANE_ROOMS_LOAD_H
#define SPATE_CONTROLPLANE_ROOMS_LOAD_H

/*
 * Keeps the load that the rooms put on each worker. Each change updates the sums, so that placing a
 * transport only compares the workers (worker_placement.h). The rate of a stream is estimated when
 * its producer is created and measured from then on.
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
	uint32_t workers; /* at least 1 */
	uint32_t generation; /* data planes that have connected; transports of an earlier one count no more */
	struct cp_worker_load worker[SH_MAX_WORKERS];
	struct cp_worker_load past; /* of transports whose data plane is gone; nobody reads it */
	TAILQ_HEAD(, cp_transport) reserving; /* transports with a reservation, the oldest first */
};

void cp_load_init(struct cp_load *l);

/* --- for the bridge --------------------------------------------------------------------------- */

/*
 * A data plane with this many workers has connected, and none of our objects are on them. Those
 * that are still to close because an earlier one was lost count no more.
 */
void cp_model_workers(struct cp_model *m, uint32_t workers);
/*
 * Takes the samples of all workers, sample[i] of worker i. Call about once a second, after the
 * producers were measured, because the samples are compared with their rates.
 */
void cp_model_sample_workers(struct cp_model *m, const struct cp_worker_sample *sample);
/*
 * Updates the rate of one of a producer's encodings. `packets` and `bytes` are its totals, `ms` is
 * the time since the last sample.
 */
void cp_producer_measure(struct cp_producer *p, uint32_t encoding, uint64_t packets, uint64_t bytes,
	uint64_t ms);

/* --- for the rooms --------------------------------------------------------------------------- */

/* Chooses the worker for a new transport of the room. */
uint32_t cp_load_choose_worker(const struct cp_room *room);
/* Call when an object is added or removed; these update the load of its transport's worker. */
void cp_load_add_transport(struct cp_transport *t);
void cp_load_remove_transport(struct cp_transport *t);
void cp_load_add_producer(struct cp_producer *p);
void cp_load_remove_producer(struct cp_producer *p);
void cp_load_add_consumer(struct cp_consumer *c);
void cp_load_remove_consumer(struct cp_consumer *c);

#endif

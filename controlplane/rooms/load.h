/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_CONTROLPLANE_ROOMS_LOAD_H
#define SPATE_CONTROLPLANE_ROOMS_LOAD_H

/*
 * What the rooms have on each worker, kept as they change, so that a transport can be
 * placed at the cost of a look at the workers (placement.h). What a stream costs is
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

enum { CP_RESERVED_MS = 10000 }; /* a new transport has what it is for by then, or does not want it */

struct cp_load {
	uint32_t workers; /* 1 at least */
	struct cp_worker_load worker[SH_MAX_WORKERS];
	TAILQ_HEAD(, cp_transport) reserving; /* the oldest first */
};

void cp_load_init(struct cp_load *l);

/* --- of whoever carries the media ---------------------------------------------------------- */

/* A data plane is there, with so many workers and nothing of ours on them. */
void cp_model_workers(struct cp_model *m, uint32_t workers);
/* A look at the data plane's workers, about once a second, `workers` of them; producers' rates are up to date. */
void cp_model_look(struct cp_model *m, const struct cp_worker_look *look);
/* What has come of a producer's stream since its first packet, `ms` after this was said the last time. */
void cp_producer_counted(struct cp_producer *p, uint64_t packets, uint64_t bytes, uint64_t ms);

/* --- of the rooms --------------------------------------------------------------------------- */

/* The worker for one more transport of the room. */
uint32_t cp_load_place(const struct cp_room *room);
/* On t->worker, from and to when it is in the rooms' lists. */
void cp_load_opened(struct cp_transport *t);
void cp_load_closed(struct cp_transport *t);
void cp_load_produced(struct cp_producer *p);
void cp_load_unproduced(struct cp_producer *p);
void cp_load_consumed(struct cp_consumer *c);
void cp_load_unconsumed(struct cp_consumer *c);

#endif

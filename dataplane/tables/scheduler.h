/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_DATAPLANE_TABLES_SCHEDULER_H
#define SPATE_DATAPLANE_TABLES_SCHEDULER_H

/* The scheduler of the fan-out: which audience has its pass next (struct dp_turns in worker/worker.h). */

#include <stdbool.h>
#include <stdint.h>

#include "dataplane/worker/worker.h"

/* For so many streams, in memory of that NUMA node. False: no memory. */
bool dp_turns_init(struct dp_turns *t, uint32_t streams, int socket);
/* An audience's own, by its port and the stream's kind. */
struct dp_turns *dp_turns_of(struct dp_worker *w, const struct dp_audience *a);
/* Adds an audience that is not among them. */
void dp_turns_add(struct dp_worker *w, struct dp_audience *a);
/* Takes one out, wherever it stands. */
void dp_turns_remove(struct dp_worker *w, struct dp_audience *a);
/* Begins a new round when the last one is over. False: nobody waits. */
bool dp_turns_begin(struct dp_turns *t);
/*
 * The first `done` have had their pass. `stopped`: the next one stood still in it, and goes
 * behind the others, so that all have their turn.
 */
void dp_turns_done(struct dp_turns *t, uint32_t done, bool stopped);
/* Anybody waits. */
static inline bool dp_turns_waiting(const struct dp_turns *t)
{
	return t->count + t->later_count > 0;
}

#endif

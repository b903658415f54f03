/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_DATAPLANE_TABLES_SCHEDULER_H
#define SPATE_DATAPLANE_TABLES_SCHEDULER_H

/* The scheduler of the fan-out: which audience has its pass next (struct dp_schedule in worker/worker.h). */

#include <stdbool.h>
#include <stdint.h>

#include "dataplane/worker/worker.h"

/* Makes a schedule for so many streams, in memory of that NUMA node. False: no memory. */
bool dp_schedule_init(struct dp_schedule *t, uint32_t streams, int socket);
/* The schedule of an audience, by its port and the stream's kind. */
struct dp_schedule *dp_schedule_of(struct dp_worker *w, const struct dp_audience *a);
/* Adds an audience that is in no schedule. */
void dp_schedule_add(struct dp_worker *w, struct dp_audience *a);
/* Takes an audience out of its schedule. */
void dp_schedule_remove(struct dp_worker *w, struct dp_audience *a);
/* Begins a new round when the last one is over. False: the schedule is empty. */
bool dp_schedule_begin_round(struct dp_schedule *t);
/*
 * Removes the first `done` audiences, which have had their pass. `stopped`: the next one could not
 * finish its pass, and goes behind the others, so that it does not keep them from theirs.
 */
void dp_schedule_end_passes(struct dp_schedule *t, uint32_t done, bool stopped);
static inline bool dp_schedule_has_work(const struct dp_schedule *t)
{
	return t->count + t->next_count > 0;
}

#endif

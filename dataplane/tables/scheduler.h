/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_DATAPLANE_TABLES_SCHEDULER_H
#define SPATE_DATAPLANE_TABLES_SCHEDULER_H

/*
 * Schedules the fan-out: decides which audience has its pass next (struct dp_schedule in
 * worker/worker.h). Used by the worker that owns the schedule.
 */

#include <stdbool.h>
#include <stdint.h>

#include "dataplane/worker/worker.h"

/*
 * Allocates a schedule for at most `streams` audiences on NUMA node `socket`. False: no memory. It
 * is never freed.
 */
bool dp_schedule_init(struct dp_schedule *t, uint32_t streams, int socket);
/* Returns the schedule of an audience, which depends on its port and its stream's kind. */
struct dp_schedule *dp_schedule_of(struct dp_worker *w, const struct dp_audience *a);
/* Adds an audience that is in no schedule: to this round, or to the next if it has had its pass. */
void dp_schedule_add(struct dp_worker *w, struct dp_audience *a);
/* Removes an audience from its schedule. */
void dp_schedule_remove(struct dp_worker *w, struct dp_audience *a);
/* Begins the next round if the current one has ended. False: the schedule is empty. */
bool dp_schedule_begin_round(struct dp_schedule *t);
/*
 * Removes the first `done` audiences, which have had their pass. `stopped`: the next audience could
 * not complete its pass; it goes to the end of the round, so that it does not block the others.
 */
void dp_schedule_end_passes(struct dp_schedule *t, uint32_t done, bool stopped);
/* Whether any audience is in the schedule. */
static inline bool dp_schedule_has_work(const struct dp_schedule *t)
{
	return t->count + t->next_count > 0;
}

#endif

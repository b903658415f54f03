/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_DATAPLANE_WORKER_REPORT_EVENT_H
#define SPATE_DATAPLANE_WORKER_REPORT_EVENT_H

/*
 * Reports an event of one of a worker's objects to the agent, which sends it to the control plane.
 */

#include <stdbool.h>

#include "shared/abi.h"

struct dp_worker;

/*
 * Queues an event for the agent without waiting. `remote` may be NULL. False: the ring of reports
 * is full.
 */
bool dp_report_event(struct dp_worker *w, enum sh_event_kind kind, sh_id id, const struct sh_addr *remote);
/* Likewise, that consumer `id` gets other layers. */
bool dp_report_layers(struct dp_worker *w, sh_id id, const struct sh_layers *layers);

#endif

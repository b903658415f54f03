/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_DATAPLANE_AGENT_SNAPSHOT_H
#define SPATE_DATAPLANE_AGENT_SNAPSHOT_H

/*
 * Deletes what a restarted control plane no longer wants, by mark and sweep: it names the objects
 * to keep, and those that it has not named within the time it grants are deleted.
 */

#include <stdint.h>

#include "shared/abi.h"

struct dp_agent;

/* Marks all objects as unclaimed and cancels a sweep that is due. */
void dp_snapshot_begin(struct dp_agent *a);
/* Keeps the objects that a CLAIM names. */
void dp_snapshot_claim(struct dp_agent *a, const struct sh_claim *claim);
/* Schedules the sweep after `grace_ms`. */
void dp_snapshot_end(struct dp_agent *a, uint32_t grace_ms);
/* Deletes the unclaimed objects, when the time has come. */
void dp_snapshot_sweep(struct dp_agent *a);

#endif

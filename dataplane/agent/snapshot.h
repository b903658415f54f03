/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_DATAPLANE_AGENT_SNAPSHOT_H
#define SPATE_DATAPLANE_AGENT_SNAPSHOT_H

/*
 * Mark and sweep: a restarted control plane names what it still wants; what it does not name within
 * the time it gives is deleted.
 */

#include <stdint.h>

struct dp_agent;

void dp_snapshot_begin(struct dp_agent *a);
void dp_snapshot_end(struct dp_agent *a, uint32_t grace_ms);
void dp_snapshot_sweep(struct dp_agent *a); /* when it is time */

#endif

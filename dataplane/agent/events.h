/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_DATAPLANE_AGENT_EVENTS_H
#define SPATE_DATAPLANE_AGENT_EVENTS_H

/* Events to the control plane; they wait in order while the ring is full. */

#include <stdint.h>

#include "shared/abi.h"

struct dp_agent;

void dp_event_send(struct dp_agent *a, const struct sh_event *e);
void dp_event_ack(struct dp_agent *a, uint32_t seq, int error);
/* Moves what waits into the ring, and wakes the control plane when there is news for it. */
void dp_events_flush(struct dp_agent *a);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_DATAPLANE_AGENT_EVENTS_H
#define SPATE_DATAPLANE_AGENT_EVENTS_H

/* Sends events to the control plane. They wait in a backlog, in order, while the ring is full. */

#include <stdint.h>

#include "shared/abi.h"

struct dp_agent;

/*
 * Queues an event for dp_events_flush(), if a control plane is connected. If the backlog is full
 * the event is lost and counted; an acknowledgement always fits.
 */
void dp_event_send(struct dp_agent *a, const struct sh_event *e);
/* Queues the acknowledgement of the command with number `seq`. `error`: 0 or errno. */
void dp_event_ack(struct dp_agent *a, uint32_t seq, int error);
/*
 * Moves the backlog into the ring, and wakes the control plane if it has new events or punted
 * packets.
 */
void dp_events_flush(struct dp_agent *a);

#endif

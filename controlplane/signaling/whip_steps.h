/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_CONTROLPLANE_SIGNALING_WHIP_STEPS_H
#define SPATE_CONTROLPLANE_SIGNALING_WHIP_STEPS_H

/*
 * The steps that create a WHIP or WHEP session, which are the requests in its queue: its transport,
 * its producers or consumers one by one, and the answer. Later, a player's sections are bound to
 * streams that have begun.
 */

#include "controlplane/rooms/peer.h"
#include "controlplane/signaling/whip.h"

/* What the transport of a session is for. */
enum cp_purpose cp_whip_purpose(enum cp_sdp_use use);

/* Queues the steps of the creation. 0, or errno with the fault: no memory. */
int cp_whip_queue_steps(struct cp_whip *w, struct cp_fault *fault);
/* The dialect's `request`: begins a step, whose end is answered like that of a request. */
void cp_whip_run_step(struct cp_session *s, const cJSON *message);
/* Lets the player's sections that have no stream be bound to one soon, if there is one now. */
void cp_whip_bind_later(struct cp_whip *w);
/* Tells the owner of a player which of its events (whep_events.h) have changed: a bit for each. */
void cp_whip_tell(struct cp_whip *w, unsigned events);

#endif

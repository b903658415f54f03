/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_CONTROLPLANE_SIGNALING_WHEP_EVENTS_H
#define SPATE_CONTROLPLANE_SIGNALING_WHEP_EVENTS_H

/*
 * The events of a player (the core extensions of draft-ietf-wish-whep): what it may ask for, and
 * what each says, as server-sent events. Each event is a state, so that only the newest one counts.
 */

#include <stdbool.h>

#include "controlplane/negotiation/writer.h"
#include "controlplane/signaling/whip.h"

/* In the order in which they are sent. */
enum cp_whep_event {
	CP_WHEP_INACTIVE, /* nothing that it plays is being sent */
	CP_WHEP_ACTIVE,
	CP_WHEP_LAYERS,
	CP_WHEP_VIEWERCOUNT,
	CP_WHEP_RECONNECT, /* the session has ended; the player should begin another one */
	CP_WHEP_EVENTS,
};

enum { CP_WHEP_ACTIVITY = 1u << CP_WHEP_ACTIVE | 1u << CP_WHEP_INACTIVE }; /* as bits */

/* Their names, as the Link header of the extension has them. */
#define CP_WHEP_EVENT_NAMES "active,inactive,layers,viewercount,reconnect"

const char *cp_whep_event_name(enum cp_whep_event e);
/*
 * Reads the events that a player asks for, a JSON array of names; an empty body means all. `*out`
 * has a bit for each. 0, or errno with the fault.
 */
int cp_whep_events_read(unsigned *out, const char *body, size_t len, struct cp_fault *fault);

/* True if a stream that the session plays exists and is not paused. */
bool cp_whep_is_active(const struct cp_whip *w);
/* How many peers of the room are no hosts. */
uint32_t cp_whep_viewers(const struct cp_whip *w);
/* Writes an event that says how things are now. */
void cp_whep_event_write(struct cp_writer *out, const struct cp_whip *w, enum cp_whep_event e);

#endif

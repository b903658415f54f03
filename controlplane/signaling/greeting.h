/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_CONTROLPLANE_SIGNALING_GREETING_H
#define SPATE_CONTROLPLANE_SIGNALING_GREETING_H

/*
 * A router's rtpCapabilities, printed once for all clients of its rooms. Rooms that are older than
 * a reload of the codecs have other routers than those that were created since.
 */

#include <cjson/cJSON.h>

#include "controlplane/base/text.h"
#include "controlplane/negotiation/negotiation.h"

enum { CP_GREETINGS = 4 }; /* routers whose texts are kept; others are printed when needed */

struct cp_greeting {
	struct cp_router router;
	cJSON *capabilities; /* a raw item; NULL: the entry is not used */
	struct cp_text *text; /* the JSON dialect's first message to each client, with them */
};

struct cp_greetings {
	struct cp_greeting kept[CP_GREETINGS];
	unsigned next; /* the entry that is replaced next: the oldest */
};

/*
 * The router's. Valid until the next call, except for texts that are held. NULL: no memory.
 */
const struct cp_greeting *cp_greeting_of(struct cp_greetings *g, const struct cp_router *r);
/* Frees all. */
void cp_greetings_clear(struct cp_greetings *g);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_TESTS_UNIT_SIGNALING_WHIP_WORLD_H
#define SPATE_TESTS_UNIT_SIGNALING_WHIP_WORLD_H

/* WHIP and WHEP sessions in the rooms of clients.h: the one that was made last, and what was told of all. */

#include "controlplane/signaling/whip.h"
#include "tests/unit/signaling/clients.h"

extern struct cp_whip *whip; /* the last one; a test that makes several keeps the others */
extern struct cp_fault failure; /* of a creation, the last one */
extern unsigned created, failed, ended; /* sessions */
extern unsigned saved; /* how often a session told that it is */
extern unsigned changed; /* the events that were told, a bit for each */
extern char end_reason[96]; /* the last one */

/* Setup and teardown of each test. */
int whip_make(void **state);
int whip_end(void **state);

/* Publishes in a room with an offer of ../sdp/data. The result of cp_whip_create(). */
int publish_with(const struct cp_grant *grant, const char *room, const char *name);
/* The same by the user anna in the room r. */
int publish(const char *name);
/* Publishes H264 and opus, until it is created. */
void publish_all(void);
/* Ends the session, and sees that nothing of it is left in the rooms. */
void nothing_is_left(void);

extern const struct cp_grant viewer;
/* Plays what is published in the room r with Chromium's offer. The result of cp_whip_create(). */
int play(const struct cp_grant *grant);

#endif

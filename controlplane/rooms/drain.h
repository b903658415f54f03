/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_CONTROLPLANE_ROOMS_DRAIN_H
#define SPATE_CONTROLPLANE_ROOMS_DRAIN_H

/*
 * Decides who may join while the node drains: nobody new, and those who were in a room when it
 * began may come back to it. signaling/drain.h runs the drain.
 */

#include <stdint.h>

#include "controlplane/base/fault.h"

struct cp_model;

enum cp_drain_stage {
	CP_DRAIN_OFF,
	CP_DRAIN_ON, /* who is inside stays */
	CP_DRAIN_END, /* everybody is being ended, or has been */
};

/*
 * 0 if a client that names `user` ("": none) may join the room of that name, which need not exist.
 * Otherwise errno with the fault, CP_UNAVAILABLE, which is counted.
 */
int cp_drain_check(struct cp_model *m, const char *room, const char *user, struct cp_fault *fault);
/* Peers of clients that are no hosts. Takes time in proportion to the rooms. */
uint32_t cp_drain_viewers(const struct cp_model *m);
/* Sets the stage. With CP_DRAIN_OFF everybody may join again. */
void cp_drain_set(struct cp_model *m, enum cp_drain_stage stage);

#endif

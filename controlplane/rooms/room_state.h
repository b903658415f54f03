/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_CONTROLPLANE_ROOMS_ROOM_STATE_H
#define SPATE_CONTROLPLANE_ROOMS_ROOM_STATE_H

/* Open, in grace or closing: the state of a room, its hosts, and the model's queues of rooms. */

#include "controlplane/rooms/room.h"
#include "shared/log.h"

/* Why something closes, and who is told. */
struct cp_closing {
	bool tell_owner;
	enum cp_code why;
	const char *reason;
};

/* Why the objects of a closing room close. */
extern const struct cp_closing cp_room_closing;

/* 0, or errno with the fault that every request in a closing room gets. */
int cp_room_check(const struct cp_room *room, struct cp_fault *fault);
/* A producer of the peer is live: the peer is a host from now on. */
void cp_room_add_host(struct cp_peer *peer);
/* The peer, still in the room, is about to be removed. */
void cp_room_peer_leaving(struct cp_peer *peer);
/* Removes the room from the model's queue of rooms in grace or closing, if it is in one. */
void cp_room_unqueue(struct cp_room *room);
/* The level at which the end of an object is logged: a room that closes logs all of them in one line. */
enum sh_log_level cp_room_end_level(const struct cp_room *room);

/* Sets the alarm for the next cp_model_run, where there is something to do. */
void cp_model_schedule(const struct cp_model *m);

#endif

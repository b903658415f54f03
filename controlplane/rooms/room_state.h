/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_CONTROLPLANE_ROOMS_ROOM_STATE_H
#define SPATE_CONTROLPLANE_ROOMS_ROOM_STATE_H

/*
 * Keeps the state of each room (open, in grace or closing), the number of its hosts, and the
 * model's lists of rooms in grace and closing.
 */

#include "controlplane/rooms/room.h"
#include "shared/log.h"

/* Why an object closes, and whether its owner is notified. */
struct cp_closing {
	bool tell_owner;
	/* for the owner's notification, and for a pending request about the object, which fails */
	enum cp_code why;
	const char *reason;
};

/* Used for all objects of a closing room. */
extern const struct cp_closing cp_room_closing;

/* 0, or errno with the fault that every request in a closing room gets. */
int cp_room_check(const struct cp_room *room, struct cp_fault *fault);
/* Makes the peer a host, because a producer of it is live, and ends the room's grace time. */
void cp_room_add_host(struct cp_peer *peer);
/* A predecessor's room was made again, with its peers: starts the grace time if no host is left. */
void cp_room_restored(struct cp_room *room);
/*
 * Call before a peer is removed from its room. If it is a host, decrements the number of hosts and
 * starts the grace time after the last one. If closing would continue at the peer, it continues at
 * the next one.
 */
void cp_room_peer_leaving(struct cp_peer *peer);
/* Removes the room from the model's list of rooms in grace or closing, if it is in one. */
void cp_room_unqueue(struct cp_room *room);
/*
 * The level at which the end of an object is logged: debug while the room closes, because then one
 * line for the room gives the counts of all objects.
 */
enum sh_log_level cp_room_end_level(const struct cp_room *room);

/* Sets the alarm for the next cp_model_run, if there is something to do. */
void cp_model_schedule(struct cp_model *m);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_CONTROLPLANE_ROOMS_USER_H
#define SPATE_CONTROLPLANE_ROOMS_USER_H

/*
 * Per-room index of a named user's peers that own transports, so that the cleanup when the user
 * joins again costs as much as it closes. Peers without transports are only counted.
 */

#include <stdint.h>
#include <sys/queue.h>

#include "controlplane/base/name.h"
#include "controlplane/rooms/peer.h"

struct cp_user {
	char name[CP_NAME_SIZE]; /* first: it is the key of the index */
	uint32_t peers;
	TAILQ_HEAD(, cp_peer) owners; /* peers with transports */
};

/* Enters the peer into room->users by peer->user. 0 or ENOMEM. */
int cp_user_enter(struct cp_room *room, struct cp_peer *peer);
void cp_user_leave(struct cp_room *room, struct cp_peer *peer);
/* The peer has its first transport. */
void cp_user_add_owner(struct cp_peer *peer);
/* The peer has no transport any more. */
void cp_user_remove_owner(struct cp_peer *peer);

#endif

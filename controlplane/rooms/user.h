/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_CONTROLPLANE_ROOMS_USER_H
#define SPATE_CONTROLPLANE_ROOMS_USER_H

/*
 * Indexes, for each named user in a room, the peers that own transports. When the user joins again,
 * the cleanup then takes time in proportion to what it closes. Peers without transports are only
 * counted.
 */

#include <stdint.h>
#include <sys/queue.h>

#include "controlplane/base/name.h"
#include "controlplane/rooms/peer.h"

#define CP_USER_JOINED_AGAIN "the same user joined again"

struct cp_user {
	char name[CP_NAME_SIZE]; /* first: it is the key of the index */
	uint32_t peers; /* all peers of the user in the room */
	uint64_t newest; /* number of the one that joined last; it has superseded the others */
	bool joined; /* a peer of the user joined here: none of a predecessor's can be newer */
	bool host; /* a peer of the user was a host; valid until its entry is freed */
	TAILQ_HEAD(, cp_peer) owners; /* peers with transports */
	bool is_absent; /* it has no peer, and is in room->absent */
	TAILQ_ENTRY(cp_user) absent;
};

/* The functions do nothing for a peer that names no user. */

/* Counts the peer in room->users under peer->user. 0 or ENOMEM. */
int cp_user_enter(struct cp_room *room, struct cp_peer *peer);
/*
 * Reverses cp_user_enter. The user's entry is freed with the last peer; while the node drains it
 * stays, because the user may come back. There are no more of them than were there at its begin.
 */
void cp_user_leave(struct cp_room *room, struct cp_peer *peer);
/* Frees the entries of users that have no peer. */
void cp_user_forget_absent(struct cp_room *room);
/* Call when the peer has its number: it supersedes the user's other peers. */
void cp_user_supersede(struct cp_peer *peer);
/*
 * 0, or EEXIST with the fault that a superseded peer gets for every request but those that close:
 * it could otherwise publish again beside the peer that has taken its place.
 */
int cp_user_check(const struct cp_peer *peer, struct cp_fault *fault);
/* Call when the peer gets its first transport. */
void cp_user_add_owner(struct cp_peer *peer);
/* Call when the peer's last transport has closed. */
void cp_user_remove_owner(struct cp_peer *peer);

#endif

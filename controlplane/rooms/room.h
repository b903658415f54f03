/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_CONTROLPLANE_ROOMS_ROOM_H
#define SPATE_CONTROLPLANE_ROOMS_ROOM_H

/* A room: its peers, and how it opens and closes. */

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

#include "controlplane/base/index.h"
#include "controlplane/base/name.h"
#include "controlplane/rooms/peer.h"
#include "shared/ids.h"

struct cp_closing;
struct cp_model;

enum cp_room_state {
	CP_ROOM_OPEN,
	CP_ROOM_GRACE, /* its last host left: it closes at its deadline unless somebody produces */
	CP_ROOM_CLOSING,
};
const char *cp_room_state_name(enum cp_room_state state);

struct cp_counts {
	uint32_t peers, transports, producers, consumers;
};

struct cp_room {
	char name[CP_NAME_SIZE]; /* first: it is the key of the index */
	struct cp_model *model;
	enum cp_room_state state;
	uint32_t peer_count, host_count;
	uint32_t transport_count, producer_count, consumer_count;
	uint32_t audience[SH_MAX_WORKERS]; /* receiving transports on each worker */
	uint64_t rate; /* of all its producers, units a second (worker_placement.h) */
	uint64_t deadline_ms; /* in grace: when it closes, by the model's clock */
	struct cp_room_end {
		unsigned phase;
		struct cp_peer *next; /* the peer to go on with */
		struct cp_counts counts; /* when closing began */
		char reason[96];
	} end; /* while it closes */
	struct cp_index users;
	struct cp_peer *plain_peer; /* the operator's; NULL: there are no plain transports */
	TAILQ_HEAD(cp_peer_list, cp_peer) peers;
	TAILQ_HEAD(, cp_producer) producers; /* live or not yet */
	TAILQ_ENTRY(cp_room) in_model;
	TAILQ_ENTRY(cp_room) in_queue; /* of the rooms in grace, or of those that close */
};

/* Who joins what. Texts are copied. */
struct cp_join {
	const char *room; /* a valid name */
	const char *id; /* the peer's, CP_ID_SIZE - 1 characters; NULL: one is made */
	const char *user; /* a valid name; "": not named */
	bool publish, subscribe;
	bool of_operator;
	const struct cp_listener *listener;
	void *session;
};

/*
 * Joins, and makes the room where there is none. Whatever the same user's other peers own
 * in that room is closed first, and they are told; they stay. NULL with the fault: too
 * many, or CP_UNAVAILABLE while a room of that name is closing.
 */
struct cp_peer *cp_room_join(struct cp_model *m, const struct cp_join *join, struct cp_fault *fault);
/*
 * Closes all it owns, tells the others, frees it. The room goes with its last peer; when
 * its last host leaves it closes after the grace time, unless somebody produces again.
 */
void cp_room_leave(struct cp_peer *peer);
/* At a host's wish. 0, or EACCES with the fault: `peer` is no host of its room. */
int cp_room_close_by(struct cp_peer *peer, struct cp_fault *fault);
/*
 * Closes a room, a slice in each turn of the loop, so that ten thousand viewers do not hold up
 * other rooms: all consumers, then all producers, then all transports; then every peer is told
 * room_closed and freed, and the counts are logged. Nothing of this happens before the call
 * returns. Requests of its peers fail meanwhile with CP_NOT_FOUND. The name is free again before
 * the first peer is told. `reason` is copied; a room that closes already keeps its first reason.
 */
void cp_room_close(struct cp_room *room, const char *reason);
/* NULL: there is none of that name, or it is closing. */
struct cp_room *cp_room_find(struct cp_model *m, const char *name);
/* Until a room in grace closes; 0 when it is not in grace. */
uint64_t cp_room_grace_left_ms(const struct cp_room *room);
struct cp_counts cp_room_counts(const struct cp_room *room);

/* For the files of rooms/: frees a peer that owns nothing; the room goes with the last one. */
void cp_peer_free(struct cp_peer *peer);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_CONTROLPLANE_ROOMS_ROOM_H
#define SPATE_CONTROLPLANE_ROOMS_ROOM_H

/*
 * A room holds its peers and their producers. It exists from the first join until its last peer has
 * left or it has been closed (docs/rooms.md).
 */

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

#include "controlplane/base/index.h"
#include "controlplane/base/name.h"
#include "controlplane/negotiation/negotiation.h"
#include "controlplane/rooms/peer.h"
#include "shared/ids.h"

struct cp_closing;
struct cp_model;
struct cp_recent_ends;
struct cp_room_audio;

enum cp_room_state {
	CP_ROOM_OPEN,
	CP_ROOM_GRACE, /* its last host left: it closes at its deadline unless a peer produces */
	CP_ROOM_CLOSING,
};
const char *cp_room_state_name(enum cp_room_state state);

struct cp_counts {
	uint32_t peers, transports, producers, consumers;
};

struct cp_room {
	char name[CP_NAME_SIZE]; /* first: it is the key of the index */
	char log_name[CP_NAME_LOG_SIZE]; /* the name as a value of a log line */
	struct cp_model *model;
	struct cp_router router; /* the model's when the room was created */
	enum cp_room_state state;
	bool restored; /* a predecessor's, which is being made again (restore.h) */
	uint32_t peer_count, host_count;
	uint32_t transport_count, producer_count, consumer_count;
	uint32_t audience[SH_MAX_WORKERS]; /* receiving transports on each worker */
	uint64_t rate; /* sum over its producers, units per second (worker_placement.h) */
	uint64_t deadline_ms; /* in grace: when it closes, on the model's clock */
	struct cp_room_end {
		unsigned phase; /* enum phase in closing.c */
		struct cp_peer *next; /* the peer at which the next slice continues */
		struct cp_counts counts; /* objects when closing began */
		char reason[96];
	} end; /* valid while it closes */
	struct {
		TAILQ_HEAD(, cp_producer) producers; /* with news, the oldest first */
		struct cp_peer *next; /* the first producer's news is begun: the next peer to tell */
		bool queued; /* the room is in the model's list `telling` */
	} telling; /* announce.h */
	struct cp_room_audio *audio; /* NULL: nobody asks (audio.h) */
	struct cp_recent_ends *recent_ends; /* NULL: none (recent_ends.h) */
	struct cp_holder creator; /* for whom the room counts */
	struct cp_index users; /* struct cp_user by name */
	TAILQ_HEAD(, cp_user) absent; /* of these, who has left while the node drains (user.h) */
	struct cp_peer *plain_peer; /* the operator's peer; NULL: the room has no plain transports */
	TAILQ_HEAD(cp_peer_list, cp_peer) peers;
	TAILQ_HEAD(, cp_producer) producers; /* all, also those that are not live yet */
	TAILQ_ENTRY(cp_room) in_model;
	TAILQ_ENTRY(cp_room) in_queue; /* in the model's list `grace` or `closing`, by state */
	TAILQ_ENTRY(cp_room) in_telling;
	struct {
		bool open, listed;
		uint32_t viewers; /* that were told last */
		TAILQ_ENTRY(cp_room) in_changed; /* in the model's list, if `listed` */
	} watch; /* watch.h */
};

/* Who joins which room, and with which permissions. cp_room_join copies the strings. */
struct cp_join {
	const char *room; /* a valid name */
	const char *id; /* id of the new peer, CP_ID_SIZE - 1 characters; NULL: cp_room_join makes one */
	const char *user; /* a valid name; "": the client named no user */
	bool publish, subscribe, close;
	bool of_operator;
	struct cp_address *address; /* the client's; NULL: not known */
	bool user_proven; /* a token names the user, who then has shares of the tables (share.h) */
	const struct cp_listener *listener;
	void *session;
};

/*
 * Joins the room, and creates it if it does not exist. First closes everything that other peers of
 * the same user own in the room and notifies these peers, which stay in it. Returns the new peer,
 * valid until cp_room_leave or room_closed. NULL with the fault: CP_TOO_MANY, CP_INTERNAL, or
 * CP_UNAVAILABLE while a room of that name is closing or the node drains (drain.h), unless the
 * operator joins; a refused join closes nothing.
 */
struct cp_peer *cp_room_join(struct cp_model *m, const struct cp_join *join, struct cp_fault *fault);
/*
 * Closes everything that the peer owns, notifies the other peers and frees the peer. `done` of its
 * pending request is not called. The room is freed with its last peer. If its last host leaves and
 * other peers stay, the room closes after the grace time unless a peer produces.
 */
void cp_room_leave(struct cp_peer *peer);
/*
 * Notifies the peer with `removed` that it has to go, and then does what cp_room_leave() does. The
 * peer must not be the operator's. `reason` is a constant.
 */
void cp_room_remove(struct cp_peer *peer, const char *reason);
/*
 * Returns the peer with this id in any room, or NULL. Takes time in proportion to all peers.
 */
struct cp_peer *cp_room_find_peer(struct cp_model *m, const char *id);
/*
 * Begins to close the room because its host `peer` asks for it. 0, or EACCES with the fault: `peer`
 * is no host of its room, or has no permission to close it.
 */
int cp_room_close_by(struct cp_peer *peer, struct cp_fault *fault);
/*
 * Begins to close a room; nothing closes before the call returns. cp_model_run then closes one
 * slice in each iteration of the event loop, so that ten thousand viewers do not hold up other
 * rooms: all consumers, then all producers, then all transports. Then each peer is notified with
 * room_closed and freed, and the log gets one line with the counts. The name is free for a new room
 * before the first peer is notified. Meanwhile requests of the room's peers fail with CP_NOT_FOUND.
 * `reason` is copied; a room that is already closing keeps its first reason.
 */
void cp_room_close(struct cp_room *room, const char *reason);
/* NULL: there is no room of that name, or it is closing. */
struct cp_room *cp_room_find(struct cp_model *m, const char *name);
/* The router of the room of that name, or the one that it would get if it were created now. */
const struct cp_router *cp_room_router(struct cp_model *m, const char *name);
/* Time until a room in grace closes; 0 if it is not in grace. */
uint64_t cp_room_grace_left_ms(const struct cp_room *room);
struct cp_counts cp_room_counts(const struct cp_room *room);

/* For the files of rooms/: frees a peer that owns nothing, and with the last peer the room. */
void cp_peer_free(struct cp_peer *peer);

#endif

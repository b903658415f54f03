/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_CONTROLPLANE_ROOMS_INTERNAL_H
#define SPATE_CONTROLPLANE_ROOMS_INTERNAL_H

/* Shared by the files of rooms/ only. */

#include "controlplane/rooms/room.h"

/*
 * A request that waits for the data plane. It outlives its peer and its object when
 * these go first: then it is detached, and the acknowledgement only frees it.
 */
struct cp_call {
	struct cp_peer *peer; /* NULL: detached */
	void *object;
	/* Takes the acknowledgement in. 0, or -1 with the fault when the request failed. */
	int (*finish)(struct cp_call *call, int error, struct cp_fault *fault);
	bool flag; /* finish's own */
	cp_done done;
};

/* NULL: the peer waits for another already, or no memory; `done` has been told so. */
struct cp_call *cp_call_begin(struct cp_peer *peer, void *object,
	int (*finish)(struct cp_call *call, int error, struct cp_fault *fault), cp_done done);
/* The cp_media_done of a call. */
void cp_call_acknowledged(void *arg, int error);
/* What the call is about goes: it fails with a sentence of `why`. */
void cp_call_abort(struct cp_peer *peer, const void *object, enum cp_code why, const char *reason);

/* Asks the data plane on behalf of `call`, which fails when it cannot be asked. */
void cp_call_submit(struct cp_call *call, struct sh_cmd *cmd);
/* Asks the data plane; nobody waits for the answer. */
void cp_model_submit(struct cp_model *m, struct sh_cmd *cmd);

/* Why something closes, and who hears of it. */
struct cp_closing {
	bool tell_owner;
	enum cp_code why;
	const char *reason;
};

void cp_consumer_destroy(struct cp_consumer *c, const struct cp_closing *how);
void cp_producer_destroy(struct cp_producer *p, const struct cp_closing *how);
void cp_transport_destroy(struct cp_transport *t, const struct cp_closing *how);
/* All the peer owns: consumers, then producers, then transports. */
void cp_peer_close_owned(struct cp_peer *peer, const struct cp_closing *how);
/* The peer, which owns nothing; the room goes with the last one. */
void cp_peer_free(struct cp_peer *peer);

/* --- the life of a room (life.c) ------------------------------------------------------ */

/* 0, or -1 with the fault of whatever is asked for in a room that is closing. */
int cp_room_check(const struct cp_room *room, struct cp_fault *fault);
/* A producer of the peer is live. */
void cp_room_produced(struct cp_peer *peer);
/* The peer, still in the room, is about to be taken out. */
void cp_room_leaving(struct cp_peer *peer);
/* The room is empty and goes. */
void cp_room_forget(struct cp_room *room);
/* How the end of an object is logged: a room that closes says it once, for all of them. */
enum sh_log_level cp_room_end_level(const struct cp_room *room);

/* Asks for the next turn, where there is something to do. */
void cp_model_wake(const struct cp_model *m);

/* What is due for plain transports (plain.c): the next step of a request, what has ended. */
void cp_plain_run(struct cp_model *m);

/* --- peers of the same user in one room (user.c) -------------------------------------- */

/*
 * By whom a user's things can be found when the same user joins again, at the price of
 * what is found: peers that have no transport are only counted.
 */
struct cp_user {
	char name[CP_NAME_SIZE]; /* first: it is the key of the index */
	uint32_t peers;
	TAILQ_HEAD(, cp_peer) owners; /* of transports */
};

/* Into room->users, by peer->user. 0, or -1: no memory. */
int cp_user_enter(struct cp_room *room, struct cp_peer *peer);
void cp_user_leave(struct cp_room *room, struct cp_peer *peer);
/* The peer has its first transport. */
void cp_user_owns(struct cp_peer *peer);
/* It has none any more. */
void cp_user_owns_nothing(struct cp_peer *peer);
/* Closes what the peer's user has in the room by other peers, who are told. */
void cp_user_cleanup(struct cp_peer *peer);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_CONTROLPLANE_ROOMS_PEER_H
#define SPATE_CONTROLPLANE_ROOMS_PEER_H

/*
 * A peer is one client in one room, and owns transports, producers and consumers there.
 *
 * A request that needs the data plane is answered when the data plane has acknowledged it: `done`
 * is called exactly once, before or after the call returns, unless the peer leaves first. A peer
 * has one such request at a time; its dialect queues the others. Listeners and `done` must not
 * call back into the rooms.
 */

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

#include "controlplane/base/fault.h"
#include "controlplane/base/id.h"
#include "controlplane/base/name.h"

struct cp_call;
struct cp_consumer;
struct cp_peer;
struct cp_producer;
struct cp_room;
struct cp_transport;
struct cp_user;

/* The end of a request. `fault` NULL: it worked, and `object` was made or changed. */
typedef void (*cp_done)(struct cp_peer *peer, const struct cp_fault *fault, void *object);

/* What a peer is told without having asked. */
struct cp_listener {
	void (*new_producer)(struct cp_peer *to, const struct cp_producer *p);
	void (*producer_closed)(struct cp_peer *to, const struct cp_producer *p);
	void (*producer_paused)(struct cp_peer *to, const struct cp_producer *p);
	void (*consumer_closed)(struct cp_peer *to, const struct cp_consumer *c);
	void (*transport_closed)(struct cp_peer *to, const struct cp_transport *t, enum cp_code why,
		const char *reason);
	/* The room has closed and the peer is freed after this call: the session has none from now on. */
	void (*room_closed)(struct cp_peer *to, const char *reason);
};

struct cp_peer {
	char id[CP_ID_SIZE]; /* both dialects call it socketId */
	char user[CP_NAME_SIZE]; /* "": not named */
	char cname[CP_CNAME_SIZE]; /* of all its producers, so that receivers keep lips in sync */
	struct cp_room *room;
	struct cp_user *same_user; /* NULL: not named */
	bool publish, subscribe; /* what it may do */
	bool of_operator; /* the owner of the room's plain transports; no limit per peer applies */
	bool host; /* it has produced in this room, even if it has stopped since */
	const struct cp_listener *listener;
	void *session; /* owner: the dialect */
	struct cp_call *call; /* the pending request; NULL: none */
	uint32_t transport_count, producer_count, consumer_count;
	TAILQ_HEAD(cp_transport_list, cp_transport) transports;
	TAILQ_ENTRY(cp_peer) in_room;
	TAILQ_ENTRY(cp_peer) of_user; /* while it has transports and names a user */
};

#endif

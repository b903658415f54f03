/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_CONTROLPLANE_ROOMS_PEER_H
#define SPATE_CONTROLPLANE_ROOMS_PEER_H

/*
 * A peer is one client in one room; it owns transports, producers and consumers there.
 *
 * A request that needs the data plane completes when the data plane acknowledges it. `done` is then
 * called exactly once, before or after the requesting call returns, unless the peer leaves first. A
 * peer has one such request at a time; its dialect queues the others. Listeners and `done` must not
 * call back into the rooms.
 */

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

#include "controlplane/base/fault.h"
#include "controlplane/base/id.h"
#include "controlplane/base/name.h"
#include "controlplane/rooms/audio.h"
#include "controlplane/rooms/holder.h"

struct cp_call;
struct cp_consumer;
struct cp_peer;
struct cp_producer;
struct cp_room;
struct cp_saved_peer;
struct cp_transport;
struct cp_user;

/*
 * Reports the end of a request. `fault` NULL: it succeeded, and `object` was created or changed.
 * Otherwise `object` is NULL, and `fault` is valid during the call.
 */
typedef void (*cp_done)(struct cp_peer *peer, const struct cp_fault *fault, void *object);

/*
 * Notifications to a peer. Objects are valid during the call; one that is reported as closed is
 * freed after it.
 */
struct cp_listener {
	void (*new_producer)(struct cp_peer *to, const struct cp_producer *p);
	void (*producer_closed)(struct cp_peer *to, const struct cp_producer *p);
	void (*producer_paused)(struct cp_peer *to, const struct cp_producer *p, bool paused);
	void (*consumer_closed)(struct cp_peer *to, const struct cp_consumer *c);
	/* Of a consumer of the peer: the layers that exist, those that it gets, how well they arrive. */
	void (*layers)(struct cp_peer *to, const struct cp_consumer *c);
	void (*layers_changed)(struct cp_peer *to, const struct cp_consumer *c);
	void (*score)(struct cp_peer *to, const struct cp_consumer *c);
	/*
	 * Only to peers that ask (audio.h): at most `entries` of the levels, and who speaks; NULL:
	 * nobody. `number` tells notices apart.
	 */
	void (*audio_levels)(struct cp_peer *to, const struct cp_levels *levels, unsigned entries);
	void (*active_speaker)(struct cp_peer *to, const char *producer, uint64_t number);
	void (*transport_closed)(struct cp_peer *to, const struct cp_transport *t, enum cp_code why,
		const char *reason);
	/* The peer is removed from its room. It is freed after this call, as after room_closed. */
	void (*removed)(struct cp_peer *to, const char *reason);
	/* The room has closed. The peer is freed after this call, so the session must forget it. */
	void (*room_closed)(struct cp_peer *to, const char *reason);
	/*
	 * Fills in what a successor needs to know of the peer's client (persist/). False: the
	 * client cannot resume. NULL: no client of this listener can.
	 */
	bool (*save)(struct cp_peer *peer, struct cp_saved_peer *out);
	/*
	 * A successor would know all that the peer has changed: cp_peer_is_saved() is true again.
	 * Called within changes of the rooms, too: only make a note of it. NULL: nobody waits for
	 * it.
	 */
	void (*saved)(struct cp_peer *peer);
};

struct cp_peer {
	char id[CP_ID_SIZE]; /* both dialects call it socketId */
	uint64_t number; /* peers are numbered in the order in which they join */
	char user[CP_NAME_SIZE]; /* "": the client named no user */
	char cname[CP_CNAME_SIZE]; /* one for all its producers: receivers keep these in sync by it */
	struct cp_room *room;
	struct cp_user *same_user; /* the entry in room->users; NULL: the client named no user */
	bool publish, subscribe, close; /* permissions */
	bool of_operator; /* owns the room's plain transports; the limits per peer do not apply */
	struct cp_holder holder; /* who holds what the peer owns (share.h) */
	bool follows_host; /* it has superseded a host of the same user */
	bool host; /* it has produced in this room, even if it has stopped since */
	const struct cp_listener *listener;
	void *session; /* belongs to the dialect */
	struct cp_call *call; /* the pending request; NULL: none */
	uint64_t produce_us; /* limits.produces_per_minute are used up to this time */
	struct cp_peer_audio audio;
	uint32_t transport_count, producer_count, consumer_count;
	uint32_t unsaved; /* of its transports, whose blobs are not in the data plane yet (saved.h) */
	TAILQ_HEAD(cp_transport_list, cp_transport) transports;
	TAILQ_ENTRY(cp_peer) in_room;
	TAILQ_ENTRY(cp_peer) of_user; /* in same_user->owners, while it has transports */
};

#endif

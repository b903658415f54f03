/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_CONTROLPLANE_ROOMS_PRODUCER_H
#define SPATE_CONTROLPLANE_ROOMS_PRODUCER_H

/* A producer is one stream that a peer sends into its room, on a transport of that peer. */

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

#include <cjson/cJSON.h>

#include "controlplane/base/id.h"
#include "controlplane/negotiation/negotiation.h"
#include "controlplane/rooms/peer.h"
#include "shared/abi.h"

struct cp_closing;

struct cp_producer {
	char id[CP_ID_SIZE]; /* first: it is the key of the index */
	sh_id dp_id;
	struct cp_transport *transport;
	bool live; /* the data plane has it */
	bool paused;
	uint32_t stats_slot; /* where its statistics were last found */
	uint64_t rate; /* cost of its packets for one receiver, units a second (worker_placement.h) */
	bool measured; /* `units` is valid */
	uint64_t units; /* total at the last measurement */
	uint32_t audience[SH_MAX_WORKERS]; /* consumers on each worker */
	struct cp_consumable consumable; /* the stream as consumers are told of it */
	struct sh_producer_add signalled; /* the stream as it comes from the browser */
	TAILQ_HEAD(, cp_consumer) consumers;
	TAILQ_ENTRY(cp_producer) on_transport;
	TAILQ_ENTRY(cp_producer) in_room;
};

/* A producer that is live in the peer's room, whoever owns it. NULL with the fault. */
struct cp_producer *cp_peer_visible_producer(struct cp_peer *peer, const char *id, struct cp_fault *fault);
/* The peer's own. NULL with the fault. */
struct cp_producer *cp_peer_producer(struct cp_peer *peer, const char *id, struct cp_fault *fault);

/* In each, the object of `done` is the struct cp_producer. */
void cp_producer_create(struct cp_transport *t, const cJSON *kind, const cJSON *rtp_parameters, bool paused,
	cp_done done);
void cp_producer_pause(struct cp_producer *p, bool paused, cp_done done);
/* At the wish of its owner, which is not told. */
void cp_producer_close(struct cp_producer *p);

/* Calls `each` for every live producer of the other peers in the room; for none while it closes. */
void cp_peer_each_visible_producer(struct cp_peer *peer,
	void (*each)(struct cp_peer *peer, const struct cp_producer *p, void *arg), void *arg);

/* For the files of rooms/: closes it for whatever reason, with its consumers. */
void cp_producer_destroy(struct cp_producer *p, const struct cp_closing *how);

#endif

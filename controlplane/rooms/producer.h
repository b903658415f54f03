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
#include "controlplane/rooms/audio.h"
#include "controlplane/rooms/peer.h"
#include "controlplane/rooms/score.h"
#include "shared/abi.h"

struct cp_closing;

/* One encoding of a producer, which is an object of the data plane. */
struct cp_encoding {
	sh_id dp_id;
	uint32_t stats_slot; /* statistics slot in which it was last found */
	uint64_t rate; /* cost of its packets for one consumer, units per second (worker_placement.h) */
	bool measured; /* `units` is valid */
	uint64_t units; /* total at the last measurement */
	struct cp_score score; /* how well its packets arrive */
	uint64_t packets, lost, repaired; /* totals of the last sample of the score */
	bool sampled; /* these totals are valid */
};

/* A spatial layer as consumers are told of it; 0: not known. */
struct cp_layer {
	bool active; /* it is being sent */
	bool measured; /* `bitrate` is valid */
	uint32_t width, height;
	uint64_t bitrate; /* bit/s */
};

struct cp_producer {
	char id[CP_ID_SIZE]; /* first: it is the key of the index */
	struct cp_encoding encoding[SH_MAX_ENCODINGS]; /* signalled.count; consumers name the first */
	struct cp_transport *transport;
	bool live; /* the data plane has acknowledged it */
	bool ended; /* it has closed; `transport` is NULL, and announce.h closes its consumers */
	bool paused;
	bool told_paused; /* what the room was told last; `paused` may be newer for a while */
	uint64_t rate; /* of its costliest encoding: the most that a consumer can receive */
	uint64_t ingress_rate; /* of all its encodings */
	uint32_t audience[SH_MAX_WORKERS]; /* consumers on each worker */
	struct cp_consumable consumable; /* the stream's parameters for consumers */
	struct cp_signalled signalled; /* the stream's parameters as the producing client sends it */
	uint64_t owner; /* number of the peer that owns it */
	struct cp_news {
		enum cp_news_kind { CP_NEWS_NONE, CP_NEWS_NEW, CP_NEWS_STATE, CP_NEWS_END } kind;
		bool begun; /* the peers before room->telling.next know it */
		uint64_t upto; /* number of the newest peer that is told */
		bool recent; /* its state was told less than rooms.pause_notice_ms ago */
		uint64_t state_ms; /* when its state was told last */
		TAILQ_ENTRY(cp_producer) in_room; /* in room->telling.producers, if there is news */
		TAILQ_ENTRY(cp_producer) in_recent; /* in model->recent, while `recent` */
	} news; /* what the room has still to be told of it (announce.h) */
	struct cp_producer_quality {
		struct cp_layer layer[SH_MAX_LAYERS]; /* consumable.spatial_layers, the smallest first */
		struct cp_layer told[SH_MAX_LAYERS]; /* `layer` when consumers were told last */
		uint64_t told_ms; /* when that was; 0: never */
		uint8_t encoding_of[SH_MAX_LAYERS]; /* by spatial layer */
		unsigned due; /* enum cp_quality_notice: for consumers from `next` on */
		struct cp_consumer *next;
		TAILQ_ENTRY(cp_producer) in_due; /* in model->quality.producers, while `due` is not 0 */
	} quality; /* quality.h */
	struct cp_producer_audio audio;
	TAILQ_HEAD(, cp_consumer) consumers;
	TAILQ_ENTRY(cp_producer) on_transport;
	TAILQ_ENTRY(cp_producer) in_room;
};

/* Finds a live producer in the peer's room, whoever owns it. NULL with the fault. */
struct cp_producer *cp_peer_visible_producer(struct cp_peer *peer, const char *id, struct cp_fault *fault);
/* Finds a live producer that the peer owns. NULL with the fault. */
struct cp_producer *cp_peer_producer(struct cp_peer *peer, const char *id, struct cp_fault *fault);

/*
 * These complete through `done` (peer.h), whose object is the struct cp_producer. A producer whose
 * creation fails is freed. `kind` and `rtp_parameters` are read during the call.
 */
void cp_producer_create(struct cp_transport *t, const cJSON *kind, const cJSON *rtp_parameters, bool paused,
	cp_done done);
void cp_producer_pause(struct cp_producer *p, bool paused, cp_done done);
/*
 * Closes it with its consumers, because its owner asks for it. The owner is not notified; the other
 * peers and the owners of the consumers are.
 */
void cp_producer_close(struct cp_producer *p);

/*
 * Calls `each` for every live producer of other peers in the room, except those of which the peer
 * has still to be told (announce.h); for none while the room closes.
 */
void cp_peer_each_visible_producer(struct cp_peer *peer,
	void (*each)(struct cp_peer *peer, const struct cp_producer *p, void *arg), void *arg);

/*
 * For the files of rooms/: closes it for any reason. Its consumers close, the room is told, and it
 * is freed in slices (announce.h).
 */
void cp_producer_destroy(struct cp_producer *p, const struct cp_closing *how);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_CONTROLPLANE_ROOMS_CONSUMER_H
#define SPATE_CONTROLPLANE_ROOMS_CONSUMER_H

/* A consumer is one peer's subscription to one producer, on a transport of that peer. */

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

#include <cjson/cJSON.h>

#include "controlplane/base/id.h"
#include "controlplane/base/table.h"
#include "controlplane/rooms/peer.h"
#include "controlplane/rooms/score.h"
#include "shared/abi.h"

struct cp_closing;
struct cp_model;

struct cp_consumer {
	char id[CP_ID_SIZE]; /* first: it is the key of the index */
	sh_id dp_id;
	struct cp_transport *transport;
	struct cp_producer *producer;
	bool live; /* the data plane has acknowledged it */
	bool paused;
	struct sh_wishes wishes;
	uint32_t ssrc, rtx_ssrc; /* rtx_ssrc 0: without RTX */
	uint32_t stats_slot; /* statistics slot in which it was last found */
	char *rtp_parameters; /* JSON text, freed with the consumer; NULL: its client has an SDP answer */
	struct cp_table_entry by_dp_id; /* in model->consumers_by_dp_id */
	struct cp_consumer_quality {
		struct sh_layers layers; /* as the data plane reported them last */
		uint8_t told_spatial, told_temporal; /* what the viewer knows of `layers` */
		struct cp_score score; /* how well its packets arrive */
		uint64_t packets, lost, repaired; /* totals of the last sample */
		bool sampled; /* the totals are valid */
		unsigned due; /* enum cp_quality_notice: what the viewer has still to be told */
		TAILQ_ENTRY(cp_consumer) in_due; /* in model->quality.consumers, while `due` is not 0 */
	} quality; /* quality.h */
	TAILQ_ENTRY(cp_consumer) on_transport;
	TAILQ_ENTRY(cp_consumer) on_producer;
};

/* Finds a live consumer by its id in the data plane. NULL: there is none. */
struct cp_consumer *cp_model_consumer(const struct cp_model *m, sh_id dp_id);
/* Finds a live consumer that the peer owns. NULL with the fault. */
struct cp_consumer *cp_peer_consumer(struct cp_peer *peer, const char *id, struct cp_fault *fault);

/*
 * These complete through `done` (peer.h), whose object is the struct cp_consumer. A consumer whose
 * creation fails is freed. `rtp_capabilities` is read during the call.
 */
void cp_consumer_create(struct cp_transport *t, struct cp_producer *p, const cJSON *rtp_capabilities,
	bool paused, cp_done done);
/*
 * The same for a client whose payload types, header extensions, MID and feedback were negotiated by
 * SDP: `negotiated` is what cp_sdp_consumer() (sdp/sdp.h) has filled in, with SSRCs that
 * cp_consumer_reserve() has given.
 */
void cp_consumer_create_negotiated(struct cp_transport *t, struct cp_producer *p,
	const struct sh_consumer_add *negotiated, cp_done done);
/*
 * The next SSRCs of the transport, for a consumer that may be created later: `*rtx_ssrc` is 0
 * unless it has RTX. Those that are reserved first must be used first (struct sh_consumer_add).
 */
void cp_consumer_reserve(struct cp_transport *t, bool rtx, uint32_t *ssrc, uint32_t *rtx_ssrc);
void cp_consumer_pause(struct cp_consumer *c, bool paused, cp_done done);
void cp_consumer_request_keyframe(struct cp_consumer *c, cp_done done);
/*
 * Bounds the layers that it receives; SH_LAYER_ANY: no bound. A layer that the producer does not
 * have means the highest. Refused with CP_UNSUPPORTED if the producer has one layer only.
 */
void cp_consumer_prefer_layers(struct cp_consumer *c, uint8_t spatial, uint8_t temporal, cp_done done);
/* Its priority among the consumers of its transport, 1 to 255. */
void cp_consumer_set_priority(struct cp_consumer *c, uint8_t priority, cp_done done);
/* Closes and frees it because its owner asks for it; the owner is not notified. */
void cp_consumer_close(struct cp_consumer *c);

/* For the files of rooms/: closes and frees it for any reason. */
void cp_consumer_destroy(struct cp_consumer *c, const struct cp_closing *how);

#endif

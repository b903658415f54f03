/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_CONTROLPLANE_ROOMS_CONSUMER_H
#define SPATE_CONTROLPLANE_ROOMS_CONSUMER_H

/* A consumer is one peer's subscription to one producer, on a transport of that peer. */

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

#include <cjson/cJSON.h>

#include "controlplane/base/id.h"
#include "controlplane/rooms/peer.h"
#include "shared/ids.h"

struct cp_closing;

struct cp_consumer {
	char id[CP_ID_SIZE]; /* first: it is the key of the index */
	sh_id dp_id;
	struct cp_transport *transport;
	struct cp_producer *producer;
	bool live; /* the data plane has it */
	bool paused;
	uint32_t ssrc, rtx_ssrc; /* rtx_ssrc 0: without RTX */
	uint32_t stats_slot; /* where its statistics were last found */
	char *rtp_parameters; /* JSON */
	TAILQ_ENTRY(cp_consumer) on_transport;
	TAILQ_ENTRY(cp_consumer) on_producer;
};

/* The peer's own. NULL with the fault. */
struct cp_consumer *cp_peer_consumer(struct cp_peer *peer, const char *id, struct cp_fault *fault);

/* In each, the object of `done` is the struct cp_consumer. */
void cp_consumer_create(struct cp_transport *t, struct cp_producer *p, const cJSON *rtp_capabilities,
	bool paused, cp_done done);
void cp_consumer_pause(struct cp_consumer *c, bool paused, cp_done done);
void cp_consumer_request_keyframe(struct cp_consumer *c, cp_done done);
/* At the wish of its owner, which is not told. */
void cp_consumer_close(struct cp_consumer *c);

/* For the files of rooms/: closes it for whatever reason. */
void cp_consumer_destroy(struct cp_consumer *c, const struct cp_closing *how);

#endif

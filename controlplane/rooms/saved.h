/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_CONTROLPLANE_ROOMS_SAVED_H
#define SPATE_CONTROLPLANE_ROOMS_SAVED_H

/*
 * Has the data plane keep what a successor of this process needs (persist/). The blobs of producers
 * and consumers are written once, with the command that adds the object, whose request is answered
 * when both are acknowledged. A transport's blob, with its peer, is written when it has connected,
 * and again after each change: changes of one turn of the event loop make one blob. Who has to tell
 * a client of a change waits until the blobs are acknowledged, because a successor would not know
 * it.
 */

#include <stdbool.h>

#include "controlplane/persist/persist.h"

struct cp_consumer;
struct cp_model;
struct cp_peer;
struct cp_producer;
struct cp_transport;

/*
 * The commands that keep the blob, after the one that adds the object. Return how many; 0: it is on
 * a plain transport, which the operator makes again.
 */
unsigned cp_producer_blob(const struct cp_producer *p, struct sh_cmd out[CP_SAVED_COMMANDS]);
/* `common` NULL: its parameters were negotiated by SDP. */
unsigned cp_consumer_blob(const struct cp_consumer *c, const struct sh_consumer_add *add,
	const struct cp_common *common, struct sh_cmd out[CP_SAVED_COMMANDS]);

/* The blob of a transport has to be written, if it has connected. */
void cp_transport_save(struct cp_transport *t);
/* Those of all transports of the peer. */
void cp_peer_save(struct cp_peer *peer);
/*
 * True if the data plane has acknowledged the blobs of all transports of the peer that have
 * connected, as they have to be now. Otherwise the listener's `saved` is called when it is so.
 */
bool cp_peer_is_saved(const struct cp_peer *peer);
/* The transport closes. */
void cp_transport_unsave(struct cp_transport *t);
/* For cp_model_run: writes the blobs that are due, a slice of them. */
void cp_saves_run(struct cp_model *m);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_CONTROLPLANE_SIGNALING_SOCKETIO_DIALECT_H
#define SPATE_CONTROLPLANE_SIGNALING_SOCKETIO_DIALECT_H

/*
 * The Socket.IO dialect (docs/signaling.md): requests and answers are Socket.IO events. A request
 * is the JSON object {event, data, ack} that cp_sio_request() makes; `data` and `ack`, a number,
 * are optional. Each text that the dialect sends is one Socket.IO packet.
 */

#include "controlplane/signaling/session.h"

extern const struct cp_dialect cp_socketio_dialect;

/* The table of its requests (socketio_requests.c). */
extern struct cp_request_type cp_socketio_requests[];

/* The handler of getRouterRtpCapabilities, the only request that may join a new room. */
void cp_socketio_get_capabilities(struct cp_session *s, const cJSON *data);

/*
 * The peer's transport, named by its direction, <socketId>-send or <socketId>-recv, or by its id.
 * NULL with CP_NOT_FOUND.
 */
struct cp_transport *cp_socketio_transport(struct cp_peer *peer, const char *name, struct cp_fault *fault);
/* The member `direction`, and transportId and id in place of a member `id`. */
void cp_socketio_describe_transport(const struct cp_transport *t, cJSON *entry);
/* Adds the members transportId, which names the direction, and id. */
void cp_socketio_name_transport(const struct cp_transport *t, cJSON *data);

#endif

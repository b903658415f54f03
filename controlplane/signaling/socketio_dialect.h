/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_CONTROLPLANE_SIGNALING_SOCKETIO_DIALECT_H
#define SPATE_CONTROLPLANE_SIGNALING_SOCKETIO_DIALECT_H

/*
 * The Socket.IO dialect (docs/signaling.md): Socket.IO events. Its requests are {event, data, ack}
 * with `data` and `ack`, a number, where there are such. Each text it sends is one
 * Socket.IO packet.
 */

#include "controlplane/signaling/session.h"

extern const struct cp_dialect cp_socketio_dialect;

/* Its requests (socketio_requests.c). */
extern struct cp_request_type cp_socketio_requests[];

/* The one whose answer tells what the router can do; it may join a room. */
void cp_socketio_get_capabilities(struct cp_session *s, const cJSON *data);

/* By the name of its direction, <socketId>-send or <socketId>-recv, or by its id. */
struct cp_transport *cp_socketio_transport(struct cp_peer *peer, const char *name, struct cp_fault *fault);
/* transportId and id. */
void cp_socketio_name_transport(const struct cp_transport *t, cJSON *data);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_CONTROLPLANE_ENTRY_SOCKETIO_H
#define SPATE_CONTROLPLANE_ENTRY_SOCKETIO_H

/*
 * Socket.IO, protocol 5, on Engine.IO's sessions: one namespace, "/", whose events are the
 * requests of the Socket.IO dialect.
 */

#include <uv.h>

#include "controlplane/base/fault.h"
#include "controlplane/engineio/engine.h"

#define CP_SOCKETIO_PATH "/socket.io/"

struct cp_server;
struct cp_signaling;
struct cp_websocket;
struct lws;

struct cp_socketio {
	struct cp_server *server;
	struct cp_signaling *signaling;
	uv_loop_t *loop;
	struct cp_eio_server engine;
	struct cp_text *nothing; /* the text of packets that are only a type */
	uv_timer_t timer;
};

/* The arguments outlive it. 0 or ENOMEM. */
int cp_socketio_start(struct cp_socketio *s, uv_loop_t *loop, struct cp_server *server,
	struct cp_signaling *signaling);
/* Ends all sessions. The loop must run on. */
void cp_socketio_stop(struct cp_socketio *s);

/*
 * The client of `wsi` shakes hands over `socket`, NULL: polling. `*out` is its session.
 * CP_OK, CP_TOO_MANY from this address, or CP_INTERNAL: no memory.
 */
enum cp_code cp_socketio_open(struct cp_socketio *s, struct lws *wsi, void *socket, struct cp_eio **out);

/* --- WebSockets (engineio_websocket.c) ------------------------------------------------------ */

/* Before one is accepted: 0, or errno: it was refused with the error that explains it. */
int cp_eio_websocket_filter(struct cp_socketio *s, struct lws *wsi);
/* It has been accepted: a handshake, or an upgrade. 0 or ENOMEM. */
int cp_eio_websocket_open(struct cp_socketio *s, struct cp_websocket *w);

/* What the engine asks of one. */
void cp_eio_websocket_send(void *socket, enum cp_eio_type type, struct cp_text *text);
void cp_eio_websocket_close(void *socket, uint16_t code, const char *reason);

#endif

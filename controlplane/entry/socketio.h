/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_CONTROLPLANE_ENTRY_SOCKETIO_H
#define SPATE_CONTROLPLANE_ENTRY_SOCKETIO_H

/*
 * Socket.IO, protocol 5, on Engine.IO's sessions: one namespace, "/", whose events are the
 * requests of dialect B.
 */

#include <uv.h>

#include "controlplane/http/server.h"
#include "controlplane/engineio/engine.h"

struct cp_gateway {
	struct cp_server *server;
	struct cp_eio_server engine;
	struct cp_text *nothing; /* of packets that are only a type */
	uv_timer_t timer;
};

/* Sets s->gateway. 0, or -1: no memory. */
int cp_gateway_start(struct cp_server *s);
/* Ends all sessions. The loop must run on. */
void cp_gateway_stop(struct cp_server *s);

/*
 * A client from `address` that shakes hands over `socket`, NULL: polling. `*out` is its
 * session. CP_OK, CP_TOO_MANY from this address, or CP_INTERNAL: no memory.
 */
enum cp_code cp_gateway_open(struct cp_gateway *g, struct lws *wsi, void *socket, struct cp_eio **out);

/* --- WebSockets (websocket.c) ------------------------------------------------------------- */

/* Before one is accepted: 0, or -1: it was refused with the error that explains it. */
int cp_eio_websocket_filter(struct cp_server *s, struct lws *wsi);
/* It has been accepted: a handshake, or an upgrade. 0, or -1: no memory. */
int cp_eio_websocket_open(struct cp_server *s, struct cp_websocket *w);

/* What the engine asks of one. */
void cp_eio_websocket_send(void *socket, enum cp_eio_type type, struct cp_text *text);
void cp_eio_websocket_close(void *socket, uint16_t code, const char *reason);

#endif

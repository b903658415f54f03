/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_CONTROLPLANE_ENTRY_SOCKETIO_H
#define SPATE_CONTROLPLANE_ENTRY_SOCKETIO_H

/*
 * Accepts clients of the Socket.IO dialect: Socket.IO, protocol 5, on Engine.IO sessions. There is
 * one namespace, "/"; its events are the dialect's requests.
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
	struct cp_text *nothing; /* the empty text of packets that have only a type */
	uv_timer_t timer; /* the engine's alarm */
};

/* The arguments must outlive `s`. 0 or ENOMEM. */
int cp_socketio_start(struct cp_socketio *s, uv_loop_t *loop, struct cp_server *server,
	struct cp_signaling *signaling);
/* Ends all sessions. The loop must run afterwards to close the timer, with `s` still in memory. */
void cp_socketio_stop(struct cp_socketio *s);

/*
 * Opens an Engine.IO session, `*out`, for the client of `wsi`, over the WebSocket `socket` or, if
 * that is NULL, over long-polling. CP_OK, CP_TOO_MANY (the address has too many clients) or
 * CP_INTERNAL (no memory).
 */
enum cp_code cp_socketio_open(struct cp_socketio *s, struct lws *wsi, void *socket, struct cp_eio **out);

/* --- WebSockets (engineio_websocket.c) ----------------------------------------------------- */

/*
 * Checks the origin and the query before a WebSocket is accepted. 0, or errno: it was refused, and
 * the client was answered 400 or 403 with the error's text.
 */
int cp_eio_websocket_filter(struct cp_socketio *s, struct lws *wsi);
/*
 * Attaches the open WebSocket to a new Engine.IO session, or to the session that its query names,
 * which upgrades. 0 or ENOMEM.
 */
int cp_eio_websocket_open(struct cp_socketio *s, struct cp_websocket *w);

/* Callbacks from the engine: `send` and `close` of struct cp_eio_calls. */
void cp_eio_websocket_send(void *socket, enum cp_eio_type type, struct cp_text *text);
void cp_eio_websocket_close(void *socket, uint16_t code, const char *reason);

#endif

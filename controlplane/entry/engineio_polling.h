/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_CONTROLPLANE_ENTRY_ENGINEIO_POLLING_H
#define SPATE_CONTROLPLANE_ENTRY_ENGINEIO_POLLING_H

/*
 * Engine.IO's long-polling over HTTP: GETs that are held until packets are queued, and POSTs.
 * Checks the query of requests for both Engine.IO transports.
 */

#include <stdbool.h>
#include <stddef.h>

struct cp_connection;
struct cp_eio;
struct cp_socketio;
struct cp_text;
struct lws;

/* --- handlers for a struct cp_route (http/server.h) ---------------------------------------- */

int cp_polling_request(struct cp_socketio *s, struct cp_connection *c);
int cp_polling_body(struct cp_connection *c, const void *data, size_t len);
int cp_polling_body_complete(struct cp_connection *c);
void cp_polling_gone(struct cp_connection *c);

/* --- callbacks from the engine: `answer` and `forget` of struct cp_eio_calls --------------- */

void cp_polling_answer(void *poll, struct cp_text *payload);
void cp_polling_detach(void *post);

/* --- checks for both Engine.IO transports (engineio_verify.c) ------------------------------ */

/* The error codes of the reference server (docs/signaling.md). */
enum cp_eio_error {
	CP_EIO_OK = -1,
	CP_EIO_UNKNOWN_TRANSPORT = 0,
	CP_EIO_UNKNOWN_SID = 1,
	CP_EIO_BAD_HANDSHAKE_METHOD = 2,
	CP_EIO_BAD_REQUEST = 3,
	CP_EIO_FORBIDDEN = 4,
	CP_EIO_UNSUPPORTED_VERSION = 5,
};

/* The reference server's message for an error; not for CP_EIO_OK. */
const char *cp_eio_error_text(enum cp_eio_error error);

/*
 * Checks the query of a request: CP_EIO_OK, or the error to answer with. `*out` is the session that
 * the request names, or NULL if it opens a new one. `websocket`: the request is an upgrade to
 * WebSocket; `get`: its method is GET. The origin is not checked.
 */
enum cp_eio_error cp_eio_verify(struct cp_socketio *s, struct lws *wsi, bool websocket, bool get,
	struct cp_eio **out);

#endif

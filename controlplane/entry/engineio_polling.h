/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_CONTROLPLANE_ENTRY_ENGINEIO_POLLING_H
#define SPATE_CONTROLPLANE_ENTRY_ENGINEIO_POLLING_H

/* Engine.IO's long-polling over libwebsockets: GETs that wait, and POSTs. */

#include <stdbool.h>
#include <stddef.h>

struct cp_connection;
struct cp_eio;
struct cp_socketio;
struct cp_text;
struct lws;

/* --- as the members of a struct cp_route ------------------------------------------------------ */

int cp_polling_request(struct cp_socketio *s, struct cp_connection *c);
int cp_polling_body(struct cp_connection *c, const void *data, size_t len);
int cp_polling_body_complete(struct cp_connection *c);
void cp_polling_gone(struct cp_connection *c);

/* --- what the engine asks for -------------------------------------------------------------- */

void cp_polling_answer(void *poll, struct cp_text *payload);
void cp_polling_detach(void *post);

/* --- what both transports begin with (engineio_verify.c) ---------------------------------------------- */

enum cp_eio_error { /* the reference server's */
	CP_EIO_OK = -1,
	CP_EIO_UNKNOWN_TRANSPORT = 0,
	CP_EIO_UNKNOWN_SID = 1,
	CP_EIO_BAD_HANDSHAKE_METHOD = 2,
	CP_EIO_BAD_REQUEST = 3,
	CP_EIO_FORBIDDEN = 4,
	CP_EIO_UNSUPPORTED_VERSION = 5,
};

const char *cp_eio_error_text(enum cp_eio_error error);

/*
 * Whether the request may go on: `*out` is the session that it names, NULL where it begins
 * one. `websocket`: it is an upgrade; `get`: its method.
 */
enum cp_eio_error cp_eio_verify(struct cp_socketio *s, struct lws *wsi, bool websocket, bool get,
	struct cp_eio **out);

#endif

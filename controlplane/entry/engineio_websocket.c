/* SPDX-License-Identifier: Apache-2.0 */

/* Connects WebSockets to Engine.IO sessions: each packet is one text message. */

#include "controlplane/entry/socketio.h"

#include <errno.h>
#include <stdlib.h>

#include "controlplane/entry/engineio_polling.h"
#include "controlplane/http/answer.h"
#include "controlplane/http/cors.h"
#include "controlplane/http/server.h"
#include "controlplane/http/websocket.h"

struct eio_socket {
	struct cp_socketio *socketio;
	struct cp_websocket *websocket;
	struct cp_eio *session; /* NULL: the session has dropped this WebSocket, or never had it */
};

/* --- callbacks from the engine ------------------------------------------------------------ */

void cp_eio_websocket_send(void *socket, enum cp_eio_type type, struct cp_text *text)
{
	const struct eio_socket *s = socket;

	if (!text)
		text = cp_text_hold(s->socketio->nothing);
	cp_websocket_send_typed(s->websocket, (char)type, text);
}

void cp_eio_websocket_close(void *socket, uint16_t code, const char *reason)
{
	struct eio_socket *s = socket;

	s->session = NULL;
	cp_websocket_close(s->websocket, code, reason);
}

/* --- callbacks from the WebSocket --------------------------------------------------------- */

static void message(void *user, const char *text, size_t len)
{
	struct eio_socket *s = user;

	if (s->session)
		cp_eio_receive(s->session, s, text, len);
}

static void closing(void *user, uint16_t code, const char *reason)
{
	struct eio_socket *s = user;
	struct cp_eio *e = s->session;

	s->session = NULL;
	if (e)
		cp_eio_socket_gone(e, s, code, reason);
}

static void closed(void *user)
{
	struct eio_socket *s = user;

	closing(s, cp_websocket_end_code(s->websocket), "the connection was closed");
	free(s);
}

static const struct cp_websocket_user calls = {.message = message, .closing = closing, .closed = closed};

/* --- opening ------------------------------------------------------------------------------- */

int cp_eio_websocket_filter(struct cp_socketio *s, struct lws *wsi)
{
	char origin[CP_ORIGIN_SIZE];
	enum cp_eio_error error = CP_EIO_FORBIDDEN;
	struct cp_eio *e;

	if (cp_cors_allowed(wsi, s->server->config->http.origins, origin))
		error = cp_eio_verify(s, wsi, true, true, &e);
	if (error == CP_EIO_OK)
		return 0;
	s->server->counters->sockets_refused++;
	return cp_http_refuse(wsi, error == CP_EIO_FORBIDDEN ? 403 : 400, NULL, cp_eio_error_text(error));
}

static void refuse(struct eio_socket *socket, uint16_t code, const char *reason)
{
	socket->socketio->server->counters->sockets_refused++;
	cp_websocket_close(socket->websocket, code, reason);
}

/* Opens a session over the WebSocket. */
static void open_session(struct eio_socket *socket)
{
	struct cp_websocket *w = socket->websocket;
	struct cp_eio *e;

	switch (cp_socketio_open(socket->socketio, w->wsi, socket, &e)) {
	case CP_OK:
		w->server->counters->sockets_accepted++;
		/*
		 * Sending the handshake can have closed the WebSocket. The session did not hear of
		 * that, because socket->session was not set yet.
		 */
		if (w->close_code != 0)
			cp_eio_socket_gone(e, socket, w->close_code, w->close_reason);
		else
			socket->session = e;
		break;
	case CP_TOO_MANY:
		refuse(socket, 1013, "too many connections from this address");
		break;
	default:
		refuse(socket, 1011, "out of memory");
	}
}

int cp_eio_websocket_open(struct cp_socketio *s, struct cp_websocket *w)
{
	struct eio_socket *socket = calloc(1, sizeof(*socket));
	struct cp_eio *e;

	if (!socket)
		return ENOMEM;
	socket->socketio = s;
	socket->websocket = w;
	cp_websocket_attach(w, &calls, socket);
	/* The filter accepted it, but its session may have ended or begun an upgrade since. */
	if (cp_eio_verify(s, w->wsi, true, true, &e) != CP_EIO_OK) {
		refuse(socket, 1008, "no such session");
	} else if (!e) {
		open_session(socket);
	} else {
		s->server->counters->sockets_accepted++;
		socket->session = e;
		cp_eio_upgrade(e, socket);
	}
	return 0;
}

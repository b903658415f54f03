/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_CONTROLPLANE_HTTP_WEBSOCKET_H
#define SPATE_CONTROLPLANE_HTTP_WEBSOCKET_H

/*
 * A WebSocket that carries text messages, for both dialects. Received pieces are joined to
 * messages, which are limited in length and checked for valid UTF-8. Messages to send are queued; a
 * client that does not read is disconnected when its queue exceeds limits.send_queue_bytes, or when
 * the backlog of all clients demands it (admission/backlog.h).
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>

#include <libwebsockets.h>

#include "controlplane/admission/backlog.h"
#include "controlplane/base/text.h"

struct cp_server;

/* Callbacks to the user of a WebSocket, which attached itself with cp_websocket_attach(). */
struct cp_websocket_user {
	/* A complete message. `text` is not null-terminated and valid only during the call. */
	void (*message)(void *user, const char *text, size_t len);
	/*
	 * cp_websocket_close() was called, by the user or because of a limit: no message is
	 * delivered any more, and messages to send are discarded. Not called if the connection
	 * breaks.
	 */
	void (*closing)(void *user, uint16_t code, const char *reason);
	/* The connection has ended. The WebSocket is freed after this call, which is the last. */
	void (*closed)(void *user);
};

struct cp_out;

struct cp_websocket {
	struct lws *wsi;
	struct cp_server *server;
	const struct cp_websocket_user *calls; /* NULL: no user is attached */
	void *user;

	char *rx; /* the pieces of a message that is not complete yet */
	size_t rx_len, rx_size;

	TAILQ_HEAD(, cp_out) out; /* send queue */
	size_t out_bytes;
	struct cp_queued queued; /* what is left of them after sending, in server->backlog */
	uint16_t close_code; /* 0: it is not closing */
	uint16_t peer_code; /* of the client's close frame; 1005: it had none; 0: none has come */
	const char *close_reason;
	bool close_sent;

	/* in the server's lists (websocket_list.c) */
	TAILQ_ENTRY(cp_websocket) by_age; /* in server->websockets */
	uint64_t received_ms; /* time of the last message or pong, by the loop's clock */
	bool pinged; /* a ping was scheduled since received_ms */
	bool ping_due; /* the scheduled ping has not been sent yet */
	bool hung_up; /* the connection is being closed because of silence */
	TAILQ_ENTRY(cp_websocket) unsent; /* in server->unsent */
	bool is_unsent; /* it is in server->unsent */
};

enum { CP_CLOSE_WAIT_S = 3 /* limit for our close frame to leave and the client's to arrive */ };

/* Creates the object for a connection that was just upgraded. NULL: no memory. */
struct cp_websocket *cp_websocket_open(struct cp_server *server, struct lws *wsi);
/* Sets the user and its callbacks. `calls` NULL: no user; received messages are dropped. */
void cp_websocket_attach(struct cp_websocket *w, const struct cp_websocket_user *calls, void *user);

/*
 * Queues a message; takes over the caller's reference. `text` NULL means that the caller had no
 * memory: the WebSocket closes with 1011. May call `closing` before it returns.
 */
void cp_websocket_send(struct cp_websocket *w, struct cp_text *text);
/*
 * As cp_websocket_send(), with the character `type` before the text; 0: none. Receivers can share
 * the text and still differ in the type.
 */
void cp_websocket_send_typed(struct cp_websocket *w, char type, struct cp_text *text);
/*
 * Closes after the queued messages have left, with a code of RFC 6455, 7.4. `reason` is a constant.
 * Calls `closing` before it returns. Does nothing if the WebSocket is closing already.
 */
void cp_websocket_close(struct cp_websocket *w, uint16_t code, const char *reason);

/*
 * The code with which the connection closes or has ended: that of cp_websocket_close(), or of the
 * client's close frame, or 1006 without either (RFC 6455, 7.1.5).
 */
uint16_t cp_websocket_end_code(const struct cp_websocket *w);

/* --- for server.c, which has libwebsockets' callbacks ---------------------------------- */

/* Handles a received piece of a message; `last`: it completes the message. */
void cp_websocket_receive(struct cp_websocket *w, const void *data, size_t len, bool last);
/* A close frame with this body has arrived. */
void cp_websocket_closed_by_client(struct cp_websocket *w, const unsigned char *body, size_t len);
/* Sends what the socket accepts of the queue. 0, or EPIPE: the connection must end. */
int cp_websocket_writeable(struct cp_websocket *w);
/* The connection has closed: calls `closed` and frees `w`. */
void cp_websocket_free(struct cp_websocket *w);

#endif

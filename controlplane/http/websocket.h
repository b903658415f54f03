/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_CONTROLPLANE_HTTP_WEBSOCKET_H
#define SPATE_CONTROLPLANE_HTTP_WEBSOCKET_H

/*
 * A WebSocket that carries text messages. What arrives is put together, bounded and
 * checked for UTF-8; what leaves is queued, and whoever does not read it is cut off at
 * limits.send_queue_bytes. Both dialects stand on it.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>

#include <libwebsockets.h>

#include "controlplane/base/text.h"

struct cp_server;

/* Whose messages they are. */
struct cp_websocket_user {
	/* One whole message; `text` is not terminated and good until the call returns. */
	void (*message)(void *user, const char *text, size_t len);
	/* It is about to close, from here: nothing more arrives, nothing more is taken. */
	void (*closing)(void *user, uint16_t code, const char *reason);
	/* It is gone, and freed when the call returns. Always the last call. */
	void (*closed)(void *user);
};

struct cp_out;

struct cp_websocket {
	struct lws *wsi;
	struct cp_server *server;
	const struct cp_websocket_user *calls; /* NULL: nobody's any more */
	void *user;

	char *rx; /* the message that is arriving */
	size_t rx_len, rx_size;

	TAILQ_HEAD(, cp_out) out;
	size_t out_bytes;
	uint16_t close_code; /* 0: stays open */
	const char *close_reason;
	bool close_sent;

	/* in the server's lists (websocket_list.c) */
	TAILQ_ENTRY(cp_websocket) by_age; /* the one that was silent for longest is first */
	uint64_t received_ms; /* when something last came from it, by the loop's time */
	bool pinged; /* since then */
	bool ping_due, hung_up;
	TAILQ_ENTRY(cp_websocket) unsent;
	bool is_unsent; /* it is on the list of those that have something to send */
};

enum { CP_CLOSE_WAIT_S = 3 /* for the close frame to leave, and its answer to come */ };

/* For a connection that was just upgraded. NULL: no memory. */
struct cp_websocket *cp_websocket_open(struct cp_server *server, struct lws *wsi);
/* From now on these are called. NULL: nobody, and what arrives is dropped. */
void cp_websocket_attach(struct cp_websocket *w, const struct cp_websocket_user *calls, void *user);

/* Takes the caller's reference over. NULL (no memory) closes with 1011. */
void cp_websocket_send(struct cp_websocket *w, struct cp_text *text);
/* The same with one character before the text, which others may send with another. */
void cp_websocket_send_typed(struct cp_websocket *w, char type, struct cp_text *text);
/* What was sent before still goes. `reason` is a constant. A second close changes nothing. */
void cp_websocket_close(struct cp_websocket *w, uint16_t code, const char *reason);

/* --- for server.c, which has libwebsockets' callbacks ---------------------------------- */

/* A piece of a message. `last`: it is complete with this. */
void cp_websocket_receive(struct cp_websocket *w, const void *data, size_t len, bool last);
/* Sends the queue. 0, or EPIPE: the connection must end. */
int cp_websocket_writeable(struct cp_websocket *w);
void cp_websocket_free(struct cp_websocket *w);

#endif

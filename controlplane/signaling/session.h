/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_CONTROLPLANE_SESSION_H
#define SPATE_CONTROLPLANE_SESSION_H

/*
 * One WebSocket that speaks dialect A, and its peer in a room. Requests are taken one
 * after the other, in the order in which they came: the next begins when the last was
 * answered, also where the answer waits for the data plane.
 */

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

#include <cjson/cJSON.h>
#include <libwebsockets.h>

#include "controlplane/http/server.h"
#include "controlplane/room/room.h"

enum {
	CP_JSON_DEPTH = 32, /* levels of nesting in a message */
	CP_REQUEST_ID_MAX = 128, /* bytes of a request's id that is a string */
	CP_CLOSE_WAIT_S = 3, /* for the close frame to leave, and its answer to come */
};

struct cp_out { /* a message that waits to be sent */
	TAILQ_ENTRY(cp_out) next;
	size_t len;
	unsigned char data[]; /* LWS_PRE bytes, then `len` */
};

struct cp_request { /* a message that waits to be taken */
	TAILQ_ENTRY(cp_request) next;
	cJSON *message;
};

struct cp_session {
	struct lws *wsi;
	struct cp_server *server;
	struct cp_peer *peer;
	struct cp_address *address; /* NULL: it was refused */
	char address_text[48];

	char *rx; /* the message that is arriving */
	size_t rx_len, rx_size;

	TAILQ_HEAD(, cp_out) out;
	size_t out_bytes;
	uint16_t close_code; /* 0: stays open */
	const char *close_reason;
	bool close_sent;

	TAILQ_HEAD(, cp_request) waiting;
	uint32_t waiting_count;
	cJSON *current; /* the request under way; NULL: none */
	bool running; /* within cp_session_run */
	bool is_ready; /* on the server's list */
	TAILQ_ENTRY(cp_session) ready;

	double tokens; /* messages it may send now */
	uint64_t tokens_ns; /* when that was reckoned */
	uint32_t strikes; /* messages over the limit since it last kept to it */
};

/* Joins the room; what fails is said to the client, and the socket closes. NULL: no memory. */
struct cp_session *cp_session_open(struct cp_server *server, struct lws *wsi, const char *room,
	const char *user, const char *address);
/* The socket is gone: the peer leaves, and everything is freed. */
void cp_session_free(struct cp_session *s);

/* A piece of a text message (receive.c). `last`: the message is complete with it. */
void cp_session_receive(struct cp_session *s, const void *data, size_t len, bool last);
/* Something that is not the protocol came. */
void cp_session_close(struct cp_session *s, uint16_t code, const char *reason);
/* Sends what waits. The lws callback's return value. */
int cp_session_writeable(struct cp_session *s);
/* Takes waiting requests until one has to wait for the data plane. */
void cp_session_run(struct cp_session *s);

/* Takes `message` over. */
void cp_session_send(struct cp_session *s, cJSON *message);
/* {type, data}; takes `data` over. */
void cp_session_notify(struct cp_session *s, const char *type, cJSON *data);
/* Answers the request under way with its own type; takes `data` over. */
void cp_session_reply(struct cp_session *s, cJSON *data);
void cp_session_error(struct cp_session *s, const struct cp_fault *fault);
/* About a message that never became the request under way; NULL: nothing of it is known. */
void cp_session_send_error(struct cp_session *s, const cJSON *message, const struct cp_fault *fault);

#endif

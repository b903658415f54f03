/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_CONTROLPLANE_HTTP_LOOKAHEAD_H
#define SPATE_CONTROLPLANE_HTTP_LOOKAHEAD_H

/*
 * Looks at what a client sends before libwebsockets reads it, without taking it: at the head of
 * each request (request_head.h), and at the first frame of a WebSocket, whose client must mask its
 * frames (RFC 6455, 5.1; libwebsockets 4.1 does not ask for it). lookahead.c explains how.
 */

#include <stdbool.h>
#include <stddef.h>
#include <sys/queue.h>

#include <libwebsockets.h>
#include <openssl/ssl.h>
#include <uv.h>

#include "controlplane/http/request_head.h"

struct cp_server;

enum cp_look {
	CP_LOOK_NONE, /* libwebsockets reads */
	CP_LOOK_HEAD, /* at the next request */
	CP_LOOK_FRAME, /* at the first frame of a WebSocket */
	CP_LOOK_DISCARD, /* the request was refused: what still comes is thrown away */
};

/* State of one TCP connection. */
struct cp_lookahead {
	struct lws *wsi;
	struct cp_server *server;
	enum cp_look look;
	bool closed; /* over TLS: the gate (http/tls_gate.h) */
	bool is_new; /* it is in server->lookaheads.new */
	TAILQ_ENTRY(cp_lookahead) next;
	struct cp_request_head head;
	bool followed; /* when the head was complete, more had come behind it */
	size_t discarded; /* bytes */
};

struct cp_lookaheads {
	TAILQ_HEAD(, cp_lookahead) new; /* accepted in this iteration of the event loop */
	uv_prepare_t prepare; /* begins with them before libwebsockets can read */
	int epoll; /* the sockets that are looked at; they stay registered with libuv as well */
	uv_poll_t poll; /* `epoll` has events */
};

/* 0, or errno. */
int cp_lookaheads_start(struct cp_server *s);
/* After the last connection has closed. The loop must run afterwards to close the handles. */
void cp_lookaheads_stop(struct cp_server *s);

/* A connection was accepted: looks at its first request, over TLS once the handshake is complete. */
void cp_lookahead_accepted(struct cp_lookahead *a, struct cp_server *s, struct lws *wsi);
/* The connection waits for its next request. */
void cp_lookahead_next(struct cp_lookahead *a);
/* The connection has become a WebSocket. */
void cp_lookahead_frames(struct cp_lookahead *a);
/* The connection is destroyed. */
void cp_lookahead_gone(struct cp_lookahead *a);

/* For the SSL_CTX of the port, before it accepts. 0, or ENOMEM. */
int cp_lookahead_attach(SSL_CTX *ssl_ctx);

#endif

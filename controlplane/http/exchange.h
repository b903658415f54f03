/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_CONTROLPLANE_HTTP_EXCHANGE_H
#define SPATE_CONTROLPLANE_HTTP_EXCHANGE_H

/*
 * An exchange is one HTTP request and its answer. exchange.c says why it does not leave the
 * sending to libwebsockets.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>

#include <libwebsockets.h>
#include <uv.h>

struct cp_server;
struct cp_route;
struct cp_websocket;

/* What a connection with a request under way waits for. */
enum cp_wait {
	CP_WAIT_NONE,
	CP_WAIT_TURN, /* the next turn of the loop */
	CP_WAIT_FULL, /* a full socket */
	CP_WAIT_HELD, /* a held request: whether its client is still there */
	CP_WAITS,
};

/* Connections with a request under way, by what they wait for. */
struct cp_exchanges {
	TAILQ_HEAD(cp_connections, cp_connection) waiting[CP_WAITS];
	uv_timer_t timer;
	uint64_t wake_ms; /* when the timer fires; 0: it does not */
	bool running; /* the timer fires now */
	unsigned pieces; /* how many may still be sent in this turn */
};

/* How far the request under way has come. */
enum cp_http_stage {
	CP_HTTP_IDLE,
	CP_HTTP_ASKED, /* `serve` answers it in its turn */
	CP_HTTP_BODY, /* its body arrives */
	CP_HTTP_HELD, /* its route answers it when there is something to say */
	CP_HTTP_ANSWERED, /* the answer is being sent, and then the exchange is complete */
};

/* What libwebsockets keeps for one connection, zeroed for each request. */
struct cp_connection {
	struct cp_websocket *websocket; /* NULL: it is plain HTTP */
	const struct cp_route *route; /* of the request; NULL: no route has its path */
	void *request; /* owner: the route, from its request() to its gone() */
	int (*serve)(struct cp_connection *c);
	struct lws *wsi;
	struct cp_server *server; /* NULL: no request has come yet */
	enum cp_http_stage stage;
	bool head; /* the method is HEAD: the answer is its headers alone */
	char *out; /* headers and body of the answer, malloc()ed */
	size_t out_len, out_at;
	bool has_file; /* the file follows `out` */
	int file;
	size_t file_left;
	enum cp_wait wait;
	uint64_t due_ms; /* CLOCK_MONOTONIC */
	unsigned full; /* how often in a row the socket was found full */
	TAILQ_ENTRY(cp_connection) next; /* in the list of those that wait for the same */
};

void cp_exchanges_start(struct cp_server *s);
void cp_exchanges_stop(struct cp_server *s);

/* A request has come. 0, or EBUSY: one is under way on that connection already. */
int cp_exchange_begin(struct cp_server *s, struct lws *wsi, struct cp_connection *c);
bool cp_exchange_busy(struct lws *wsi);
/* Whether anything is read from the connection: at first nothing is. */
void cp_exchange_read(struct cp_connection *c, bool reads);
void cp_exchange_wait(struct cp_connection *c, enum cp_wait wait);
/* The connection has gone, or its exchange is complete. */
void cp_exchange_end(struct cp_connection *c);

#endif

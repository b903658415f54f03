/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_CONTROLPLANE_HTTP_EXCHANGE_H
#define SPATE_CONTROLPLANE_HTTP_EXCHANGE_H

/*
 * An exchange is one HTTP request and its answer. exchange.c explains why libwebsockets does not
 * send the answer.
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

/*
 * What a connection with a pending request waits for. Each kind has one delay, so that its list is
 * sorted by the time when the connection is due.
 */
enum cp_wait {
	CP_WAIT_NONE,
	CP_WAIT_TURN, /* the next iteration of the event loop */
	CP_WAIT_FULL, /* room in a full socket */
	CP_WAIT_HELD, /* the next check that the client of a held request is still connected */
	CP_WAITS,
};

/* The connections with a pending request, in one list per kind of waiting. */
struct cp_exchanges {
	TAILQ_HEAD(cp_connections, cp_connection) waiting[CP_WAITS];
	uv_timer_t timer;
	uint64_t wake_ms; /* when the timer fires, CLOCK_MONOTONIC; 0: it is not set */
	bool running; /* the timer's callback schedules the next expiry */
	unsigned pieces; /* how many may still be sent in this iteration of the event loop */
};

/* Progress of the pending request. */
enum cp_http_stage {
	CP_HTTP_IDLE, /* a connection that waits in this stage is closed */
	CP_HTTP_ASKED, /* `serve` answers it in the next iteration of the event loop */
	CP_HTTP_BODY, /* its body arrives */
	CP_HTTP_HELD, /* its route keeps it and answers later */
	CP_HTTP_ANSWERED, /* the answer is being sent; after that the exchange is complete */
	CP_HTTP_STREAMING, /* all that its stream has so far was sent (stream.h) */
};

enum cp_stream {
	CP_STREAM_NONE, /* the answer is no stream */
	CP_STREAM_OPEN, /* its route may add to it */
	CP_STREAM_ENDS,
};

/* A connection's user data in libwebsockets, which zeroes it for each request. */
struct cp_connection {
	struct cp_websocket *websocket; /* NULL: no WebSocket was opened on it */
	const struct cp_route *route; /* of the request; NULL: no route has its path */
	void *request; /* owner: the route, from its request() to its gone() */
	int (*serve)(struct cp_connection *c); /* 0, or errno: the connection ends */
	struct lws *wsi;
	struct cp_server *server; /* NULL: no request has arrived yet */
	enum cp_http_stage stage;
	bool head; /* the method is HEAD: only headers are sent */
	bool last; /* the connection ends after the answer, which says so */
	enum cp_stream stream;
	char *out; /* headers and body of the answer, malloc()ed */
	size_t out_len, out_at;
	bool has_file; /* `file` is open and is sent after `out` */
	int file;
	size_t file_left; /* bytes of `file` that are not sent yet */
	enum cp_wait wait;
	uint64_t due_ms; /* end of the wait, CLOCK_MONOTONIC */
	unsigned full; /* how many times in succession the socket was full */
	TAILQ_ENTRY(cp_connection) next; /* in exchanges.waiting[wait] */
};

/*
 * The value of the header Connection in an answer as it is built. When the answer begins to leave,
 * its end is replaced by "close" if the connection will end after it.
 */
#define CP_HTTP_KEEP "keep-alive"

void cp_exchanges_start(struct cp_server *s);
/* Closes the timer after all connections. The loop must run afterwards to close the handle. */
void cp_exchanges_stop(struct cp_server *s);

/*
 * Begins the exchange of a request whose headers have arrived, and stops reading. 0, or EBUSY: the
 * connection has a pending request already.
 */
int cp_exchange_begin(struct cp_server *s, struct lws *wsi, struct cp_connection *c);
/* True if the connection has a pending request. */
bool cp_exchange_busy(struct lws *wsi);
/* Starts reading, to receive a body, or stops it. */
void cp_exchange_read(struct cp_connection *c, bool reads);
/* Schedules the next step of the exchange. CP_WAIT_NONE: no step is scheduled. */
void cp_exchange_wait(struct cp_connection *c, enum cp_wait wait);
/* The connection has closed, or its exchange is complete: frees what the exchange holds. */
void cp_exchange_end(struct cp_connection *c);

#endif

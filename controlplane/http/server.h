/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_CONTROLPLANE_HTTP_SERVER_H
#define SPATE_CONTROLPLANE_HTTP_SERVER_H

/*
 * The public port: the page, /healthz, /metrics both dialects of signaling, on
 * libwebsockets over the process's libuv loop. One thread; nothing here blocks.
 */

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

#include <libwebsockets.h>
#include <uv.h>

#include "controlplane/auth/auth.h"
#include "controlplane/base/text.h"
#include "controlplane/rooms/room.h"
#include "shared/stats_reader.h"

struct cp_session;
struct cp_address;
struct cp_websocket;
struct cp_poll;
struct cp_gateway;
struct cp_connection;

/* Counted since the start; what is alive now is counted where it lives. */
struct cp_metrics {
	uint64_t sockets_open, sockets_accepted, sockets_refused;
	uint64_t messages_in, messages_out;
	uint64_t dtls_connected, dtls_failed;
	uint64_t dataplane_connected, dataplane_lost;
	uint64_t error[CP_CODE_COUNT];
};

/* What a connection with a request under way waits for. */
enum cp_wait {
	CP_WAIT_NONE,
	CP_WAIT_TURN, /* of the loop */
	CP_WAIT_FULL, /* socket */
	CP_WAIT_HELD, /* request */
	CP_WAITS,
};

/* Connections with a request under way, by what they wait for. */
struct cp_exchanges {
	TAILQ_HEAD(cp_connections, cp_connection) waiting[CP_WAITS];
	uv_timer_t timer;
	uint64_t wake_ms; /* when it fires; 0: it does not */
	bool running; /* it fires now */
	unsigned pieces; /* that may still be sent in this turn */
};

struct cp_server {
	const struct sh_config *config;
	uv_loop_t *loop;
	struct cp_model *model;
	const struct sh_stats_reader *stats; /* map NULL: the data plane is away */
	struct lws_context *context;
	struct cp_metrics metrics;
	const struct cp_auth *auth;
	struct cp_gateway *gateway; /* Socket.IO's */
	cJSON *capabilities; /* the router's, printed, for every peer */
	struct cp_text *greeting; /* the same as dialect A says it */
	uint64_t started_ns; /* CLOCK_MONOTONIC */
	void *addresses; /* tsearch tree of struct cp_address */
	uint32_t sockets; /* TCP connections of all of them */
	struct cp_exchanges exchanges;
	uv_prepare_t flush; /* sends what `unsent` have, before the loop sleeps */
	uv_timer_t pulse; /* looks after silent WebSockets */
	TAILQ_HEAD(, cp_websocket) websockets, unsent;
	uv_idle_t idle; /* runs while `ready` is not empty */
	TAILQ_HEAD(, cp_session) ready; /* sessions whose next request may begin */
	TAILQ_HEAD(, cp_session) sessions; /* all of them */
};

uint64_t cp_now_ns(void);

/*
 * Listens. What it is given outlives it. 0, or -1 with a sentence in `err`.
 */
int cp_server_start(struct cp_server *s, uv_loop_t *loop, const struct sh_config *config,
	struct cp_model *model, const struct sh_stats_reader *stats, const struct cp_auth *auth, char *err,
	size_t err_size);
/* Tells every client that the server goes away. */
void cp_server_farewell(struct cp_server *s);
/* Closes every connection; sessions leave their rooms. The loop must run on to close handles. */
void cp_server_stop(struct cp_server *s);

/* Sessions on `ready` are run when the loop comes round. */
void cp_server_wake(struct cp_server *s);

/* --- for the files of http/ ------------------------------------------------------------ */

/* How far the request under way has come. */
enum cp_http_stage {
	CP_HTTP_IDLE,
	CP_HTTP_ASKED, /* it is answered in a moment */
	CP_HTTP_BODY, /* its body arrives */
	CP_HTTP_HELD, /* it is answered when there is something to say */
	CP_HTTP_ANSWERED, /* the answer is sent, and then it is complete */
};

/* What libwebsockets keeps for one connection, and makes anew for each request. */
struct cp_connection {
	struct cp_websocket *websocket; /* NULL: it is plain HTTP */
	struct cp_poll *poll; /* a request of Engine.IO's polling under way */
	struct lws *wsi;
	struct cp_server *server; /* NULL: no request has come yet */
	enum cp_http_stage stage;
	bool head; /* asked for the headers alone */
	char *out; /* headers and body of the answer, malloc()ed */
	size_t out_len, out_at;
	bool has_file; /* which follows `out` */
	int file;
	size_t file_left;
	enum cp_wait wait;
	uint64_t due_ms; /* CLOCK_MONOTONIC */
	unsigned looks; /* in a row that found the socket full */
	TAILQ_ENTRY(cp_connection) next; /* of those that wait for the same */
};

struct cp_answer {
	unsigned status;
	const char *type;
	const char *headers; /* each with its CRLF; NULL: cache-control alone */
	const char *body; /* copied */
	size_t len;
	size_t file_len; /* of the connection's file, which follows */
};

/* --- what is served (http.c, static.c); 0, or -1: the connection must end -------------- */

/* A request has come; returns what the lws callback does. */
int cp_http_request(struct cp_server *s, struct lws *wsi, struct cp_connection *c, const char *path);
/* Answers a GET or HEAD, which is any but Engine.IO's. */
int cp_http_serve(struct cp_connection *c);
int cp_http_answer(struct cp_connection *c, const struct cp_answer *a);
/* Answers with a file of the page; 404: there is none. */
int cp_static_serve(struct cp_connection *c, const char *path);

/* --- how it is sent (exchange.c) --------------------------------------------------------- */

void cp_exchanges_start(struct cp_server *s);
void cp_exchanges_stop(struct cp_server *s);
/* A request has come. 0, or -1: there is one under way already. */
int cp_exchange_begin(struct cp_server *s, struct lws *wsi, struct cp_connection *c);
bool cp_exchange_busy(struct lws *wsi);
/* Whether anything is read from the connection: at first nothing is. */
void cp_exchange_read(struct cp_connection *c, bool reads);
void cp_exchange_wait(struct cp_connection *c, enum cp_wait wait);
/* The connection, or what it was asked, has gone. */
void cp_exchange_forget(struct cp_connection *c);

/* malloc()ed text, NULL: no memory. */
char *cp_health_text(const struct cp_server *s, bool *healthy);
char *cp_metrics_text(const struct cp_server *s, size_t *len);
char *cp_rooms_text(const struct cp_server *s);

/* --- connections per address, of IPv6 per network of 64 bits (address.c) -------------- */

/* Whether one more may come; if so it is counted, and `*out` is what cp_address_leave takes. */
bool cp_address_enter(struct cp_server *s, const char *text, struct cp_address **out);
void cp_address_leave(struct cp_server *s, struct cp_address *a);

/* What is kept of a TCP connection from beginning to end, as libwebsockets' opaque user data. */
struct cp_accepted {
	struct cp_address *address;
	bool busy; /* a request is under way (exchange.c) */
};

/* One has been accepted. 0, or -1: its address, or the process, has too many, which speak or do not. */
int cp_accept(struct cp_server *s, struct lws *wsi);
/* It goes; or what goes is no client's. */
void cp_accepted_gone(struct cp_server *s, struct lws *wsi);

#endif

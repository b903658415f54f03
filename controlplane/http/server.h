/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_CONTROLPLANE_SERVER_H
#define SPATE_CONTROLPLANE_SERVER_H

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
#include "controlplane/http/text.h"
#include "controlplane/room/room.h"
#include "shared/stats_reader.h"

struct cp_session;
struct cp_address;
struct cp_websocket;
struct cp_poll;

/* Counted since the start; what is alive now is counted where it lives. */
struct cp_metrics {
	uint64_t sockets_open, sockets_accepted, sockets_refused;
	uint64_t messages_in, messages_out;
	uint64_t dtls_connected, dtls_failed;
	uint64_t dataplane_connected, dataplane_lost;
	uint64_t error[CP_CODE_COUNT];
};

struct cp_server {
	const struct sh_config *config;
	uv_loop_t *loop;
	struct cp_model *model;
	const struct sh_stats_reader *stats; /* map NULL: the data plane is away */
	struct lws_context *context;
	struct cp_metrics metrics;
	const struct cp_auth *auth;
	cJSON *capabilities; /* the router's, for every peer */
	struct cp_text *greeting; /* the same as dialect A says it */
	uint64_t started_ns; /* CLOCK_MONOTONIC */
	void *addresses; /* tsearch tree of struct cp_address */
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
/* Reads certificate and key again, for connections that begin from now on. 0, or -1 with `err`. */
int cp_server_reload(struct cp_server *s, char *err, size_t err_size);
/* Tells every client that the server goes away. */
void cp_server_farewell(struct cp_server *s);
/* Closes every connection; sessions leave their rooms. The loop must run on to close handles. */
void cp_server_stop(struct cp_server *s);

/* Sessions on `ready` are run when the loop comes round. */
void cp_server_wake(struct cp_server *s);

/* --- for the files of http/ ------------------------------------------------------------ */

/* What libwebsockets keeps for one connection. */
struct cp_connection {
	struct cp_websocket *websocket; /* NULL: it is plain HTTP */
	struct cp_poll *poll; /* a request of Engine.IO's polling under way */
	char *body; /* HTTP: what is still to be sent, malloc()ed */
	size_t body_len;
};

/* Answers a GET or HEAD; the return value is the lws callback's. */
int cp_http_request(struct cp_server *s, struct lws *wsi, struct cp_connection *c, const char *path);
int cp_http_writeable(struct lws *wsi, struct cp_connection *c);
/* Sends headers now and `body` (taken over) next. */
int cp_http_reply(struct lws *wsi, struct cp_connection *c, unsigned status, const char *type, char *body,
	size_t len);
int cp_static_serve(const struct cp_server *s, struct lws *wsi, const char *path);

/* malloc()ed text, NULL: no memory. */
char *cp_health_text(const struct cp_server *s, bool *healthy);
char *cp_metrics_text(const struct cp_server *s, size_t *len);
char *cp_rooms_text(const struct cp_server *s);

/* --- connections per address (address.c) -------------------------------------------- */

/* Whether one more may come; if so it is counted, and `*out` is what cp_address_leave takes. */
bool cp_address_enter(struct cp_server *s, const char *text, struct cp_address **out);
void cp_address_leave(struct cp_server *s, struct cp_address *a);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_CONTROLPLANE_HTTP_SERVER_H
#define SPATE_CONTROLPLANE_HTTP_SERVER_H

/*
 * An HTTP server, with WebSockets: the public port, or the administration port. libwebsockets
 * carries it on the process's libuv loop. All of it runs on the loop's thread, and nothing blocks.
 * A table of routes says what is served; this folder depends on no folder above it. Each server has
 * connections and budgets of its own: a storm at one port leaves the other one reachable.
 */

#include <stdint.h>
#include <sys/queue.h>

#include <libwebsockets.h>
#include <uv.h>

#include "controlplane/admission/address.h"
#include "controlplane/admission/backlog.h"
#include "controlplane/base/counters.h"
#include "controlplane/http/exchange.h"
#include "controlplane/http/lookahead.h"
#include "controlplane/http/port.h"
#include "shared/config.h"

struct cp_accepted;
struct cp_websocket;

/*
 * The handlers of one path. Each may be NULL. `owner` is the site's. A handler returns 0, or an
 * errno: the connection then ends.
 */
struct cp_route {
	const char *path;
	bool below; /* it serves all longer paths that begin with `path`, and not `path` itself */
	/* Answers a GET or HEAD. ENOENT: the client gets a file of that path, or 404. */
	int (*page)(void *owner, struct cp_connection *c);
	/*
	 * Handles a request of any method, instead of `page`. Its body arrives through the next
	 * two.
	 */
	int (*request)(void *owner, struct cp_connection *c);
	int (*body)(struct cp_connection *c, const void *data, size_t len); /* one piece of it */
	int (*body_complete)(struct cp_connection *c);
	/*
	 * The exchange is complete or the connection has closed: frees c->request, which may be
	 * NULL.
	 */
	void (*gone)(struct cp_connection *c);
	/*
	 * A client asks for a WebSocket. A handler that refuses sends the HTTP status and counts
	 * it.
	 */
	int (*upgrade)(void *owner, struct lws *wsi);
	/* The WebSocket is open: the handler attaches its user with cp_websocket_attach(). */
	int (*opened)(void *owner, struct cp_websocket *w);
};

/* What is served, where, and for whom. */
struct cp_site {
	const struct cp_route *routes; /* the last one has the path NULL */
	void *owner;
	struct cp_port port;
	const char *hosts, *origins; /* the names that it may be asked for (http/host.h) */
	bool tls; /* if tls.certificate is given */
	bool files; /* serves those of http.web_root, too */
	bool own_pages; /* refuses requests that name an Origin other than this site */
};

struct cp_server {
	const struct sh_config *config;
	const struct cp_site *site;
	struct cp_counters *counters;
	uv_loop_t *loop;
	struct lws_context *context;
	struct cp_addresses addresses;
	uint32_t sockets; /* TCP connections of all addresses */
	TAILQ_HEAD(, cp_accepted) waiting; /* for a request; the one that is due first is first */
	TAILQ_HEAD(, cp_accepted) unfinished; /* without a first request, the oldest first */
	uint32_t unfinished_count;
	struct cp_backlog backlog; /* what is queued for clients that read slowly */
	struct cp_exchanges exchanges;
	struct cp_lookaheads lookaheads;
	uv_prepare_t flush; /* sends the queues of `unsent` before the loop sleeps */
	uv_timer_t pulse; /* tick: checks silent WebSockets, wakes libwebsockets */
	TAILQ_HEAD(, cp_websocket) websockets; /* the one that is silent for longest is first */
	TAILQ_HEAD(, cp_websocket) unsent; /* those with messages to send in this iteration */
};

/* The route that serves that path. NULL: there is none. */
const struct cp_route *cp_site_route(const struct cp_site *site, const char *path);

/*
 * Listens on the site's port. All arguments but `err` must outlive the server. 0, or errno with
 * the operator's message in `err`.
 */
int cp_server_start(struct cp_server *s, uv_loop_t *loop, const struct sh_config *config,
	const struct cp_site *site, struct cp_counters *counters, char *err, size_t err_size);
/* Closes every connection. The loop must run afterwards to close the handles. */
void cp_server_stop(struct cp_server *s);

#endif

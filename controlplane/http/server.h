/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_CONTROLPLANE_HTTP_SERVER_H
#define SPATE_CONTROLPLANE_HTTP_SERVER_H

/*
 * The public port: HTTP and WebSockets on libwebsockets over the process's libuv loop. One
 * thread; nothing here blocks. This folder knows none of those that are served: they come in a
 * table of routes.
 */

#include <stdint.h>
#include <sys/queue.h>

#include <libwebsockets.h>
#include <uv.h>

#include "controlplane/base/counters.h"
#include "controlplane/http/exchange.h"
#include "shared/config.h"

struct cp_websocket;

/*
 * One path. Members may be NULL. Each function gets the site's owner; where it returns an
 * errno the connection ends.
 */
struct cp_route {
	const char *path;
	/* Answers a GET or HEAD. ENOENT: as if there were no such page. */
	int (*page)(void *owner, struct cp_connection *c);
	/* Takes a request of any method; its body comes through the next two. */
	int (*request)(void *owner, struct cp_connection *c);
	int (*body)(struct cp_connection *c, const void *data, size_t len);
	int (*body_complete)(struct cp_connection *c);
	/* The request is over, or its connection has gone: frees c->request. */
	void (*gone)(struct cp_connection *c);
	/* A WebSocket wants to open; whoever refuses it sends the status and counts it. */
	int (*upgrade)(void *owner, struct lws *wsi);
	/* It is open. */
	int (*opened)(void *owner, struct cp_websocket *w);
};

/* All that is served beside the files of http.web_root. */
struct cp_site {
	const struct cp_route *routes; /* ends with a path NULL */
	void *owner;
};

struct cp_server {
	const struct sh_config *config;
	const struct cp_site *site;
	struct cp_counters *counters;
	uv_loop_t *loop;
	struct lws_context *context;
	void *addresses; /* tsearch tree of struct cp_address */
	uint32_t sockets; /* TCP connections of all addresses */
	struct cp_exchanges exchanges;
	uv_prepare_t flush; /* sends the queues of `unsent` before the loop sleeps */
	uv_timer_t pulse; /* looks for silent WebSockets */
	TAILQ_HEAD(, cp_websocket) websockets; /* the one that was silent for longest is first */
	TAILQ_HEAD(, cp_websocket) unsent;
};

/* NULL: no route has that path. */
const struct cp_route *cp_site_route(const struct cp_site *site, const char *path);

/* Listens. The arguments outlive the server. 0, or errno with the operator's message in `err`. */
int cp_server_start(struct cp_server *s, uv_loop_t *loop, const struct sh_config *config,
	const struct cp_site *site, struct cp_counters *counters, char *err, size_t err_size);
/* Closes every connection. The loop must run on to close handles. */
void cp_server_stop(struct cp_server *s);

#endif

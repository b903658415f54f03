/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_CONTROLPLANE_HTTP_HTTP_H
#define SPATE_CONTROLPLANE_HTTP_HTTP_H

/* Decides who answers a plain HTTP request: a route of the site, or a file of the page. */

#include <libwebsockets.h>

struct cp_connection;
struct cp_server;

/* A request for `path` has come. 0, or errno: the connection must end. */
int cp_http_request(struct cp_server *s, struct lws *wsi, struct cp_connection *c, const char *path);

#endif

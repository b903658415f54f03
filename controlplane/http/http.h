/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_CONTROLPLANE_HTTP_HTTP_H
#define SPATE_CONTROLPLANE_HTTP_HTTP_H

/*
 * Dispatches an HTTP request that is not an upgrade: to a route of the site, or to a file below
 * http.web_root, if the site serves files.
 */

#include <libwebsockets.h>

struct cp_connection;
struct cp_server;

/*
 * For LWS_CALLBACK_HTTP: the headers of a request for `path` are complete. 0, or errno: the
 * connection must end.
 */
int cp_http_request(struct cp_server *s, struct lws *wsi, struct cp_connection *c, const char *path);

#endif

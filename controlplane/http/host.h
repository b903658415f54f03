/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_CONTROLPLANE_HTTP_HOST_H
#define SPATE_CONTROLPLANE_HTTP_HOST_H

/*
 * Decides under which names the server may be asked for, against DNS rebinding: a page that gives
 * its own name the address of this server is of the same origin for its browser, sends no Origin
 * with a GET, and would read the list of rooms or the metrics of a server that only the user's
 * network reaches.
 */

#include <stdbool.h>

struct cp_server;
struct lws;

/*
 * True if a server may be asked for by `host`, the value of the header Host ("tv.example:3000").
 * Nobody can register these names, so that they are always allowed: IP addresses, a name without a
 * dot, and names that end in localhost, local, lan, home.arpa, internal or test. Other names must
 * be in `hosts` (http.hosts: "*", or names separated by commas or spaces) or in an origin of
 * `origins` (http.origins).
 */
bool cp_host_allowed(const char *hosts, const char *origins, const char *host);

/*
 * Refuses a request whose Host is not allowed. Over TLS each is: the browser has compared the name
 * with the certificate. 0, or EPROTO: the request was answered, and the connection must end.
 */
int cp_host_check(const struct cp_server *s, struct lws *wsi);

#endif

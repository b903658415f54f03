/* SPDX-License-Identifier: Apache-2.0 */
#include "controlplane/http/http.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "controlplane/http/answer.h"
#include "controlplane/http/client.h"
#include "controlplane/http/cors.h"
#include "controlplane/http/exchange.h"
#include "controlplane/http/host.h"
#include "controlplane/http/server.h"
#include "controlplane/http/static.h"

enum { PATH_SIZE = 512 /* bytes of the longest path and its terminator; longer ones get 404 */ };

/*
 * Answers a GET or HEAD with the route's page, or else with a file, where the site has files. 0, or
 * errno as cp_http_answer().
 */
static int serve(struct cp_connection *c)
{
	char path[PATH_SIZE];
	int error = ENOENT;

	if (c->route && c->route->page)
		error = c->route->page(c->server->site->owner, c);
	if (error == ENOENT && c->server->site->files &&
		lws_hdr_copy(c->wsi, path, sizeof(path), c->head ? WSI_TOKEN_HEAD_URI : WSI_TOKEN_GET_URI) >
			0)
		error = cp_static_serve(c, path);
	return error == ENOENT
		       ? cp_http_reply_text(c, 404, "text/plain; charset=utf-8", strdup("not found\n"))
		       : error;
}

/*
 * Refuses a request whose route has no request() of its own, unless it can be served. 0, or EPROTO:
 * the connection must end.
 */
static int check(struct lws *wsi)
{
	if (lws_hdr_total_length(wsi, WSI_TOKEN_GET_URI) <= 0 &&
		lws_hdr_total_length(wsi, WSI_TOKEN_HEAD_URI) <= 0)
		return cp_http_refuse(wsi, 405, "allow: GET, HEAD\r\n", "only GET and HEAD are served here");
	/* Pages accept no body: a request that has one, or may have one, ends its connection. */
	if (cp_client_sends_body(wsi))
		return cp_http_refuse(wsi, 400, NULL, "this request must not have a body");
	return 0;
}

/*
 * Refuses what a page of another origin asks for. A browser names the origin of the page in every
 * request that could read across origins (Fetch, 3.1); other programs name none. 0, or EPROTO: the
 * connection must end.
 */
static int check_origin(const struct cp_server *s, struct lws *wsi)
{
	char origin[CP_ORIGIN_SIZE], host[CP_ORIGIN_SIZE] = "", own[CP_ORIGIN_SIZE + 8];
	int len = lws_hdr_total_length(wsi, WSI_TOKEN_ORIGIN);

	if (!s->site->own_pages || len <= 0)
		return 0;
	lws_hdr_copy(wsi, host, sizeof(host), WSI_TOKEN_HOST);
	snprintf(own, sizeof(own), "http%s://%s", lws_is_ssl(wsi) ? "s" : "", host);
	if (lws_hdr_copy(wsi, origin, sizeof(origin), WSI_TOKEN_ORIGIN) == len && host[0] != '\0' &&
		strcasecmp(origin, own) == 0)
		return 0;
	s->counters->admin_refused++;
	return cp_http_refuse(wsi, 403, NULL, "pages of other origins may not ask here");
}

int cp_http_request(struct cp_server *s, struct lws *wsi, struct cp_connection *c, const char *path)
{
	int error = cp_exchange_begin(s, wsi, c);

	if (error != 0)
		return error;
	error = cp_host_check(s, wsi);
	if (error == 0)
		error = check_origin(s, wsi);
	if (error != 0)
		return error;
	c->route = cp_site_route(s->site, path);
	if (c->route && c->route->request)
		return c->route->request(s->site->owner, c);
	error = check(wsi);
	if (error != 0)
		return error;
	c->stage = CP_HTTP_ASKED;
	c->serve = serve;
	cp_exchange_wait(c, CP_WAIT_TURN);
	return 0;
}

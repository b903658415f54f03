/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_CONTROLPLANE_HTTP_CORS_H
#define SPATE_CONTROLPLANE_HTTP_CORS_H

/* Response headers for requests from pages of other origins: CORS (Fetch standard, 3.2). */

#include <stdbool.h>
#include <stddef.h>

#include <libwebsockets.h>

enum { CP_ORIGIN_SIZE = 300, CP_CORS_SIZE = 1000 };

/*
 * True if the request has no Origin header, as from programs other than browsers, or if its origin
 * is in `allowed` (http.origins). Leaves the origin in `origin`, "" if there is none.
 */
bool cp_cors_allowed(struct lws *wsi, const char *allowed, char origin[CP_ORIGIN_SIZE]);

/*
 * The headers, each with its CRLF, of a response that must not be cached. They allow `origin` to
 * read it; "": no origin. Credentials (cookies, as those of a proxy that signs users on) are
 * allowed to an origin that `allowed` (http.origins) names, not to one that only its "*" admits:
 * else any page could act for the user that its browser is signed on as.
 */
void cp_cors_headers(const char *allowed, const char *origin, char out[CP_CORS_SIZE]);
/*
 * As cp_cors_headers(), and the answer to a preflight (OPTIONS): it allows GET and POST, and each
 * header that the preflight names.
 */
void cp_cors_preflight(struct lws *wsi, const char *allowed, const char *origin, char out[CP_CORS_SIZE]);

#endif

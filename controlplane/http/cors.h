/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_CONTROLPLANE_HTTP_CORS_H
#define SPATE_CONTROLPLANE_HTTP_CORS_H

/* Requests from pages of other origins (Fetch standard, 3.2). */

#include <stdbool.h>
#include <stddef.h>

#include <libwebsockets.h>

enum { CP_ORIGIN_SIZE = 300, CP_CORS_SIZE = 1000 };

/*
 * Whether the page that sends the request may: http.origins says so, or it is no page's.
 * Its origin is left in `origin`, "" where there is none.
 */
bool cp_cors_allowed(struct lws *wsi, const char *allowed, char origin[CP_ORIGIN_SIZE]);

/*
 * The headers of an answer to a page of `origin`, "": none, each with its CRLF; the answer must not
 * be cached. The origin is named instead of "*", because browsers do not accept "*" together with
 * credentials.
 */
void cp_cors_headers(const char *origin, char out[CP_CORS_SIZE]);
/* The same for an OPTIONS, by which a browser asks what it may send: all the headers that it names. */
void cp_cors_preflight(struct lws *wsi, const char *origin, char out[CP_CORS_SIZE]);

#endif

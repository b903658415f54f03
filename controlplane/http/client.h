/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_CONTROLPLANE_HTTP_CLIENT_H
#define SPATE_CONTROLPLANE_HTTP_CLIENT_H

/* What a request says about who sends it. */

#include <stdbool.h>
#include <stddef.h>

#include <libwebsockets.h>

enum {
	CP_HEADERS_MAX = 8192, /* bytes of one request, tokens in its URL included */
	CP_ADDRESS_SIZE = 48,
};

void cp_client_address(struct lws *wsi, char out[CP_ADDRESS_SIZE]);

/*
 * A value of the URL's query; `name` ends with "=". False where it does not fit and was
 * cut off, and then it is no valid name.
 */
bool cp_client_query(struct lws *wsi, const char *name, const char *absent, char *out, size_t size);

#endif

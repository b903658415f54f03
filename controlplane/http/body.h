/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_CONTROLPLANE_HTTP_BODY_H
#define SPATE_CONTROLPLANE_HTTP_BODY_H

/* Receives the body of a request, within a limit of bytes and of time. */

#include <stddef.h>
#include <stdint.h>

#include <libwebsockets.h>

struct cp_connection;

struct cp_body {
	char *data; /* malloc()ed; NULL: the body is read and ignored */
	size_t len, size;
	uint64_t due_ns; /* when it must be complete, CLOCK_MONOTONIC */
};

/*
 * 0 if the headers announce a body of at most `max` bytes; else the status that refuses it, after
 * which the connection must end, because the body is not read.
 */
unsigned cp_body_refusal(struct lws *wsi, size_t max);

/*
 * Begins to read the body of a request that cp_body_refusal() allowed. It is ignored. 0, or EPIPE:
 * the connection must end.
 */
int cp_body_begin(struct cp_body *b, struct cp_connection *c);
/* Keeps at most `max` bytes of the body, before the first piece. 0 or ENOMEM. */
int cp_body_keep(struct cp_body *b, size_t max);
/* Adds one piece. 0; ETIMEDOUT or EMSGSIZE: the connection must end. */
int cp_body_add(struct cp_body *b, const void *data, size_t len);
void cp_body_free(struct cp_body *b);

#endif

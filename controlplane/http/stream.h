/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_CONTROLPLANE_HTTP_STREAM_H
#define SPATE_CONTROLPLANE_HTTP_STREAM_H

/*
 * A response without an announced end, to which its route adds what happens: an event stream. The
 * connection ends with it.
 */

#include <stddef.h>

struct cp_connection;

enum { CP_STREAM_BYTES_MAX = 65536 /* of the backlog of a client that reads slowly */ };

/*
 * Answers a request with status 200 and begins the stream. `headers` as in struct cp_answer. 0, or
 * ENOMEM: the connection must end.
 */
int cp_stream_begin(struct cp_connection *c, const char *type, const char *headers);
/*
 * Adds text; it is sent later, from the event loop. 0; ENOMEM, or EMSGSIZE: the
 * backlog exceeds CP_STREAM_BYTES_MAX; the caller should call cp_stream_abort() then.
 */
int cp_stream_add(struct cp_connection *c, const char *text, size_t len);
/* Ends the stream when all that was added has been sent. */
void cp_stream_end(struct cp_connection *c);
/* Closes the connection in the next iteration of the event loop; the backlog is discarded. */
void cp_stream_abort(struct cp_connection *c);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_CONTROLPLANE_HTTP_ANSWER_H
#define SPATE_CONTROLPLANE_HTTP_ANSWER_H

/* Builds the response to an HTTP request; exchange.c sends it. */

#include <stdbool.h>
#include <stddef.h>

struct cp_connection;
struct lws;

struct cp_answer {
	unsigned status;
	const char *type; /* NULL: there is no body */
	const char *headers; /* each ends with CRLF; NULL: only "cache-control: no-store" */
	const char *body; /* copied */
	size_t len;
	size_t file_len; /* bytes to send from the connection's file, after the body */
	bool endless; /* the end of the connection ends the body, for stream.h */
};

/* The words that go with a status that Spate sends; others get those of 503. */
const char *cp_http_status_text(unsigned status);
/*
 * Stores the response in `c` and schedules it; it is sent later, from the event loop. 0, or ENOMEM:
 * the connection must end.
 */
int cp_http_answer(struct cp_connection *c, const struct cp_answer *a);
/*
 * Answers with the default headers. Takes over `body`, which was malloc()ed; `body` NULL means that
 * its caller had no memory, and the result is ENOMEM. Errors as cp_http_answer().
 */
int cp_http_reply(struct cp_connection *c, unsigned status, const char *type, char *body, size_t len);
/* As cp_http_reply(), with a null-terminated `body`. */
int cp_http_reply_text(struct cp_connection *c, unsigned status, const char *type, char *body);

/*
 * Refuses a request outside of an exchange: sends the response at once, with "Connection: close"
 * and `reason` as its text. `headers`: more headers, each with its CRLF; NULL: none. Returns
 * EPROTO, because the connection must end.
 */
int cp_http_refuse(struct lws *wsi, unsigned status, const char *headers, const char *reason);
/* The same with any body; `a->file_len` is not used. */
int cp_http_refuse_with(struct lws *wsi, const struct cp_answer *a);

#endif

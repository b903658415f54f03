/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_CONTROLPLANE_HTTP_ANSWER_H
#define SPATE_CONTROLPLANE_HTTP_ANSWER_H

/* Builds the answer to a request; exchange.c sends it. */

#include <stddef.h>

struct cp_connection;

struct cp_answer {
	unsigned status;
	const char *type;
	const char *headers; /* each with its CRLF; NULL: cache-control alone */
	const char *body; /* copied */
	size_t len;
	size_t file_len; /* bytes of the connection's file, which follows the body */
};

/* 0; ENOMEM or EMSGSIZE: the connection must end. */
int cp_http_answer(struct cp_connection *c, const struct cp_answer *a);
/* Answers without headers of its own. Takes the malloc()ed `body` over; NULL: ENOMEM. */
int cp_http_reply(struct cp_connection *c, unsigned status, const char *type, char *body, size_t len);
/* The same with a terminated `body`. */
int cp_http_reply_text(struct cp_connection *c, unsigned status, const char *type, char *body);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
#include "controlplane/http/answer.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "controlplane/http/exchange.h"

enum { HEADER_BYTES = 2048 };

static const char *status_text(unsigned status)
{
	switch (status) {
	case 200:
		return "OK";
	case 400:
		return "Bad Request";
	case 403:
		return "Forbidden";
	case 404:
		return "Not Found";
	default:
		return "Service Unavailable";
	}
}

int cp_http_answer(struct cp_connection *c, const struct cp_answer *a)
{
	char *out = malloc(HEADER_BYTES + a->len);
	int len;

	if (!out)
		return ENOMEM;
	len = snprintf(out, HEADER_BYTES,
		"HTTP/1.1 %u %s\r\n"
		"server: spate\r\n"
		"content-type: %s\r\n"
		"content-length: %zu\r\n"
		"x-content-type-options: nosniff\r\n"
		"%s\r\n",
		a->status, status_text(a->status), a->type, a->len + a->file_len,
		a->headers ? a->headers : "cache-control: no-store\r\n");
	if (len >= HEADER_BYTES) {
		free(out);
		return EMSGSIZE;
	}
	if (a->len > 0)
		memcpy(out + len, a->body, a->len);
	c->out = out;
	c->out_len = (size_t)len + (c->head ? 0 : a->len);
	c->file_left = c->head ? 0 : a->file_len;
	c->stage = CP_HTTP_ANSWERED;
	cp_exchange_wait(c, CP_WAIT_TURN);
	return 0;
}

int cp_http_reply(struct cp_connection *c, unsigned status, const char *type, char *body, size_t len)
{
	const struct cp_answer answer = {.status = status, .type = type, .body = body, .len = len};
	int error = body ? cp_http_answer(c, &answer) : ENOMEM;

	free(body);
	return error;
}

int cp_http_reply_text(struct cp_connection *c, unsigned status, const char *type, char *body)
{
	return cp_http_reply(c, status, type, body, body ? strlen(body) : 0);
}

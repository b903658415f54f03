/* SPDX-License-Identifier: Apache-2.0 */

/* What plain HTTP is asked for, and how it is answered. exchange.c does the sending. */

#include "controlplane/http/server.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "controlplane/entry/engineio_polling.h"

enum {
	HEADER_BYTES = 2048,
	PATH_SIZE = 512, /* of what is served; longer ones are not found */
};

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
		return -1;
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
		return -1;
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

static int reply(struct cp_connection *c, unsigned status, const char *type, char *body, size_t len)
{
	const struct cp_answer answer = {.status = status, .type = type, .body = body, .len = len};
	int result = body ? cp_http_answer(c, &answer) : -1;

	free(body);
	return result;
}

static int reply_text(struct cp_connection *c, unsigned status, const char *type, char *body)
{
	return reply(c, status, type, body, body ? strlen(body) : 0);
}

int cp_http_serve(struct cp_connection *c)
{
	struct cp_server *s = c->server;
	char path[PATH_SIZE];
	bool healthy;
	char *text;
	size_t len;
	int status;

	if (lws_hdr_copy(c->wsi, path, sizeof(path), c->head ? WSI_TOKEN_HEAD_URI : WSI_TOKEN_GET_URI) <= 0)
		return reply_text(c, 404, "text/plain; charset=utf-8", strdup("not found\n"));
	if (strcmp(path, "/healthz") == 0) {
		text = cp_health_text(s, &healthy);
		return reply_text(c, healthy ? 200 : 503, "application/json", text);
	}
	if (strcmp(path, "/metrics") == 0) {
		text = cp_metrics_text(s, &len);
		return reply(c, 200, "text/plain; version=0.0.4; charset=utf-8", text, len);
	}
	if (strcmp(path, "/rooms") == 0 && s->config->http.room_list && !cp_auth_required(s->auth))
		return reply_text(c, 200, "application/json", cp_rooms_text(s));
	status = cp_static_serve(c, path);
	return status == 404 ? reply_text(c, 404, "text/plain; charset=utf-8", strdup("not found\n"))
			     : status;
}

/* Only Engine.IO takes a body; a request that has one, or may have one, ends its connection. */
static unsigned refused(struct lws *wsi)
{
	if (lws_hdr_total_length(wsi, WSI_TOKEN_GET_URI) <= 0 &&
		lws_hdr_total_length(wsi, WSI_TOKEN_HEAD_URI) <= 0)
		return HTTP_STATUS_METHOD_NOT_ALLOWED;
	if (lws_hdr_total_length(wsi, WSI_TOKEN_HTTP_CONTENT_LENGTH) > 0 ||
		lws_hdr_total_length(wsi, WSI_TOKEN_HTTP_TRANSFER_ENCODING) > 0)
		return HTTP_STATUS_BAD_REQUEST;
	return 0;
}

int cp_http_request(struct cp_server *s, struct lws *wsi, struct cp_connection *c, const char *path)
{
	unsigned refusal;

	if (cp_exchange_begin(s, wsi, c) < 0)
		return -1;
	if (strcmp(path, CP_POLLING_PATH) == 0)
		return cp_polling_request(s, wsi, c);
	refusal = refused(wsi);
	if (refusal != 0) {
		lws_return_http_status(wsi, refusal, NULL);
		return -1;
	}
	c->stage = CP_HTTP_ASKED;
	cp_exchange_wait(c, CP_WAIT_TURN);
	return 0;
}

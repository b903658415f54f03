/* SPDX-License-Identifier: Apache-2.0 */
#include "server.h"

#include <stdlib.h>
#include <string.h>

enum { HEADER_BYTES = 1024 };

static int add(struct lws *wsi, const char *name, const char *value, unsigned char **p, unsigned char *end)
{
	return lws_add_http_header_by_name(wsi, (const unsigned char *)name, (const unsigned char *)value,
		(int)strlen(value), p, end);
}

int cp_http_reply(struct lws *wsi, struct cp_connection *c, unsigned status, const char *type, char *body,
	size_t len)
{
	unsigned char buf[LWS_PRE + HEADER_BYTES], *start = buf + LWS_PRE, *p = start,
						   *end = buf + sizeof(buf) - 1;

	free(c->body);
	c->body = body;
	c->body_len = len;
	if (body == NULL || lws_add_http_common_headers(wsi, status, type, len, &p, end) ||
		add(wsi, "cache-control:", "no-store", &p, end) ||
		add(wsi, "x-content-type-options:", "nosniff", &p, end) ||
		lws_finalize_write_http_header(wsi, start, &p, end))
		return -1;
	if (lws_hdr_total_length(wsi, WSI_TOKEN_HEAD_URI) > 0) {
		free(c->body);
		c->body = NULL;
		return lws_http_transaction_completed(wsi) ? -1 : 0;
	}
	lws_callback_on_writable(wsi);
	return 0;
}

int cp_http_writeable(struct lws *wsi, struct cp_connection *c)
{
	unsigned char *copy;
	int sent;

	if (c == NULL || c->body == NULL)
		return 0;
	/* The library keeps what the socket does not take, and goes on by itself. */
	copy = malloc(LWS_PRE + c->body_len);
	if (copy == NULL)
		return -1;
	memcpy(copy + LWS_PRE, c->body, c->body_len);
	sent = lws_write(wsi, copy + LWS_PRE, c->body_len, LWS_WRITE_HTTP_FINAL);
	free(copy);
	free(c->body);
	c->body = NULL;
	if (sent < (int)c->body_len)
		return -1;
	return lws_http_transaction_completed(wsi) ? -1 : 0;
}

static int plain(struct lws *wsi, struct cp_connection *c, unsigned status, const char *text)
{
	char *body = strdup(text);

	return cp_http_reply(wsi, c, status, "text/plain; charset=utf-8", body, strlen(text));
}

/*
 * Nothing here takes a body, so a request that has one, or may have one, ends its
 * connection. That is more than tidiness: libwebsockets 4.1 goes round for ever over the
 * body of a request that came in one packet with the one before it.
 */
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
	unsigned refusal = refused(wsi);
	bool healthy;
	char *text;
	size_t len;
	int status;

	if (refusal != 0) {
		lws_return_http_status(wsi, refusal, NULL);
		return -1;
	}
	if (strcmp(path, "/healthz") == 0) {
		text = cp_health_text(s, &healthy);
		return cp_http_reply(wsi, c, healthy ? 200 : 503, "application/json", text,
			text != NULL ? strlen(text) : 0);
	}
	if (strcmp(path, "/metrics") == 0) {
		text = cp_metrics_text(s, &len);
		return cp_http_reply(wsi, c, 200, "text/plain; version=0.0.4; charset=utf-8", text, len);
	}
	if (strcmp(path, "/rooms") == 0 && s->config->http.room_list && !cp_auth_required(s->auth)) {
		text = cp_rooms_text(s);
		return cp_http_reply(wsi, c, 200, "application/json", text, text != NULL ? strlen(text) : 0);
	}
	status = cp_static_serve(s, wsi, path);
	return status == 404 ? plain(wsi, c, 404, "not found\n") : status;
}

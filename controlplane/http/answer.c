/* SPDX-License-Identifier: Apache-2.0 */
#include "controlplane/http/answer.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <libwebsockets.h>

#include "controlplane/http/exchange.h"
#include "controlplane/http/server.h"

enum {
	HEADER_BYTES = 1024, /* of the headers that each response has */
	REFUSAL_BYTES = 3072,
	TYPE_BYTES = 160,
	HSTS_BYTES = 64,
};

const char *cp_http_status_text(unsigned status)
{
	static const struct {
		unsigned status;
		const char *text;
	} texts[] = {
		{200, "OK"},
		{201, "Created"},
		{204, "No Content"},
		{304, "Not Modified"},
		{307, "Temporary Redirect"},
		{400, "Bad Request"},
		{401, "Unauthorized"},
		{403, "Forbidden"},
		{404, "Not Found"},
		{405, "Method Not Allowed"},
		{406, "Not Acceptable"},
		{409, "Conflict"},
		{411, "Length Required"},
		{412, "Precondition Failed"},
		{413, "Content Too Large"},
		{414, "URI Too Long"},
		{415, "Unsupported Media Type"},
		{421, "Misdirected Request"},
		{422, "Unprocessable Content"},
		{426, "Upgrade Required"},
		{428, "Precondition Required"},
		{429, "Too Many Requests"},
		{431, "Request Header Fields Too Large"},
		{500, "Internal Server Error"},
		{501, "Not Implemented"},
		{505, "HTTP Version Not Supported"},
	};

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		if (texts[i].status == status)
			return texts[i].text;
	return "Service Unavailable";
}

/* Strict-Transport-Security, if it is configured: only over TLS (RFC 6797, 7.2). */
static void write_hsts(struct lws *wsi, char out[HSTS_BYTES])
{
	const struct cp_server *s = lws_context_user(lws_get_context(wsi));

	out[0] = '\0';
	if (s->config->http.hsts_s && lws_is_ssl(wsi))
		snprintf(out, HSTS_BYTES, "strict-transport-security: max-age=%u\r\n",
			s->config->http.hsts_s);
}

/*
 * Writes the status line and the headers that every response has; the caller adds its own and the
 * empty line. The length, as snprintf() returns it.
 */
static int write_head(struct lws *wsi, char *out, size_t size, unsigned status, const char *connection)
{
	char date[40] = "", hsts[HSTS_BYTES];
	time_t now = time(NULL);
	struct tm utc;

	write_hsts(wsi, hsts);
	/* RFC 9110, 5.6.7; the process never leaves the C locale, so that the names are English. */
	if (gmtime_r(&now, &utc))
		strftime(date, sizeof(date), "%a, %d %b %Y %H:%M:%S GMT", &utc);
	return snprintf(out, size,
		"HTTP/1.1 %u %s\r\n"
		"date: %s\r\n"
		"server: spate\r\n"
		"connection: %s\r\n"
		"x-content-type-options: nosniff\r\n"
		"%s",
		status, cp_http_status_text(status), date, connection, hsts);
}

/*
 * The headers that describe the body. 204 and 304 have none; the Content-Length of a 304 would be
 * that of a 200 (RFC 9110, 8.6).
 */
static void describe_body(const struct cp_answer *a, char out[TYPE_BYTES])
{
	if (a->status == 204 || a->status == 304)
		out[0] = '\0';
	else if (a->endless)
		snprintf(out, TYPE_BYTES, "content-type: %s\r\n", a->type);
	else if (!a->type)
		snprintf(out, TYPE_BYTES, "content-length: %zu\r\n", a->len + a->file_len);
	else
		snprintf(out, TYPE_BYTES, "content-type: %s\r\ncontent-length: %zu\r\n", a->type,
			a->len + a->file_len);
}

int cp_http_answer(struct cp_connection *c, const struct cp_answer *a)
{
	const char *headers = a->headers ? a->headers : "cache-control: no-store\r\n";
	size_t size = HEADER_BYTES + strlen(headers);
	char *out = malloc(size + a->len), type[TYPE_BYTES];
	int len;

	if (!out)
		return ENOMEM;
	len = write_head(c->wsi, out, size, a->status, a->endless ? "close" : CP_HTTP_KEEP);
	describe_body(a, type);
	len += snprintf(out + len, size - (size_t)len, "%s%s\r\n", type, headers);
	if (a->len > 0)
		memcpy(out + len, a->body, a->len);
	c->out = out;
	c->out_len = (size_t)len + (c->head ? 0 : a->len);
	c->file_left = c->head ? 0 : a->file_len;
	c->stage = CP_HTTP_ANSWERED;
	cp_exchange_wait(c, CP_WAIT_TURN);
	return 0;
}

int cp_http_refuse_with(struct lws *wsi, const struct cp_answer *a)
{
	unsigned char buf[LWS_PRE + REFUSAL_BYTES];
	char *out = (char *)buf + LWS_PRE, type[TYPE_BYTES];
	int len = write_head(wsi, out, REFUSAL_BYTES, a->status, "close");

	describe_body(a, type);
	len += snprintf(out + len, REFUSAL_BYTES - (size_t)len, "%s%s\r\n%.*s", type,
		a->headers ? a->headers : "cache-control: no-store\r\n", (int)a->len, a->body);
	if (len < REFUSAL_BYTES)
		lws_write(wsi, buf + LWS_PRE, (size_t)len, LWS_WRITE_HTTP);
	return EPROTO;
}

int cp_http_refuse(struct lws *wsi, unsigned status, const char *headers, const char *reason)
{
	char body[REFUSAL_BYTES], all[REFUSAL_BYTES];
	const struct cp_answer a = {.status = status,
		.type = "text/plain; charset=utf-8",
		.headers = all,
		.body = body,
		.len = (size_t)snprintf(body, sizeof(body), "%s\n", reason)};

	snprintf(all, sizeof(all), "cache-control: no-store\r\n%s", headers ? headers : "");
	return cp_http_refuse_with(wsi, &a);
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

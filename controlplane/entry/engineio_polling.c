/* SPDX-License-Identifier: Apache-2.0 */
#include "controlplane/entry/engineio_polling.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "controlplane/base/utf8.h"
#include "controlplane/engineio/packet.h"
#include "controlplane/entry/socketio.h"
#include "controlplane/http/answer.h"
#include "controlplane/http/body.h"
#include "controlplane/http/client.h"
#include "controlplane/http/cors.h"
#include "controlplane/http/server.h"

/* A pending request of long-polling, GET or POST. Owner: the connection, as c->request. */
struct poll {
	struct lws *wsi;
	struct cp_connection *connection;
	struct cp_eio *session; /* NULL: no session knows of this request */
	bool post;
	enum cp_eio_error error; /* the answer to a POST once its body has been read */
	struct cp_body body;
	char origin[CP_ORIGIN_SIZE]; /* an allowed origin; "": none */
};

/* --- answers --------------------------------------------------------------------------- */

/* Answers the request and frees its struct poll. 0, or errno: the connection must end. */
static int answer(struct cp_connection *c, unsigned status, const char *type, const char *body, size_t len)
{
	struct poll *p = c->request;
	char headers[CP_CORS_SIZE];
	const struct cp_answer a = {
		.status = status, .type = type, .headers = headers, .body = body, .len = len};

	cp_cors_headers(c->server->config->http.origins, p->origin, headers);
	c->request = NULL;
	cp_body_free(&p->body);
	free(p);
	return cp_http_answer(c, &a);
}

static int refuse_with(struct cp_connection *c, unsigned status, int code, const char *message)
{
	char json[120];
	int len = snprintf(json, sizeof(json), "{\"code\":%d,\"message\":\"%s\"}", code, message);

	return answer(c, status, "application/json", json, (size_t)len);
}

static int refuse(struct cp_connection *c, enum cp_eio_error error)
{
	return refuse_with(c, error == CP_EIO_FORBIDDEN ? 403 : 400, error, cp_eio_error_text(error));
}

/* How many packets a payload has: Engine.IO separates them by one character. */
static uint64_t packets_in(const char *payload, size_t len)
{
	const char *end = payload + len, *at = payload;
	uint64_t count = len > 0;

	while ((at = memchr(at, CP_EIO_SEPARATOR, (size_t)(end - at)))) {
		count++;
		at++;
	}
	return count;
}

void cp_polling_answer(void *poll, struct cp_text *payload)
{
	struct poll *p = poll;
	struct cp_connection *c = p->connection;

	p->session = NULL;
	if (payload)
		c->server->counters->messages_out += packets_in(cp_text_chars(payload), payload->len);
	if (!payload ||
		answer(c, 200, "text/plain; charset=UTF-8", cp_text_chars(payload), payload->len) != 0) {
		/*
		 * The connection ends in the next iteration of the event loop: closing it here
		 * would free `c` within the caller's work on it.
		 */
		c->stage = CP_HTTP_IDLE;
		cp_exchange_wait(c, CP_WAIT_TURN);
	}
	cp_text_release(payload);
}

void cp_polling_detach(void *post)
{
	struct poll *p = post;

	p->session = NULL;
	p->error = CP_EIO_BAD_REQUEST;
}

/* --- a GET --------------------------------------------------------------------------------- */

/* Opens a session. 0, or errno: the connection must end. */
static int handshake(struct cp_socketio *s, struct cp_connection *c)
{
	struct poll *p = c->request;

	switch (cp_socketio_open(s, p->wsi, NULL, &p->session)) {
	case CP_OK:
		/* The handshake is queued, so that this answers the poll at once. */
		return cp_eio_poll(p->session, p);
	case CP_TOO_MANY:
		return refuse_with(c, 503, CP_EIO_FORBIDDEN, "Too many connections from this address");
	default:
		return ENOMEM;
	}
}

/* Gives the poll to its session, which may answer it now or later. */
static int hold(struct cp_socketio *s, struct cp_connection *c)
{
	struct poll *p = c->request;

	c->stage = CP_HTTP_HELD;
	if (!p->session)
		return handshake(s, c);
	if (cp_eio_poll(p->session, p) != 0) {
		p->session = NULL;
		return refuse(c, CP_EIO_BAD_REQUEST);
	}
	if (c->stage == CP_HTTP_HELD)
		cp_exchange_wait(c, CP_WAIT_HELD);
	return 0;
}

/* --- a POST -------------------------------------------------------------------------------- */

static bool is_binary(struct lws *wsi)
{
	char type[40];

	return lws_hdr_copy(wsi, type, sizeof(type), WSI_TOKEN_HTTP_CONTENT_TYPE) > 0 &&
	       strcasecmp(type, "application/octet-stream") == 0;
}

static int begin_post(struct cp_socketio *s, struct cp_connection *c)
{
	struct poll *p = c->request;

	if (cp_body_begin(&p->body, c) != 0)
		return EPIPE;
	if (p->error == CP_EIO_OK && is_binary(p->wsi)) {
		cp_eio_close(p->session, 1003, "binary");
		p->error = CP_EIO_BAD_REQUEST;
	}
	if (p->error == CP_EIO_OK && cp_eio_post_begin(p->session, p) != 0)
		p->error = CP_EIO_BAD_REQUEST;
	if (p->error != CP_EIO_OK) {
		p->session = NULL;
		return 0;
	}
	return cp_body_keep(&p->body, s->server->config->limit.message_bytes);
}

int cp_polling_body(struct cp_connection *c, const void *data, size_t len)
{
	struct poll *p = c->request;

	return p && c->stage == CP_HTTP_BODY ? cp_body_add(&p->body, data, len) : EPROTO;
}

/*
 * libwebsockets calls this a second time for the same body if the client has sent more behind it.
 * The stage has changed by then, and EPROTO ends the connection.
 */
int cp_polling_body_complete(struct cp_connection *c)
{
	struct poll *p = c->request;
	struct cp_eio *e;

	if (!p || c->stage != CP_HTTP_BODY)
		return EPROTO;
	cp_exchange_read(c, false);
	e = p->session;
	if (!e)
		return refuse(c, p->error);
	p->session = NULL;
	c->server->counters->messages_in += packets_in(p->body.data, p->body.len);
	if (!cp_utf8_valid(p->body.data, p->body.len)) {
		cp_eio_post_failed(e);
		return refuse(c, CP_EIO_BAD_REQUEST);
	}
	if (cp_eio_post_complete(e, p->body.data, p->body.len) != 0)
		return refuse(c, CP_EIO_BAD_REQUEST);
	return answer(c, 200, "text/html", "ok", 2);
}

/* --- requests ------------------------------------------------------------------------------ */

static int preflight(struct cp_connection *c, const char *origin)
{
	char headers[CP_CORS_SIZE];
	const struct cp_answer a = {.status = 200, .type = "text/plain; charset=UTF-8", .headers = headers};

	cp_cors_preflight(c->wsi, c->server->config->http.origins, origin, headers);
	return cp_http_answer(c, &a);
}

/*
 * The status that refuses a request for its headers; 0: it is served. Only a POST may have a body.
 */
static unsigned wrong_headers(const struct cp_socketio *s, struct lws *wsi, bool post)
{
	if (post)
		return cp_body_refusal(wsi, s->server->config->limit.message_bytes);
	return cp_client_sends_body(wsi) ? 400 : 0;
}

int cp_polling_request(struct cp_socketio *s, struct cp_connection *c)
{
	struct lws *wsi = c->wsi;
	bool post = lws_hdr_total_length(wsi, WSI_TOKEN_POST_URI) > 0;
	bool get = lws_hdr_total_length(wsi, WSI_TOKEN_GET_URI) > 0;
	unsigned status = wrong_headers(s, wsi, post);
	struct poll *p;
	bool allowed;

	if (status != 0)
		return cp_http_refuse(wsi, status, NULL,
			"a POST must have a Content-Length within the limit, "
			"and another request no body");
	p = calloc(1, sizeof(*p));
	if (!p)
		return ENOMEM;
	p->wsi = wsi;
	p->connection = c;
	p->post = post;
	c->request = p;
	allowed = cp_cors_allowed(wsi, s->server->config->http.origins, p->origin);
	if (!allowed)
		p->origin[0] = '\0';
	if (allowed && lws_hdr_total_length(wsi, WSI_TOKEN_OPTIONS_URI) > 0) {
		char origin[CP_ORIGIN_SIZE];

		memcpy(origin, p->origin, sizeof(origin));
		cp_polling_gone(c);
		return preflight(c, origin);
	}
	p->error = allowed ? cp_eio_verify(s, wsi, false, get, &p->session) : CP_EIO_FORBIDDEN;
	if (p->error == CP_EIO_OK && !get && !post)
		p->error = CP_EIO_BAD_HANDSHAKE_METHOD;
	if (p->error != CP_EIO_OK)
		p->session = NULL;
	if (post)
		return begin_post(s, c);
	if (p->error == CP_EIO_OK)
		return hold(s, c);
	return refuse(c, p->error);
}

void cp_polling_gone(struct cp_connection *c)
{
	struct poll *p = c->request;

	if (!p)
		return;
	c->request = NULL;
	if (p->session && p->post)
		cp_eio_post_failed(p->session);
	else if (p->session)
		cp_eio_poll_gone(p->session);
	cp_body_free(&p->body);
	free(p);
}

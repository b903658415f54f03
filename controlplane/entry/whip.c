/* SPDX-License-Identifier: Apache-2.0 */
#include "controlplane/entry/whip.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "controlplane/entry/whip_internal.h"
#include "controlplane/http/answer.h"
#include "controlplane/http/client.h"
#include "controlplane/http/server.h"
#include "controlplane/signaling/signaling.h"

/* --- what the headers say ------------------------------------------------------------------ */

static const struct {
	enum lws_token_indexes uri;
	enum cp_whip_method method;
} methods[] = {{WSI_TOKEN_POST_URI, CP_WHIP_POST}, {WSI_TOKEN_PATCH_URI, CP_WHIP_PATCH},
	{WSI_TOKEN_DELETE_URI, CP_WHIP_DELETE}, {WSI_TOKEN_OPTIONS_URI, CP_WHIP_OPTIONS},
	{WSI_TOKEN_GET_URI, CP_WHIP_GET}, {WSI_TOKEN_HEAD_URI, CP_WHIP_GET}};

/* Reads the method and the path. A path that is too long names nothing. */
static void read_target(struct cp_whip_request *r, struct lws *wsi)
{
	const size_t prefix = strlen(r->use == CP_SDP_PUBLISH ? CP_WHIP_PATH : CP_WHEP_PATH);

	r->method = CP_WHIP_OTHER;
	for (size_t i = 0; i < sizeof(methods) / sizeof(methods[0]); i++) {
		if (lws_hdr_total_length(wsi, methods[i].uri) <= 0)
			continue;
		r->method = methods[i].method;
		if (lws_hdr_copy(wsi, r->path, sizeof(r->path), methods[i].uri) <= (int)prefix)
			r->path[0] = '\0';
		else
			memmove(r->path, r->path + prefix, strlen(r->path + prefix) + 1);
		return;
	}
}

/* For an absolute Location. Without a usable Host it is only a path, which clients resolve, too. */
static void read_base(struct cp_whip_request *r, struct lws *wsi)
{
	static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~:[]";
	char host[sizeof(r->base) - 8];
	int len = lws_hdr_copy(wsi, host, sizeof(host), WSI_TOKEN_HOST);

	if (len > 0 && strspn(host, plain) == (size_t)len)
		snprintf(r->base, sizeof(r->base), "%s://%s", lws_is_ssl(wsi) ? "https" : "http", host);
}

static void refuse_later(struct cp_whip_request *r, unsigned status, enum cp_code code, const char *message)
{
	r->refused = status;
	cp_refuse(&r->fault, code, "%s", message);
}

/* The media type, without its parameters, must be `wanted`. */
static void check_type(struct cp_whip_request *r, struct lws *wsi, const char *wanted)
{
	char type[80] = "";

	lws_hdr_copy(wsi, type, sizeof(type), WSI_TOKEN_HTTP_CONTENT_TYPE);
	type[strcspn(type, "; ")] = '\0';
	if (strcasecmp(type, wanted) == 0)
		return;
	refuse_later(r, 415, CP_BAD_REQUEST, "content-type: must be ");
	strcat(r->fault.message, wanted);
}

/* Determines what the client may do, from "Authorization: Bearer TOKEN" (RFC 6750, 2.1). */
static void authenticate(struct cp_whip_request *r, struct lws *wsi)
{
	char header[CP_HEADERS_MAX] = "", user[CP_NAME_SIZE + 1];
	struct cp_credentials who = {.user = user, .user_member = "user", .token = ""};

	if (!cp_client_query(wsi, "user=", "", user, sizeof(user)))
		strcpy(user, "?");
	lws_hdr_copy(wsi, header, sizeof(header), WSI_TOKEN_HTTP_AUTHORIZATION);
	if (strncasecmp(header, "Bearer ", 7) == 0)
		who.token = header + 7 + strspn(header + 7, " ");
	who.address = cp_address_hold(&r->site->server->addresses, r->address);
	if (!who.address)
		refuse_later(r, 503, CP_UNAVAILABLE, "out of memory");
	else if (cp_signaling_authenticate(r->site->signaling, &who, &r->grant, &r->fault) != 0)
		r->refused = r->fault.code == CP_FORBIDDEN ? 401 : cp_whip_status(&r->fault);
	cp_address_release(who.address);
}

/* Reads what is needed later: libwebsockets drops the headers while a request is held. */
static void read_headers(struct cp_whip_request *r, struct lws *wsi)
{
	read_target(r, wsi);
	read_base(r, wsi);
	cp_client_address(r->site->server, wsi, r->address);
	if (lws_hdr_copy(wsi, r->if_match, sizeof(r->if_match), WSI_TOKEN_HTTP_IF_MATCH) < 0)
		strcpy(r->if_match, "?"); /* too long for one of ours */
	if (!cp_cors_allowed(wsi, r->site->server->config->http.origins, r->origin)) {
		r->origin[0] = '\0';
		refuse_later(r, 403, CP_FORBIDDEN,
			"origin: pages of this origin are not allowed (http.origins)");
	} else if (r->method == CP_WHIP_POST || r->method == CP_WHIP_PATCH || r->method == CP_WHIP_DELETE) {
		authenticate(r, wsi);
	}
	if (r->refused == 0 && r->method == CP_WHIP_POST)
		check_type(r, wsi, "application/sdp");
	if (r->refused == 0 && r->method == CP_WHIP_PATCH)
		check_type(r, wsi, "application/trickle-ice-sdpfrag");
}

/* --- requests without a body ---------------------------------------------------------------- */

static int not_found(struct cp_whip_request *r)
{
	struct cp_fault fault;

	cp_refuse(&fault, CP_NOT_FOUND, "there is no such session");
	return cp_whip_refuse(r, 404, &fault);
}

/*
 * The path is a session's, or a room's: a room needs not exist. What ends like a session's is one,
 * although a room's name may have a slash.
 */
static int probe(struct cp_whip_request *r)
{
	const char *slash = strrchr(r->path, '/');
	bool session = slash && strlen(slash + 1) == CP_ID_SIZE - 1;

	if (session ? !cp_publication_find(r) : !cp_name_valid(r->path))
		return not_found(r);
	return cp_whip_respond(r, 204, "", NULL, NULL);
}

static int end_session(struct cp_whip_request *r)
{
	struct cp_publication *p = cp_publication_find(r);

	if (!p)
		return not_found(r);
	cp_publication_free(p);
	return cp_whip_respond(r, 200, "", NULL, NULL);
}

static int serve_without_body(struct cp_whip_request *r)
{
	if (r->refused != 0)
		return cp_whip_refuse(r, r->refused, &r->fault);
	if (r->method == CP_WHIP_OPTIONS)
		return cp_whip_respond_options(r);
	return r->method == CP_WHIP_DELETE ? end_session(r) : probe(r);
}

/* --- requests with a body ------------------------------------------------------------------- */

static int begin_session(struct cp_whip_request *r)
{
	struct cp_connection *c = r->connection;
	struct cp_fault fault;

	c->stage = CP_HTTP_HELD;
	if (cp_publication_create(r, &fault) != 0)
		return cp_whip_refuse(r, cp_whip_status(&fault), &fault);
	cp_exchange_wait(c, CP_WAIT_HELD);
	return 0;
}

/*
 * RFC 9725, 4.3: a PATCH must name the ICE session by its ETag; one that restarts ICE names any.
 * The status that refuses it; 0: it matches.
 */
static unsigned check_match(const struct cp_whip_request *r, const struct cp_whip *w, struct cp_fault *fault)
{
	char etag[CP_WHIP_ETAG_SIZE + 2];

	snprintf(etag, sizeof(etag), "\"%s\"", w->etag);
	if (r->if_match[0] == '\0') {
		cp_refuse(fault, CP_BAD_REQUEST, "if-match: is missing");
		return 428;
	}
	if (strcmp(r->if_match, "*") == 0 || strcmp(r->if_match, etag) == 0)
		return 0;
	cp_refuse(fault, CP_CONFLICT, "if-match: it is not the ETag of this ICE session");
	return 412;
}

static int apply(struct cp_whip_request *r, struct cp_whip *w, const struct cp_sdp_fragment *f)
{
	enum cp_whip_patch what;
	struct cp_fault fault;
	char etag[40], *answer;
	int rc;

	if (cp_whip_patch(w, f, &what, &answer, &fault) != 0)
		return cp_whip_refuse(r, cp_whip_status(&fault), &fault);
	if (what == CP_WHIP_TRICKLED)
		return cp_whip_respond(r, 204, "", NULL, NULL);
	snprintf(etag, sizeof(etag), "etag: \"%s\"\r\n", w->etag);
	rc = cp_whip_respond(r, 200, etag, "application/trickle-ice-sdpfrag", answer);
	free(answer);
	return rc;
}

static int patch(struct cp_whip_request *r)
{
	struct cp_publication *p = cp_publication_find(r);
	struct cp_sdp_fragment f;
	struct cp_fault fault;
	unsigned status;
	int rc;

	if (!p)
		return not_found(r);
	status = check_match(r, p->whip, &fault);
	if (status != 0)
		return cp_whip_refuse(r, status, &fault);
	if (cp_sdp_fragment_read(&f, r->body.data, r->body.len, &fault) != 0)
		return cp_whip_refuse(r, cp_whip_status(&fault), &fault);
	rc = apply(r, p->whip, &f);
	cp_sdp_fragment_free(&f);
	return rc;
}

int cp_whip_body(struct cp_connection *c, const void *data, size_t len)
{
	struct cp_whip_request *r = c->request;

	return r && c->stage == CP_HTTP_BODY ? cp_body_add(&r->body, data, len) : EPROTO;
}

/* Called a second time for the same body if the client has sent more behind it: that ends it. */
int cp_whip_body_complete(struct cp_connection *c)
{
	struct cp_whip_request *r = c->request;

	if (!r || c->stage != CP_HTTP_BODY)
		return EPROTO;
	cp_exchange_read(c, false);
	if (r->refused != 0)
		return cp_whip_refuse(r, r->refused, &r->fault);
	return r->method == CP_WHIP_POST ? begin_session(r) : patch(r);
}

/* --- dispatch -------------------------------------------------------------------------------- */

/* The status that refuses a request without reading its body; 0: it is served. */
static unsigned wrong_headers(const struct cp_whip_request *r, struct lws *wsi)
{
	if (r->method == CP_WHIP_OTHER)
		return HTTP_STATUS_METHOD_NOT_ALLOWED;
	if (r->method == CP_WHIP_POST || r->method == CP_WHIP_PATCH)
		return cp_body_refusal(wsi, CP_SDP_MAX);
	return cp_client_sends_body(wsi) ? HTTP_STATUS_BAD_REQUEST : 0;
}

int cp_whip_request(struct cp_whip_site *site, enum cp_sdp_use use, struct cp_connection *c)
{
	struct cp_whip_request *r = calloc(1, sizeof(*r));
	struct lws *wsi = c->wsi;
	unsigned status;

	if (!r)
		return ENOMEM;
	r->site = site;
	r->use = use;
	r->connection = c;
	c->request = r;
	read_headers(r, wsi);
	status = wrong_headers(r, wsi);
	if (status != 0)
		return cp_http_refuse(wsi, status, status == 405 ? CP_WHIP_ALLOW : NULL,
			"POST and PATCH must have a Content-Length of at most 64 KiB, and the other methods "
			"of WHIP and WHEP (DELETE, GET, HEAD, OPTIONS) no body");
	if (r->method != CP_WHIP_POST && r->method != CP_WHIP_PATCH)
		return serve_without_body(r);
	if (cp_body_begin(&r->body, c) != 0)
		return EPIPE;
	return r->refused != 0 ? 0 : cp_body_keep(&r->body, CP_SDP_MAX);
}

void cp_whip_gone(struct cp_connection *c)
{
	struct cp_whip_request *r = c->request;

	if (!r)
		return;
	c->request = NULL;
	if (r->waiting)
		cp_publication_free(r->waiting);
	cp_body_free(&r->body);
	free(r);
}

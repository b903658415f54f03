/* SPDX-License-Identifier: Apache-2.0 */
#include "controlplane/entry/whip.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "controlplane/base/clock.h"
#include "controlplane/cluster/lookup.h"
#include "controlplane/entry/whep_stream.h"
#include "controlplane/entry/whip_patch.h"
#include "controlplane/entry/whip_redirect.h"
#include "controlplane/http/answer.h"
#include "controlplane/http/client.h"
#include "controlplane/http/server.h"
#include "controlplane/signaling/signaling.h"

/* --- requests without a body ---------------------------------------------------------------- */

static int not_found(struct cp_whip_request *r)
{
	struct cp_fault fault;

	cp_refuse(&fault, CP_NOT_FOUND,
		r->part == CP_WHIP_ENDPOINT ? "this cannot be the name of a room"
					    : "there is no such session");
	return cp_whip_refuse(r, 404, &fault);
}

/*
 * GET and HEAD have no content (RFC 9725, 4.1). By the type that it takes, a player's endpoint is
 * found (draft-ietf-wish-whep, "WHEP Endpoint URL Discoverability"). A room needs not exist.
 */
static int probe(struct cp_whip_request *r)
{
	if (r->part == CP_WHIP_ENDPOINT ? !cp_name_valid(r->path) : !cp_publication_find(r))
		return not_found(r);
	if (r->part == CP_WHIP_ENDPOINT && r->use == CP_SDP_PLAY)
		return cp_whip_respond(r, 200, "", "application/sdp", NULL);
	return cp_whip_respond(r, 204, "", NULL, NULL);
}

static int end_session(struct cp_whip_request *r)
{
	struct cp_publication *p = cp_publication_find(r);

	if (!p)
		return not_found(r);
	p->counts->deleted++;
	cp_publication_free(p);
	return cp_whip_respond(r, 200, "", NULL, NULL);
}

static int serve_without_body(struct cp_whip_request *r)
{
	if (r->refused != 0)
		return cp_whip_refuse(r, r->refused, &r->fault);
	if (r->method == CP_WHIP_OPTIONS)
		return cp_whip_respond_options(r);
	if (r->part == CP_WHIP_STREAM)
		return r->method == CP_WHIP_DELETE ? cp_whep_stream_delete(r) : cp_whep_stream_get(r);
	return r->method == CP_WHIP_DELETE ? end_session(r) : probe(r);
}

/* --- requests with a body ------------------------------------------------------------------- */

int cp_whip_begin(struct cp_whip_request *r)
{
	struct cp_fault fault;

	if (cp_publication_create(r, &fault) != 0)
		return cp_whip_refuse(r, cp_whip_status(&fault), &fault);
	cp_exchange_wait(r->connection, CP_WAIT_HELD);
	return 0;
}

static int begin_session(struct cp_whip_request *r)
{
	r->connection->stage = CP_HTTP_HELD;
	if (!cp_whip_locate(r))
		return cp_whip_begin(r);
	cp_exchange_wait(r->connection, CP_WAIT_HELD);
	return 0;
}

/*
 * True if one of a list of entity-tags is the session's (RFC 9110, 13.1.1); a weak one never is.
 * None of ours has a comma.
 */
static bool lists_etag(const char *list, const char *etag)
{
	char copy[sizeof(((struct cp_whip_request *)0)->if_match)], *rest = copy, *tag;

	strcpy(copy, list);
	while ((tag = strsep(&rest, ","))) {
		tag += strspn(tag, " \t");
		tag[strcspn(tag, " \t")] = '\0';
		if (strcmp(tag, etag) == 0)
			return true;
	}
	return false;
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
	/* RFC 9725, 4.3.3 has the asterisk in quotation marks in its example. */
	if (strcmp(r->if_match, "*") == 0 || strcmp(r->if_match, "\"*\"") == 0 ||
		lists_etag(r->if_match, etag))
		return 0;
	cp_refuse(fault, CP_CONFLICT, "if-match: it is not the ETag of this ICE session");
	return 412;
}

static int apply(struct cp_whip_request *r, struct cp_publication *p, const struct cp_sdp_fragment *f)
{
	enum cp_whip_patch what;
	struct cp_fault fault;
	char *answer;

	if (cp_whip_patch(p->whip, f, &what, &answer, &fault) != 0)
		return cp_whip_refuse(r, cp_whip_status(&fault), &fault);
	if (what == CP_WHIP_TRICKLED)
		return cp_whip_respond(r, 204, "", NULL, NULL);
	return cp_whip_patch_answer(r, p, answer);
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
	if (cp_session_charge(p->whip->session, r->body.data, r->body.len, &fault) != 0)
		return cp_whip_refuse(r, 429, &fault);
	status = check_match(r, p->whip, &fault);
	if (status != 0)
		return cp_whip_refuse(r, status, &fault);
	if (cp_sdp_fragment_read(&f, r->body.data, r->body.len, &fault) != 0)
		return cp_whip_refuse(r, cp_whip_status(&fault), &fault);
	rc = apply(r, p, &f);
	cp_sdp_fragment_free(&f);
	return rc;
}

/* A player's events, or its choice of layers. */
static int extend(struct cp_whip_request *r)
{
	struct cp_publication *p = cp_publication_find(r);

	return p ? cp_whep_post(r, p) : not_found(r);
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
	r->complete_ns = cp_now_ns();
	if (r->refused != 0)
		return cp_whip_refuse(r, r->refused, &r->fault);
	if (r->method == CP_WHIP_PATCH)
		return patch(r);
	return r->part == CP_WHIP_ENDPOINT ? begin_session(r) : extend(r);
}

/* --- dispatch -------------------------------------------------------------------------------- */

/* True if what the path names has the method. */
static bool is_allowed(const struct cp_whip_request *r)
{
	switch (r->method) {
	case CP_WHIP_OPTIONS:
		return true;
	case CP_WHIP_GET:
	case CP_WHIP_HEAD:
		return r->part == CP_WHIP_ENDPOINT || r->part == CP_WHIP_SESSION || r->part == CP_WHIP_STREAM;
	case CP_WHIP_POST:
		return r->part != CP_WHIP_SESSION && r->part != CP_WHIP_STREAM;
	case CP_WHIP_PATCH:
		return r->part == CP_WHIP_SESSION;
	case CP_WHIP_DELETE:
		return r->part == CP_WHIP_SESSION || r->part == CP_WHIP_STREAM;
	default:
		return false;
	}
}

/* The status that refuses a request without reading its body, with the fault; 0: it is served. */
static unsigned wrong_head(const struct cp_whip_request *r, struct lws *wsi, struct cp_fault *fault)
{
	bool has_body = r->method == CP_WHIP_POST || r->method == CP_WHIP_PATCH;
	unsigned status = 0;

	if (!is_allowed(r)) {
		cp_refuse(fault, CP_BAD_REQUEST, "method: here are %s", cp_whip_allowed(r));
		return 405;
	}
	if (has_body)
		status = cp_body_refusal(wsi, CP_SDP_MAX);
	else if (cp_client_sends_body(wsi))
		status = 400;
	if (status != 0)
		cp_refuse(fault, CP_BAD_REQUEST,
			has_body ? "content-length: POST and PATCH must have one, of at most 64 KiB"
				 : "this method has no body");
	return status;
}

int cp_whip_request(struct cp_whip_site *site, enum cp_sdp_use use, struct cp_connection *c)
{
	struct cp_whip_request *r = calloc(1, sizeof(*r));
	struct cp_fault fault;
	unsigned status;

	if (!r)
		return ENOMEM;
	r->site = site;
	r->use = use;
	r->connection = c;
	c->request = r;
	cp_whip_read_head(r, c->wsi);
	status = wrong_head(r, c->wsi, &fault);
	if (status != 0)
		return cp_whip_refuse_now(r, status, &fault);
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
	cp_whep_reader_gone(r);
	cp_whip_patch_gone(r);
	if (r->lookup)
		cp_lookup_cancel(r->lookup);
	if (r->waiting)
		cp_publication_free(r->waiting);
	cp_body_free(&r->body);
	free(r);
}

/* SPDX-License-Identifier: Apache-2.0 */

/* Writes the answers of WHIP and WHEP. */

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <cjson/cJSON.h>

#include "controlplane/base/clock.h"
#include "controlplane/base/json.h"
#include "controlplane/entry/whip_internal.h"
#include "controlplane/http/answer.h"
#include "controlplane/http/server.h"
#include "controlplane/negotiation/writer.h"
#include "controlplane/signaling/ice_servers.h"
#include "controlplane/signaling/signaling.h"
#include "controlplane/signaling/whep_events.h"

enum {
	HEADERS_SIZE = 16384, /* with 16 URLs of ICE servers and their credentials */
	RETRY_S = 5, /* for what takes a while: a publisher, room in a table */
	RETRY_RATE_S = 1, /* for a rate */
};

static const char exposed[] = "access-control-expose-headers: Location, ETag, Link, Retry-After, "
			      "Accept-Post, Accept-Patch, Allow\r\n";

/* Writes the headers of CORS, and then `headers`. 0 or EMSGSIZE. */
static int write_headers(const struct cp_whip_request *r, const char *headers, char out[HEADERS_SIZE])
{
	char cors[CP_CORS_SIZE];

	cp_cors_headers(r->site->server->config->http.origins, r->origin, cors);
	return snprintf(out, HEADERS_SIZE, "%s%s%s", cors, r->origin[0] ? exposed : "", headers) <
			       HEADERS_SIZE
		       ? 0
		       : EMSGSIZE;
}

int cp_whip_respond(struct cp_whip_request *r, unsigned status, const char *headers, const char *type,
	const char *body)
{
	char all[HEADERS_SIZE];
	const struct cp_answer a = {
		.status = status, .type = type, .headers = all, .body = body, .len = body ? strlen(body) : 0};
	int error = write_headers(r, headers, all);

	return error == 0 ? cp_http_answer(r->connection, &a) : error;
}

unsigned cp_whip_status(const struct cp_fault *fault)
{
	static const unsigned status[CP_CODE_COUNT] = {[CP_BAD_REQUEST] = 400,
		[CP_NOT_FOUND] = 404,
		[CP_FORBIDDEN] = 403,
		[CP_CONFLICT] = 409,
		[CP_UNSUPPORTED] = 422,
		[CP_TOO_MANY] = 503,
		[CP_UNAVAILABLE] = 503,
		[CP_INTERNAL] = 500};

	return status[fault->code];
}

struct cp_whip_counts *cp_whip_counts(const struct cp_whip_request *r)
{
	struct cp_counters *c = r->site->signaling->counters;

	return r->use == CP_SDP_PUBLISH ? &c->whip : &c->whep;
}

const char *cp_whip_allowed(const struct cp_whip_request *r)
{
	static const char *const methods[] = {
		[CP_WHIP_ENDPOINT] = "OPTIONS, GET, HEAD, POST",
		[CP_WHIP_SESSION] = "OPTIONS, GET, HEAD, PATCH, DELETE",
		[CP_WHIP_EVENTS] = "OPTIONS, POST",
		[CP_WHIP_STREAM] = "OPTIONS, GET, HEAD, DELETE",
		[CP_WHIP_LAYER] = "OPTIONS, POST",
	};

	return methods[r->part];
}

/* The headers that name the media types of what may be sent there. */
static const char *accepted(const struct cp_whip_request *r)
{
	static const char *const headers[] = {
		/* The endpoint names both: clients ask it, before there is a session, whether they may trickle. */
		[CP_WHIP_ENDPOINT] = "accept-post: application/sdp\r\n"
				     "accept-patch: application/trickle-ice-sdpfrag\r\n",
		[CP_WHIP_SESSION] = "accept-patch: application/trickle-ice-sdpfrag\r\n",
		[CP_WHIP_EVENTS] = "accept-post: application/json\r\n",
		[CP_WHIP_STREAM] = "",
		[CP_WHIP_LAYER] = "accept-post: application/json\r\n",
	};

	return headers[r->part];
}

/* What a client needs to know beside the problem itself. */
static void help(const struct cp_whip_request *r, unsigned status, char out[160])
{
	out[0] = '\0';
	if (status == 401)
		snprintf(out, 160, "www-authenticate: Bearer%s\r\n",
			r->has_token ? " error=\"invalid_token\"" : "");
	else if (status == 405)
		snprintf(out, 160, "allow: %s\r\n", cp_whip_allowed(r));
	else if (status == 415)
		snprintf(out, 160, "%s", accepted(r));
	else if (status == 429)
		snprintf(out, 160, "retry-after: %d\r\n", RETRY_RATE_S);
	else if (status == 503 || status == 409) /* 409: nobody publishes yet */
		snprintf(out, 160, "retry-after: %d\r\n", RETRY_S);
}

/* Counts a refusal, and prints the problem (RFC 9457). The caller's to free. NULL: no memory. */
static char *problem(struct cp_whip_request *r, unsigned status, const struct cp_fault *fault)
{
	cJSON *json = cJSON_CreateObject();
	char *text;

	r->site->signaling->counters->error[fault->code]++;
	cp_whip_count_refusal(cp_whip_counts(r), status);
	cJSON_AddStringToObject(json, "type", "about:blank");
	cJSON_AddStringToObject(json, "title", cp_http_status_text(status));
	cJSON_AddNumberToObject(json, "status", status);
	cJSON_AddStringToObject(json, "detail", fault->message);
	cJSON_AddStringToObject(json, "code", cp_code_name(fault->code));
	text = cp_json_print(json);
	cJSON_Delete(json);
	return text;
}

int cp_whip_refuse(struct cp_whip_request *r, unsigned status, const struct cp_fault *fault)
{
	char headers[160], *text = problem(r, status, fault);
	int rc = ENOMEM;

	help(r, status, headers);
	if (text)
		rc = cp_whip_respond(r, status, headers, "application/problem+json", text);
	cJSON_free(text);
	return rc;
}

int cp_whip_refuse_now(struct cp_whip_request *r, unsigned status, const struct cp_fault *fault)
{
	char headers[160], all[HEADERS_SIZE], *text = problem(r, status, fault);
	const struct cp_answer a = {.status = status,
		.type = "application/problem+json",
		.headers = all,
		.body = text ? text : "",
		.len = text ? strlen(text) : 0};

	help(r, status, headers);
	if (write_headers(r, headers, all) == 0)
		cp_http_refuse_with(r->connection->wsi, &a);
	cJSON_free(text);
	return EPROTO;
}

int cp_whip_respond_options(struct cp_whip_request *r)
{
	static const char preflight[] =
		"access-control-allow-methods: OPTIONS, GET, HEAD, POST, PATCH, DELETE\r\n"
		"access-control-allow-headers: authorization, content-type, if-match\r\n"
		"access-control-max-age: 600\r\n";
	char headers[600];

	snprintf(headers, sizeof(headers), "allow: %s\r\n%s%s", cp_whip_allowed(r), accepted(r),
		r->origin[0] ? preflight : "");
	return cp_whip_respond(r, 200, headers, NULL, NULL);
}

void cp_whip_url(const struct cp_whip_request *r, const struct cp_whip *w, char out[CP_WHIP_URL_SIZE])
{
	char room[3 * CP_NAME_SIZE];

	cp_name_encode(room, sizeof(room), w->session->room);
	snprintf(out, CP_WHIP_URL_SIZE, "%s%s%s/%s", r->base,
		r->use == CP_SDP_PUBLISH ? CP_WHIP_PATH : CP_WHEP_PATH, room, w->id);
}

/* Where the player finds its events, and where it can choose layers. */
static void write_extensions(struct cp_writer *out, const char *url, const struct cp_whip *w)
{
	cp_write(out,
		"link: <%s/events>; rel=\"urn:ietf:params:whep:ext:core:server-sent-events\"; "
		"events=\"" CP_WHEP_EVENT_NAMES "\"\r\n",
		url);
	for (uint32_t i = 0; i < w->offer->section_count; i++)
		if (w->offer->section[i].kind == SH_KIND_VIDEO && !w->choice[i].silent)
			cp_write(out, "link: <%s/layer>; rel=\"urn:ietf:params:whep:ext:core:layer\"\r\n",
				url);
}

int cp_whip_respond_created(struct cp_whip_request *r, const struct cp_whip *w)
{
	char headers[HEADERS_SIZE], url[CP_WHIP_URL_SIZE];
	struct cp_writer out = {.at = headers, .end = headers + sizeof(headers)};
	struct cp_histogram *join =
		r->site->signaling->counters
			->join[r->use == CP_SDP_PLAY ? CP_JOIN_VIEWER : CP_JOIN_PUBLISHER];

	cp_whip_counts(r)->created++;
	cp_histogram_add(&join[CP_JOIN_HTTP], cp_now_ns() - r->complete_ns);
	cp_whip_url(r, w, url);
	cp_write(&out,
		"location: %s\r\n"
		"etag: \"%s\"\r\n"
		"accept-patch: application/trickle-ice-sdpfrag\r\n",
		url, w->etag);
	cp_ice_servers_links(&out, r->site->signaling->config, w->session->id, (int64_t)time(NULL));
	if (r->use == CP_SDP_PLAY)
		write_extensions(&out, url, w);
	return out.at < out.end ? cp_whip_respond(r, 201, headers, "application/sdp", w->answer) : EMSGSIZE;
}

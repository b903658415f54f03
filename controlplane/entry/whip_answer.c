/* SPDX-License-Identifier: Apache-2.0 */

/* Writes the answers of WHIP and WHEP. */

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <cjson/cJSON.h>

#include "controlplane/entry/whip_internal.h"
#include "controlplane/http/answer.h"
#include "controlplane/http/server.h"

enum {
	HEADERS_SIZE = 1900,
	LOCATION_SIZE = 1300, /* base, room with every byte encoded, id */
	RETRY_S = 5,
};

int cp_whip_respond(struct cp_whip_request *r, unsigned status, const char *headers, const char *type,
	const char *body)
{
	char all[HEADERS_SIZE], cors[CP_CORS_SIZE];
	const struct cp_answer a = {
		.status = status, .type = type, .headers = all, .body = body, .len = body ? strlen(body) : 0};

	cp_cors_headers(r->site->server->config->http.origins, r->origin, cors);
	if ((size_t)snprintf(all, sizeof(all), "%s%s%s", cors,
		    r->origin[0] ? "access-control-expose-headers: Location, ETag, Link, Accept-Patch\r\n"
				 : "",
		    headers) >= sizeof(all))
		return EMSGSIZE;
	return cp_http_answer(r->connection, &a);
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

/* What a client needs to know beside the problem itself. */
static void help(unsigned status, char out[96])
{
	out[0] = '\0';
	if (status == 401)
		snprintf(out, 96, "www-authenticate: Bearer\r\n");
	else if (status == 415)
		snprintf(out, 96, "accept-post: application/sdp\r\n");
	else if (status == 503 || status == 409) /* 409: nobody publishes yet */
		snprintf(out, 96, "retry-after: %d\r\n", RETRY_S);
}

int cp_whip_refuse(struct cp_whip_request *r, unsigned status, const struct cp_fault *fault)
{
	cJSON *json = cJSON_CreateObject();
	char headers[96], *text;
	int rc = ENOMEM;

	r->site->signaling->counters->error[fault->code]++;
	cJSON_AddStringToObject(json, "type", "about:blank");
	cJSON_AddStringToObject(json, "title", cp_http_status_text(status));
	cJSON_AddNumberToObject(json, "status", status);
	cJSON_AddStringToObject(json, "detail", fault->message);
	cJSON_AddStringToObject(json, "code", cp_code_name(fault->code));
	text = cJSON_PrintUnformatted(json);
	help(status, headers);
	if (text)
		rc = cp_whip_respond(r, status, headers, "application/problem+json", text);
	cJSON_free(text);
	cJSON_Delete(json);
	return rc;
}

int cp_whip_respond_options(struct cp_whip_request *r)
{
	static const char plain[] = CP_WHIP_ALLOW "accept-post: application/sdp\r\n"
						  "accept-patch: application/trickle-ice-sdpfrag\r\n";
	static const char preflight[] =
		CP_WHIP_ALLOW "accept-post: application/sdp\r\n"
			      "accept-patch: application/trickle-ice-sdpfrag\r\n"
			      "access-control-allow-methods: OPTIONS, GET, POST, PATCH, DELETE\r\n"
			      "access-control-allow-headers: authorization, content-type, if-match\r\n"
			      "access-control-max-age: 600\r\n";

	return cp_whip_respond(r, 200, r->origin[0] ? preflight : plain, NULL, NULL);
}

/* RFC 3986, 2.3: all bytes but the unreserved ones are encoded. */
static void encode(const char *text, char *out, size_t size)
{
	static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";
	char *end = out + size;

	for (; *text && end - out > 3; text++)
		out += snprintf(out, (size_t)(end - out), strchr(plain, *text) ? "%c" : "%%%02X",
			(unsigned char)*text);
	*out = '\0';
}

int cp_whip_respond_created(struct cp_whip_request *r, const struct cp_whip *w)
{
	char headers[LOCATION_SIZE + 200], room[3 * CP_NAME_SIZE];

	encode(w->session->room, room, sizeof(room));
	snprintf(headers, sizeof(headers),
		"location: %s%s%s/%s\r\n"
		"etag: \"%s\"\r\n"
		"accept-patch: application/trickle-ice-sdpfrag\r\n",
		r->base, r->use == CP_SDP_PUBLISH ? CP_WHIP_PATH : CP_WHEP_PATH, room, w->id, w->etag);
	return cp_whip_respond(r, 201, headers, "application/sdp", w->answer);
}

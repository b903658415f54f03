/* SPDX-License-Identifier: Apache-2.0 */

/* Reads the head of a request of WHIP or WHEP: what it is for, who asks, and in which form. */

#include <stdio.h>
#include <string.h>

#include "controlplane/cluster/cluster.h"
#include "controlplane/cluster/record.h"
#include "controlplane/entry/whip_redirect.h"
#include "controlplane/http/client.h"
#include "controlplane/http/server.h"
#include "controlplane/signaling/signaling.h"

enum { ACCEPT_SIZE = 400 /* bytes of a header Accept that is read; a longer one admits everything */ };

static const struct {
	enum lws_token_indexes uri;
	enum cp_whip_method method;
} methods[] = {{WSI_TOKEN_POST_URI, CP_WHIP_POST}, {WSI_TOKEN_PATCH_URI, CP_WHIP_PATCH},
	{WSI_TOKEN_DELETE_URI, CP_WHIP_DELETE}, {WSI_TOKEN_OPTIONS_URI, CP_WHIP_OPTIONS},
	{WSI_TOKEN_GET_URI, CP_WHIP_GET}, {WSI_TOKEN_HEAD_URI, CP_WHIP_HEAD},
	{WSI_TOKEN_PUT_URI, CP_WHIP_OTHER}};

/* --- what the path names --------------------------------------------------------------------- */

/* True if the path's last segment has the length of an id, and is not all of the path. */
static bool ends_with_id(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash && strlen(slash + 1) == CP_ID_SIZE - 1;
}

/* Cuts `name` off the end of the path if what is left is a session's. */
static bool cut(char *path, const char *name)
{
	size_t len = strlen(path), cut = strlen(name);

	if (len <= cut || strcmp(path + len - cut, name) != 0)
		return false;
	path[len - cut] = '\0';
	if (ends_with_id(path))
		return true;
	path[len - cut] = '/'; /* each `name` begins with it */
	return false;
}

/*
 * Splits the path: ROOM, ROOM/ID, and for players ROOM/ID/layer, ROOM/ID/events,
 * ROOM/ID/events/STREAM. What ends like a session's is one, although a room's name may have a
 * slash.
 */
static void read_part(struct cp_whip_request *r)
{
	char *slash = strrchr(r->path, '/');

	if (r->use == CP_SDP_PLAY && cut(r->path, "/layer")) {
		r->part = CP_WHIP_LAYER;
		return;
	}
	if (r->use == CP_SDP_PLAY && cut(r->path, "/events")) {
		r->part = CP_WHIP_EVENTS;
		return;
	}
	r->part = ends_with_id(r->path) ? CP_WHIP_SESSION : CP_WHIP_ENDPOINT;
	if (r->use != CP_SDP_PLAY || r->part != CP_WHIP_SESSION)
		return;
	*slash = '\0';
	if (cut(r->path, "/events")) {
		r->part = CP_WHIP_STREAM;
		strcpy(r->stream, slash + 1);
	} else {
		*slash = '/';
	}
}

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
		break;
	}
	read_part(r);
}

/* For an absolute Location. Without a usable Host it is only a path, which clients resolve, too. */
static void read_base(struct cp_whip_request *r, struct lws *wsi)
{
	static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~:[]";
	char host[sizeof(r->base) - 8];
	int len = lws_hdr_copy(wsi, host, sizeof(host), WSI_TOKEN_HOST);

	r->tls = cp_client_uses_tls(r->site->server, wsi);
	if (len > 0 && strspn(host, plain) == (size_t)len)
		snprintf(r->base, sizeof(r->base), "%s://%s", r->tls ? "https" : "http", host);
}

/* --- what is refused once the body has been read ----------------------------------------------- */

static void refuse_later(struct cp_whip_request *r, unsigned status, enum cp_code code, const char *message)
{
	r->refused = status;
	cp_refuse(&r->fault, code, "%s", message);
}

/* The media type of the body that the request must have. */
static const char *wanted_type(const struct cp_whip_request *r)
{
	if (r->method == CP_WHIP_PATCH)
		return "application/trickle-ice-sdpfrag";
	return r->part == CP_WHIP_ENDPOINT ? "application/sdp" : "application/json";
}

/* The media type, without its parameters, must be the wanted one. */
static void check_type(struct cp_whip_request *r, struct lws *wsi)
{
	char type[80] = "";

	lws_hdr_copy(wsi, type, sizeof(type), WSI_TOKEN_HTTP_CONTENT_TYPE);
	type[strcspn(type, "; ")] = '\0';
	if (strcasecmp(type, wanted_type(r)) == 0)
		return;
	/* A player may ask for all events without a body. */
	if (r->part == CP_WHIP_EVENTS && type[0] == '\0')
		return;
	refuse_later(r, 415, CP_BAD_REQUEST, "content-type: must be ");
	strcat(r->fault.message, wanted_type(r));
}

/* True if one element of Accept admits an SDP; with the weight 0 it does not. */
static bool admits_sdp(const char *element)
{
	static const char *const ranges[] = {"*/*", "application/*", "application/sdp"};
	const char *weight = strstr(element, "q=0");

	element += strspn(element, " \t");
	for (size_t i = 0; i < sizeof(ranges) / sizeof(ranges[0]); i++) {
		size_t len = strlen(ranges[i]);

		if (strncasecmp(element, ranges[i], len) == 0 && strchr(" \t;", element[len]))
			return !weight || strpbrk(weight + 3, "123456789");
	}
	return false;
}

/* Whoever names what it accepts must accept the answer, which is an SDP (RFC 9110, 12.5.1). */
static void check_accept(struct cp_whip_request *r, struct lws *wsi)
{
	char accept[ACCEPT_SIZE], *rest = accept, *element;

	if (lws_hdr_copy(wsi, accept, sizeof(accept), WSI_TOKEN_HTTP_ACCEPT) <= 0)
		return;
	while ((element = strsep(&rest, ",")))
		if (admits_sdp(element))
			return;
	refuse_later(r, 406, CP_BAD_REQUEST, "accept: the answer is application/sdp");
}

/* --- who asks ---------------------------------------------------------------------------------- */

/*
 * A ticket costs as much to check as a token, so that an address whose tickets are refused has to
 * wait, too.
 */
static void check_ticket(struct cp_whip_request *r, struct cp_address *address, const char *ticket)
{
	if (!cp_address_may(address, CP_BUDGET_BAD_TOKENS)) {
		refuse_later(r, 429, CP_TOO_MANY,
			"ticket: too many tickets from this address were refused; try again later");
	} else if (cp_whip_take_ticket(r, ticket, &r->fault) != 0) {
		cp_address_take(address, CP_BUDGET_BAD_TOKENS, 1);
		r->refused = r->fault.code == CP_FORBIDDEN ? 401 : cp_whip_status(&r->fault);
	}
}

/*
 * Determines what the client may do, from "Authorization: Bearer TOKEN" (RFC 6750, 2.1). The
 * request counts as a message of its address.
 */
static void authenticate(struct cp_whip_request *r, struct lws *wsi)
{
	char header[CP_HEADERS_MAX] = "", user[CP_NAME_SIZE + 1], ticket[CP_RECORD_MAX + 1] = "";
	bool creates = r->method == CP_WHIP_POST && r->part == CP_WHIP_ENDPOINT;
	struct cp_credentials who = {.user = user, .user_member = "user", .token = ""};

	if (!cp_client_query(wsi, "user=", "", user, sizeof(user)))
		strcpy(user, "?");
	lws_hdr_copy(wsi, header, sizeof(header), WSI_TOKEN_HTTP_AUTHORIZATION);
	if (strncasecmp(header, "Bearer ", 7) == 0)
		who.token = header + 7 + strspn(header + 7, " ");
	if (creates && r->site->cluster->enabled)
		cp_client_query(wsi, "ticket=", "", ticket, sizeof(ticket));
	r->has_token = who.token[0] != '\0';
	who.address = cp_address_hold(&r->site->server->addresses, r->address);
	if (!who.address)
		refuse_later(r, 503, CP_UNAVAILABLE, "out of memory");
	else if (!cp_address_take(who.address, CP_BUDGET_MESSAGES, 1))
		refuse_later(r, 429, CP_TOO_MANY, "this address sends too many requests");
	else if (ticket[0] != '\0')
		check_ticket(r, who.address, ticket);
	else if (cp_signaling_authenticate(r->site->signaling, &who, &r->grant, &r->fault) != 0)
		r->refused = r->fault.code == CP_FORBIDDEN ? 401 : cp_whip_status(&r->fault);
	cp_address_release(who.address);
}

void cp_whip_read_head(struct cp_whip_request *r, struct lws *wsi)
{
	read_target(r, wsi);
	read_base(r, wsi);
	cp_client_address(r->site->server, wsi, r->address);
	if (lws_hdr_copy(wsi, r->if_match, sizeof(r->if_match), WSI_TOKEN_HTTP_IF_MATCH) < 0)
		strcpy(r->if_match, "?"); /* too long: none of ours is looked for in it */
	if (!cp_cors_allowed(wsi, r->site->server->config->http.origins, r->origin)) {
		r->origin[0] = '\0';
		refuse_later(r, 403, CP_FORBIDDEN,
			"origin: pages of this origin are not allowed (http.origins)");
	} else if (r->method == CP_WHIP_POST || r->method == CP_WHIP_PATCH || r->method == CP_WHIP_DELETE) {
		authenticate(r, wsi);
	}
	if (r->refused == 0 && (r->method == CP_WHIP_POST || r->method == CP_WHIP_PATCH))
		check_type(r, wsi);
	if (r->refused == 0 && r->method == CP_WHIP_POST && r->part == CP_WHIP_ENDPOINT)
		check_accept(r, wsi);
}

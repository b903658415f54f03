/* SPDX-License-Identifier: Apache-2.0 */

#include "controlplane/entry/json_websocket.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "controlplane/admission/gate.h"
#include "controlplane/http/address.h"
#include "controlplane/http/answer.h"
#include "controlplane/http/client.h"
#include "controlplane/http/cors.h"
#include "controlplane/http/origin.h"
#include "controlplane/http/server.h"
#include "controlplane/http/websocket.h"
#include "controlplane/rooms/room.h"
#include "controlplane/signaling/drain.h"
#include "controlplane/signaling/json_dialect.h"
#include "shared/log.h"

/* The user of a WebSocket and the carrier of its session. Freed when the WebSocket has closed. */
struct client {
	struct cp_signaling *signaling;
	struct cp_websocket *websocket;
	struct cp_session *session; /* NULL: the client was refused before it got one */
	struct cp_address *address; /* NULL: the client was refused because of its address */
	bool resumed; /* the session was an earlier connection's */
};

/* --- callbacks from the session --------------------------------------------------------- */

static void carrier_send(void *carrier, struct cp_text *text)
{
	const struct client *c = carrier;

	cp_websocket_send(c->websocket, text);
}

static void carrier_close(void *carrier, uint16_t code, const char *reason)
{
	const struct client *c = carrier;

	cp_websocket_close(c->websocket, code, reason);
}

static void carrier_abandon(void *carrier)
{
	struct client *c = carrier;

	c->session = NULL;
	cp_address_leave(c->address);
	c->address = NULL;
	cp_websocket_close(c->websocket, CP_CLOSE_RESUMED, "resumed on another connection");
}

static void carrier_decided(void *carrier);

static const struct cp_carrier carrier = {
	.send = carrier_send, .close = carrier_close, .abandon = carrier_abandon, .decided = carrier_decided};

/* --- callbacks from the WebSocket --------------------------------------------------------- */

static void message(void *user, const char *text, size_t len)
{
	const struct client *c = user;

	if (c->session)
		cp_session_receive(c->session, text, len);
}

static void closing(void *user, uint16_t code, const char *reason)
{
	static struct sh_log_limit limit = {.event = "socket-closing", .per_second = SH_LOG_REFUSALS};
	const struct client *c = user;

	if (!c->session)
		return;
	cp_session_closing(c->session, code);
	sh_log_limited(&limit, SH_LOG_INFO, "socket-closing address=%s peer=%s code=%u reason=\"%s\"",
		c->session->ip, c->session->id, code, reason);
}

static void closed(void *user)
{
	struct client *c = user;

	if (c->address)
		cp_address_leave(c->address);
	if (c->session)
		cp_session_gone(c->session, cp_websocket_end_code(c->websocket));
	free(c);
}

static const struct cp_websocket_user calls = {.message = message, .closing = closing, .closed = closed};

/* --- opening ------------------------------------------------------------------------------- */

/*
 * True if the request has no Origin header, or an allowed one. A browser always sends the header
 * with a WebSocket's handshake (RFC 6455, 4.1); other programs need not.
 */
static bool origin_allowed(const struct cp_server *server, struct lws *wsi)
{
	char origin[CP_ORIGIN_SIZE];
	int len = lws_hdr_total_length(wsi, WSI_TOKEN_ORIGIN);

	return len == 0 || (lws_hdr_copy(wsi, origin, sizeof(origin), WSI_TOKEN_ORIGIN) == len &&
				   cp_origin_allowed(server->config->http.origins, origin));
}

int cp_json_websocket_filter(struct cp_server *server, struct lws *wsi)
{
	if (origin_allowed(server, wsi))
		return 0;
	server->counters->sockets_refused++;
	return cp_http_refuse(wsi, 403, NULL, "http.origins does not have this origin");
}

/* The query of the upgrade's URL. A truncated name is one byte too long to be valid. */
struct query {
	char room[CP_NAME_SIZE + 1], user[CP_NAME_SIZE + 1], token[CP_HEADERS_MAX];
	char resume[CP_RESUME_TOKEN_SIZE + 1]; /* the same for a token to resume with; "": none */
	bool names_room;
};

#define NOT_NAMED "\n" /* in place of a room's name; a URL has no such character */

static void read_query(struct query *q, struct lws *wsi)
{
	if (!cp_client_query(wsi, "room=", NOT_NAMED, q->room, sizeof(q->room)))
		q->room[0] = '\0';
	q->names_room = strcmp(q->room, NOT_NAMED) != 0;
	if (!cp_client_query(wsi, "user=", "", q->user, sizeof(q->user)))
		snprintf(q->user, sizeof(q->user), "%s", "?");
	cp_client_query(wsi, "token=", "", q->token, sizeof(q->token));
	cp_client_query(wsi, "resume=", "", q->resume, sizeof(q->resume));
}

/* True if the client has taken its earlier session over. */
static bool resume(struct client *c, const struct query *query, const char *address,
	const struct cp_grant *grant)
{
	const struct cp_resume_request request = {
		.token = query->resume,
		.room = query->names_room ? query->room : "",
		.dialect = &cp_json_dialect,
		.calls = &carrier,
		.carrier = c,
		.ip = address,
		.address = c->address,
		.grant = grant,
	};

	c->session = cp_session_resume(c->signaling, &request);
	return c->session;
}

/* 0; EINPROGRESS: carrier_decided() goes on; or errno with the fault. */
static int enter(struct client *c, const char *room, struct cp_fault *fault)
{
	int error = cp_session_admit(c->session, room, fault);

	return error == 0 ? cp_session_join(c->session, room, fault) : error;
}

static int join(struct client *c, const struct query *query, const char *address,
	const struct cp_grant *grant, struct cp_fault *fault)
{
	c->session = cp_session_open(c->signaling, &cp_json_dialect, &carrier, c, address, c->address, grant);
	if (!c->session)
		return cp_refuse(fault, CP_INTERNAL, "out of memory");
	return enter(c, query->names_room ? query->room : "default", fault);
}

/* Counts the client, authenticates it and lets it join its room: as enter(). */
static int admit(struct client *c, const struct query *query, const char *address, struct cp_fault *fault)
{
	struct cp_credentials who = {.user = query->user, .user_member = "user", .token = query->token};
	bool returns = query->resume[0] != '\0';
	struct cp_grant grant;
	int error;

	if (!cp_address_enter(c->websocket->server, address, returns, &c->address))
		return cp_refuse(fault, CP_TOO_MANY, "this address has %u connections already",
			c->signaling->config->limit.connections_per_address);
	who.address = c->address;
	error = returns ? cp_resume_admit(c->signaling, query->resume, c->address, fault) : 0;
	if (error == 0)
		error = cp_signaling_authenticate(c->signaling, &who, &grant, fault);
	if (error != 0)
		return error;
	c->resumed = returns && resume(c, query, address, &grant);
	return c->resumed ? 0 : join(c, query, address, &grant, fault);
}

/* The first message: what the client has, or what the router can do and a token to come back with. */
static void greet(struct client *c)
{
	const struct cp_greeting *greeting;

	if (c->resumed) {
		cp_session_send_resumed(c->session);
		return;
	}
	greeting = cp_greeting_of(&c->signaling->greetings, &c->session->peer->room->router);
	/* No text: the connection closes for lack of memory, as for each answer without one. */
	cp_websocket_send(c->websocket, greeting ? cp_text_hold(greeting->text) : NULL);
	cp_resume_issue(c->session);
	cp_drain_tell(c->session);
}

/* The client has joined its room, or resumed its session. */
static void begin(struct client *c)
{
	c->signaling->counters->sockets_accepted++;
	greet(c);
}

/*
 * Sends the error and closes: 1008 if the client is at fault, else 1013, "try again later".
 * `address`: as the log has it.
 */
static void refuse(struct client *c, const char *address, const struct cp_fault *fault)
{
	static struct sh_log_limit limit = {.event = "join-refused", .per_second = SH_LOG_REFUSALS};
	bool client_fault = fault->code == CP_BAD_REQUEST || fault->code == CP_FORBIDDEN;

	c->signaling->counters->sockets_refused++;
	c->signaling->counters->error[fault->code]++;
	sh_log_limited(&limit, SH_LOG_INFO, "join-refused address=%s code=%s message=\"%s\"", address,
		cp_code_name(fault->code), fault->message);
	cp_websocket_send(c->websocket, cp_json_error_text(NULL, fault));
	cp_websocket_close(c->websocket, client_fault ? 1008 : 1013, cp_code_name(fault->code));
}

/* Messages that the client has sent meanwhile are requests in the session's queue. */
static void carrier_decided(void *user)
{
	struct client *c = user;
	char room[CP_NAME_SIZE];
	struct cp_fault fault;

	snprintf(room, sizeof(room), "%s", c->session->ticket->room);
	if (enter(c, room, &fault) != 0) {
		refuse(c, c->session->ip, &fault);
		return;
	}
	begin(c);
	cp_session_run(c->session);
}

int cp_json_websocket_open(struct cp_signaling *signaling, struct cp_websocket *w)
{
	struct client *c = calloc(1, sizeof(*c));
	char address[CP_ADDRESS_SIZE], text[CP_LOG_ADDRESS_SIZE];
	struct cp_fault fault;
	struct query query;
	int error;

	if (!c)
		return ENOMEM;
	c->signaling = signaling;
	c->websocket = w;
	cp_websocket_attach(w, &calls, c);
	cp_client_address(w->server, w->wsi, address);
	read_query(&query, w->wsi);
	error = admit(c, &query, address, &fault);
	if (error == 0)
		begin(c);
	else if (error != EINPROGRESS)
		refuse(c, cp_log_address(text, signaling->config->log_addresses, address), &fault);
	return 0;
}

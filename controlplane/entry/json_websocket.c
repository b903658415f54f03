/* SPDX-License-Identifier: Apache-2.0 */

/* A WebSocket that speaks dialect A: from the upgrade, which names the room, to its end. */

#include "controlplane/entry/json_websocket.h"

#include <stdlib.h>

#include "controlplane/http/websocket.h"
#include "controlplane/signaling/json_dialect.h"
#include "shared/log.h"

struct a_socket {
	struct cp_websocket *websocket;
	struct cp_session *session; /* NULL: it was refused */
	struct cp_address *address; /* NULL: that was why */
};

/* --- what the session wants ------------------------------------------------------------- */

static void carrier_send(void *carrier, struct cp_text *text)
{
	const struct a_socket *a = carrier;

	cp_websocket_send(a->websocket, text);
}

static void carrier_close(void *carrier, uint16_t code, const char *reason)
{
	const struct a_socket *a = carrier;

	cp_websocket_close(a->websocket, code, reason);
}

static const struct cp_carrier carrier = {.send = carrier_send, .close = carrier_close};

/* --- what the WebSocket says -------------------------------------------------------------- */

static void message(void *user, const char *text, size_t len)
{
	const struct a_socket *a = user;

	if (a->session)
		cp_session_receive(a->session, text, len);
}

static void closing(void *user, uint16_t code, const char *reason)
{
	const struct a_socket *a = user;

	if (!a->session)
		return;
	a->session->closing = true;
	sh_log(SH_LOG_INFO, "socket-closing address=%s peer=%s code=%u reason=\"%s\"", a->session->address,
		a->session->id, code, reason);
}

static void closed(void *user)
{
	struct a_socket *a = user;

	if (a->address)
		cp_address_leave(a->websocket->server, a->address);
	if (a->session)
		cp_session_free(a->session);
	free(a);
}

static const struct cp_websocket_user calls = {.message = message, .closing = closing, .closed = closed};

/* --- the beginning -------------------------------------------------------------------------- */

static int admit(struct a_socket *a, const struct cp_a_query *query, const char *address,
	struct cp_fault *fault)
{
	struct cp_server *server = a->websocket->server;
	struct cp_grant grant;

	if (!cp_address_enter(server, address, &a->address))
		return cp_refuse(fault, CP_TOO_MANY, "this address has %u connections already",
			server->config->limit.connections_per_address);
	if (query->user[0] != '\0' && !cp_name_valid(query->user))
		return cp_refuse(fault, CP_BAD_REQUEST,
			"user: 1 to 64 of the characters A-Z a-z 0-9 . _ ~ -");
	if (cp_auth_check(server->auth, query->token, &grant, fault) < 0)
		return -1;
	if (!cp_auth_required(server->auth))
		snprintf(grant.user, sizeof(grant.user), "%s", query->user);
	a->session = cp_session_open(server, &cp_dialect_a, &carrier, a, address, &grant);
	if (!a->session)
		return cp_refuse(fault, CP_INTERNAL, "out of memory");
	return cp_session_join(a->session, query->room, fault);
}

static void refuse(struct a_socket *a, const char *address, const struct cp_fault *fault)
{
	bool theirs = fault->code == CP_BAD_REQUEST || fault->code == CP_FORBIDDEN;

	a->websocket->server->metrics.sockets_refused++;
	a->websocket->server->metrics.error[fault->code]++;
	sh_log(SH_LOG_INFO, "join-refused address=%s code=%s message=\"%s\"", address,
		cp_code_name(fault->code), fault->message);
	cp_websocket_send(a->websocket, cp_a_error_text(NULL, fault));
	cp_websocket_close(a->websocket, theirs ? 1008 : 1013, cp_code_name(fault->code));
}

int cp_a_open(struct cp_websocket *w, const struct cp_a_query *query, const char *address)
{
	struct a_socket *a = calloc(1, sizeof(*a));
	struct cp_fault fault;

	if (!a)
		return -1;
	a->websocket = w;
	cp_websocket_attach(w, &calls, a);
	if (admit(a, query, address, &fault) < 0) {
		refuse(a, address, &fault);
		return 0;
	}
	w->server->metrics.sockets_accepted++;
	cp_websocket_send(w, cp_text_hold(w->server->greeting));
	return 0;
}

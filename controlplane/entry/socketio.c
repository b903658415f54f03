/* SPDX-License-Identifier: Apache-2.0 */
#include "controlplane/entry/socketio.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "controlplane/base/clock.h"
#include "controlplane/base/json.h"
#include "controlplane/engineio/event.h"
#include "controlplane/entry/engineio_polling.h"
#include "controlplane/http/address.h"
#include "controlplane/http/client.h"
#include "controlplane/http/server.h"
#include "controlplane/signaling/message.h"
#include "controlplane/signaling/session.h"
#include "controlplane/signaling/socketio_dialect.h"
#include "shared/log.h"

/*
 * Limits of a client's attempts to join the namespace. Each attempt can cost the check of a
 * signature, and each session starts with its full allowance of messages.
 */
enum {
	CONNECTS_MAX = 10,
	REFUSALS_MAX = 5,
};

/*
 * The user of an Engine.IO session and the carrier of a session. Freed with the Engine.IO session.
 */
struct client {
	struct cp_socketio *socketio;
	struct cp_eio *engine;
	struct cp_session *session; /* NULL: the client has not joined the namespace */
	struct cp_address *address;
	char ip[CP_ADDRESS_SIZE];
	char user[CP_NAME_SIZE + 1]; /* from the URL; a truncated value is not a valid name */
	char *token; /* from the URL */
	unsigned connects, refusals;
	bool resumed; /* the session was an earlier connection's */
	bool counted; /* it counts as a client of its address */
	uint16_t code; /* with which the Engine.IO session has ended */
};

/* --- callbacks from the session --------------------------------------------------------- */

static void carrier_send(void *carrier, struct cp_text *text)
{
	const struct client *c = carrier;

	cp_eio_send(c->engine, text);
}

static void carrier_close(void *carrier, uint16_t code, const char *reason)
{
	const struct client *c = carrier;

	cp_eio_close(c->engine, code, reason);
}

static void uncount(struct client *c)
{
	if (!c->counted)
		return;
	c->counted = false;
	cp_address_leave(cp_address_keep(c->address)); /* `address` stays held until the client is freed */
}

static void carrier_abandon(void *carrier)
{
	struct client *c = carrier;

	c->session = NULL;
	uncount(c);
	cp_eio_close(c->engine, CP_CLOSE_RESUMED, "resumed on another connection");
}

static const struct cp_carrier carrier = {
	.send = carrier_send, .close = carrier_close, .abandon = carrier_abandon};

/* --- packets out --------------------------------------------------------------------------- */

/*
 * Sends `head` followed by `data`. Takes over `data`; NULL (no memory) ends the Engine.IO session.
 */
static void send_json(struct client *c, const char *head, cJSON *data)
{
	char *json = cp_json_print(data);
	size_t head_len = strlen(head), json_len = json ? strlen(json) : 0;
	struct cp_text *text = json ? cp_text_make(head_len + json_len) : NULL;

	if (text) {
		memcpy(cp_text_chars(text), head, head_len);
		memcpy(cp_text_chars(text) + head_len, json, json_len);
	}
	cJSON_free(json);
	cJSON_Delete(data);
	cp_eio_send(c->engine, text);
}

static void send_accept(struct client *c)
{
	cJSON *data = cJSON_CreateObject();

	cJSON_AddStringToObject(data, "sid", c->session->id);
	send_json(c, "0", data);
}

static void send_refusal(struct client *c, const struct cp_fault *fault)
{
	cJSON *data = cJSON_CreateObject(), *inner;

	cJSON_AddStringToObject(data, "message", fault->message);
	inner = cJSON_AddObjectToObject(data, "data");
	cJSON_AddStringToObject(inner, "code", cp_code_name(fault->code));
	cJSON_AddStringToObject(inner, "message", fault->message);
	send_json(c, "4", data);
}

static void refuse_namespace(struct client *c, const struct cp_sio_packet *p)
{
	char head[CP_SIO_NAMESPACE_MAX + 3];
	cJSON *data = cJSON_CreateObject();

	snprintf(head, sizeof(head), "4%.*s,", (int)p->namespace_len, p->namespace);
	cJSON_AddStringToObject(data, "message", "Invalid namespace");
	send_json(c, head, data);
}

/* --- joining the namespace ----------------------------------------------------------------- */

/*
 * Reads a member of `auth`, which must be a string; if it is absent or null, the value of the URL,
 * `from_url`, counts. 0, or errno with the fault.
 */
static int credential(const cJSON *auth, const char *name, const char *from_url, const char **out,
	struct cp_fault *fault)
{
	const cJSON *member = cJSON_GetObjectItemCaseSensitive(auth, name);

	*out = from_url;
	if (!member || cJSON_IsNull(member))
		return 0;
	if (!cJSON_IsString(member))
		return cp_refuse(fault, CP_BAD_REQUEST, "auth.%s: must be a string", name);
	*out = member->valuestring;
	return 0;
}

/* Takes the client's earlier session over, or opens a new one. 0, or errno with the fault. */
static int open_session(struct client *c, const char *token, const struct cp_grant *grant,
	struct cp_fault *fault)
{
	const struct cp_resume_request request = {
		.token = token,
		.room = "",
		.dialect = &cp_socketio_dialect,
		.calls = &carrier,
		.carrier = c,
		.ip = c->ip,
		.address = c->address,
		.grant = grant,
	};
	struct cp_signaling *signaling = c->socketio->signaling;

	c->session = token ? cp_session_resume(signaling, &request) : NULL;
	c->resumed = c->session != NULL;
	if (!c->session)
		c->session = cp_session_open(signaling, &cp_socketio_dialect, &carrier, c, c->ip, c->address,
			grant);
	return c->session ? 0 : cp_refuse(fault, CP_INTERNAL, "out of memory");
}

/* Authenticates the client and gives it a session. On failure `fault` says why. */
static int admit(struct client *c, const cJSON *auth, struct cp_fault *fault)
{
	struct cp_signaling *signaling = c->socketio->signaling;
	struct cp_credentials who = {.user_member = "userId", .address = c->address};
	const char *resume;
	struct cp_grant grant;
	int error = credential(auth, "token", c->token, &who.token, fault);

	if (error == 0)
		error = credential(auth, "userId", c->user, &who.user, fault);
	if (error == 0)
		error = credential(auth, "resume", NULL, &resume, fault);
	if (error == 0 && resume)
		error = cp_resume_admit(signaling, resume, c->address, fault);
	if (error == 0)
		error = cp_signaling_authenticate(signaling, &who, &grant, fault);
	return error == 0 ? open_session(c, resume, &grant, fault) : error;
}

static void connect_client(struct client *c, const cJSON *auth)
{
	static struct sh_log_limit limit = {.event = "join-refused", .per_second = SH_LOG_REFUSALS};
	char text[CP_LOG_ADDRESS_SIZE];
	struct cp_fault fault;

	if (admit(c, auth, &fault) == 0) {
		cp_eio_expect_connect(c->engine, false);
		send_accept(c);
		if (c->resumed)
			cp_session_send_resumed(c->session);
		return;
	}
	c->socketio->signaling->counters->error[fault.code]++;
	sh_log_limited(&limit, SH_LOG_INFO, "join-refused address=%s code=%s message=\"%s\"",
		cp_log_address(text, c->socketio->signaling->config->log_addresses, c->ip),
		cp_code_name(fault.code), fault.message);
	/* The client's library tries again after an end of the connection, and not after a refusal. */
	if (fault.code == CP_UNAVAILABLE) {
		cp_eio_close(c->engine, CP_CLOSE_TRY_LATER, "try again soon");
		return;
	}
	send_refusal(c, &fault);
	if (++c->refusals >= REFUSALS_MAX)
		cp_eio_close(c->engine, 1008, "too many attempts to connect");
}

/*
 * A client has a bucket of messages only while it has a session. Until then the size of its
 * connect packets is charged to its address.
 */
static bool may_connect(struct client *c, const struct cp_sio_packet *p)
{
	return cp_address_take(c->address, CP_BUDGET_MESSAGES, cp_message_cost(p->json, p->json_len));
}

static void handle_connect(struct client *c, const struct cp_sio_packet *p)
{
	enum cp_json_trouble trouble;
	cJSON *auth = NULL;

	if (c->session) {
		cp_eio_close(c->engine, 1002, "a second connect");
		return;
	}
	if (!may_connect(c, p)) {
		cp_eio_close(c->engine, 1008, "too many messages");
		return;
	}
	if (p->json) {
		auth = cp_message_parse(p->json, p->json_len, &trouble);
		if (!cJSON_IsObject(auth)) {
			cp_message_free(auth);
			cp_eio_close(c->engine, 1007, "auth is no object");
			return;
		}
	}
	connect_client(c, auth);
	cp_message_free(auth);
}

static void leave_namespace(struct client *c)
{
	if (!c->session)
		return;
	cp_session_free(c->session);
	c->session = NULL;
	/*
	 * As after the handshake: the client must join within connect_timeout_ms, or the session
	 * closes.
	 */
	cp_eio_expect_connect(c->engine, true);
}

/* --- packets in ---------------------------------------------------------------------------- */

/* Refuses an event that was not parsed. Its id stands before the JSON, so that it is answered. */
static void refuse_event(struct client *c, const struct cp_sio_packet *p, const struct cp_fault *fault)
{
	cJSON *request = p->id >= 0 ? cJSON_CreateObject() : NULL;

	if (request)
		cJSON_AddNumberToObject(request, "ack", (double)p->id);
	cp_session_refuse_excess(c->session, request, fault);
	cJSON_Delete(request);
}

static void handle_event(struct client *c, const struct cp_sio_packet *p)
{
	enum cp_json_trouble trouble = CP_JSON_NONE;
	cJSON *array, *request;
	struct cp_fault fault;

	if (!c->session) {
		cp_eio_close(c->engine, 1002, "an event before the connect");
		return;
	}
	if (cp_session_charge(c->session, p->json, p->json_len, &fault) != 0) {
		refuse_event(c, p, &fault);
		return;
	}
	cp_json_begin();
	array = p->json ? cp_message_parse(p->json, p->json_len, &trouble) : NULL;
	if (trouble == CP_JSON_TOO_DEEP) {
		cp_session_refuse_deep(c->session);
		return;
	}
	request = cp_sio_request(array, p->id);
	cp_message_free(array);
	if (!cp_json_complete()) { /* perhaps the request lacks a member */
		cp_message_free(request);
		cp_eio_close(c->engine, 1011, "out of memory");
	} else if (request) {
		cp_session_enqueue(c->session, request);
	} else {
		cp_eio_close(c->engine, 1007, "not an event");
	}
}

static void message(struct cp_eio *e, const char *text, size_t len)
{
	struct client *c = e->user;
	struct cp_sio_packet p;

	if (cp_sio_parse(text, len, &p) != 0) {
		cp_eio_close(e, 1002, "not a packet of Socket.IO");
		return;
	}
	if (p.type == CP_SIO_CONNECT && ++c->connects > CONNECTS_MAX) {
		cp_eio_close(e, 1008, "too many attempts to connect");
		return;
	}
	if (!cp_sio_default_namespace(&p)) {
		if (p.type == CP_SIO_CONNECT)
			refuse_namespace(c, &p);
		return;
	}
	switch (p.type) {
	case CP_SIO_CONNECT:
		handle_connect(c, &p);
		break;
	case CP_SIO_DISCONNECT:
		leave_namespace(c);
		break;
	case CP_SIO_EVENT:
		handle_event(c, &p);
		break;
	case CP_SIO_ACK: /* ignored: the server sends no event that asks for an acknowledgement */
		break;
	default:
		cp_eio_close(e, 1002, "a connect error from the client");
		break;
	}
}

/* --- opening and closing a client ---------------------------------------------------------- */

/*
 * A client that leaves says so by a packet of Socket.IO, before the Engine.IO session ends. An end
 * without it comes from the client's library, which closes in the same way when it has given a
 * connection up. Only a page that goes away, 1001, has no time to say so.
 */
static uint16_t end_code(uint16_t code)
{
	return code == CP_CLOSE_NORMAL || code == CP_CLOSE_NO_CODE ? CP_CLOSE_ABNORMAL : code;
}

static void closing(struct cp_eio *e, uint16_t code, const char *reason)
{
	static struct sh_log_limit limit = {.event = "socket-closing", .per_second = SH_LOG_REFUSALS};
	char text[CP_LOG_ADDRESS_SIZE];
	struct client *c = e->user;

	c->code = end_code(code);
	if (c->session)
		cp_session_closing(c->session, c->code);
	sh_log_limited(&limit, SH_LOG_INFO, "socket-closing address=%s peer=%s code=%u reason=\"%s\"",
		cp_log_address(text, c->socketio->signaling->config->log_addresses, c->ip),
		c->session ? c->session->id : "-", code, reason);
}

static void free_client(struct client *c)
{
	if (c->session)
		cp_session_gone(c->session, c->code);
	if (c->address) {
		uncount(c);
		cp_address_release(c->address);
	}
	free(c->token);
	free(c);
}

static void closed(struct cp_eio *e)
{
	free_client(e->user);
}

/* Reads user and token. The token is malloc()ed, since it can be as long as a URL. 0 or ENOMEM. */
static int read_query(struct client *c, struct lws *wsi)
{
	char token[CP_HEADERS_MAX];

	cp_client_query(wsi, "userId=", "", c->user, sizeof(c->user));
	cp_client_query(wsi, "token=", "", token, sizeof(token));
	c->token = strdup(token);
	return c->token ? 0 : ENOMEM;
}

enum cp_code cp_socketio_open(struct cp_socketio *s, struct lws *wsi, void *socket, struct cp_eio **out)
{
	struct client *c = calloc(1, sizeof(*c));

	if (!c)
		return CP_INTERNAL;
	c->socketio = s;
	cp_client_address(s->server, wsi, c->ip);
	if (!cp_address_enter(s->server, c->ip, false, &c->address)) {
		s->signaling->counters->error[CP_TOO_MANY]++;
		free_client(c);
		return CP_TOO_MANY;
	}
	c->counted = true;
	if (read_query(c, wsi) == 0)
		c->engine = cp_eio_open(&s->engine, socket, c);
	if (!c->engine) {
		free_client(c);
		return CP_INTERNAL;
	}
	*out = c->engine;
	return CP_OK;
}

/* --- start and stop ------------------------------------------------------------------------ */

static const struct cp_eio_calls calls = {
	.answer = cp_polling_answer,
	.forget = cp_polling_detach,
	.send = cp_eio_websocket_send,
	.close = cp_eio_websocket_close,
	.message = message,
	.closing = closing,
	.closed = closed,
};

static uint64_t now_ms(void *clock)
{
	return cp_now_ns() / 1000000;
}

static void run(uv_timer_t *timer)
{
	struct cp_socketio *s = timer->data;

	cp_eio_run(&s->engine);
}

static void wake_in(void *clock, uint64_t ms)
{
	struct cp_socketio *s = clock;

	/* uv_now() is the time at which the current iteration began; the timer counts from it. */
	uv_update_time(s->loop);
	uv_timer_start(&s->timer, run, ms, 0);
}

static const struct cp_clock loop_clock = {.now_ms = now_ms, .wake_in = wake_in};

int cp_socketio_start(struct cp_socketio *s, uv_loop_t *loop, struct cp_server *server,
	struct cp_signaling *signaling)
{
	int error;

	s->server = server;
	s->signaling = signaling;
	s->loop = loop;
	s->nothing = cp_text_make(0);
	if (!s->nothing)
		return ENOMEM;
	error = cp_eio_start(&s->engine, signaling->config, &calls, &loop_clock, s);
	if (error != 0) {
		cp_text_release(s->nothing);
		return error;
	}
	s->engine.backlog = &server->backlog;
	s->engine.counters = signaling->counters;
	uv_timer_init(loop, &s->timer);
	s->timer.data = s;
	return 0;
}

static void closed_timer(uv_handle_t *timer)
{
	struct cp_socketio *s = timer->data;

	cp_text_release(s->nothing);
}

void cp_socketio_stop(struct cp_socketio *s)
{
	cp_eio_stop(&s->engine);
	uv_close((uv_handle_t *)&s->timer, closed_timer);
}

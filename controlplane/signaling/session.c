/* SPDX-License-Identifier: Apache-2.0 */
#include "session.h"

#include <stdlib.h>
#include <string.h>

#include "dialect_a.h"
#include "shared/log.h"

static void release_current(struct cp_session *s)
{
	cJSON_Delete(s->current);
	s->current = NULL;
}

static int join(struct cp_session *s, const char *room, const char *user, struct cp_fault *fault)
{
	struct cp_server *server = s->server;

	if (!cp_address_enter(server, s->address_text, &s->address))
		return cp_refuse(fault, CP_TOO_MANY, "this address has %u connections already",
			server->config->limit.connections_per_address);
	if (!cp_name_valid(room))
		return cp_refuse(fault, CP_BAD_REQUEST,
			"room: 1 to 64 of the characters A-Z a-z 0-9 . _ ~ -");
	if (user[0] != '\0' && !cp_name_valid(user))
		return cp_refuse(fault, CP_BAD_REQUEST,
			"user: 1 to 64 of the characters A-Z a-z 0-9 . _ ~ -");
	s->peer = cp_room_join(server->model, room, user, &cp_dialect_a_listener, s, fault);
	return s->peer != NULL ? 0 : -1;
}

struct cp_session *cp_session_open(struct cp_server *server, struct lws *wsi, const char *room,
	const char *user, const char *address)
{
	struct cp_session *s = calloc(1, sizeof(*s));
	struct cp_fault fault;

	if (s == NULL)
		return NULL;
	s->wsi = wsi;
	s->server = server;
	snprintf(s->address_text, sizeof(s->address_text), "%s", address);
	TAILQ_INIT(&s->out);
	TAILQ_INIT(&s->waiting);
	s->tokens = server->config->limit.messages_per_second;
	s->tokens_ns = cp_now_ns();
	server->metrics.sockets_open++;
	if (join(s, room, user, &fault) < 0) {
		server->metrics.sockets_refused++;
		sh_log(SH_LOG_INFO, "join-refused address=%s code=%s message=\"%s\"", address,
			cp_code_name(fault.code), fault.message);
		cp_session_error(s, &fault);
		cp_session_close(s, fault.code == CP_BAD_REQUEST ? 1008 : 1013, cp_code_name(fault.code));
		return s;
	}
	server->metrics.sockets_accepted++;
	sh_log(SH_LOG_INFO, "peer-joined room=%s peer=%s user=%s address=%s", room, s->peer->id,
		user[0] != '\0' ? user : "-", address);
	cp_session_notify(s, "rtpCapabilities", cJSON_Duplicate(server->capabilities, true));
	return s;
}

void cp_session_free(struct cp_session *s)
{
	struct cp_request *r;
	struct cp_out *o;

	if (s->peer != NULL) {
		sh_log(SH_LOG_INFO, "peer-left room=%s peer=%s", s->peer->room->name, s->peer->id);
		cp_room_leave(s->peer);
	}
	if (s->is_ready)
		TAILQ_REMOVE(&s->server->ready, s, ready);
	while ((r = TAILQ_FIRST(&s->waiting)) != NULL) {
		TAILQ_REMOVE(&s->waiting, r, next);
		cJSON_Delete(r->message);
		free(r);
	}
	while ((o = TAILQ_FIRST(&s->out)) != NULL) {
		TAILQ_REMOVE(&s->out, o, next);
		free(o);
	}
	release_current(s);
	if (s->address != NULL)
		cp_address_leave(s->server, s->address);
	s->server->metrics.sockets_open--;
	free(s->rx);
	free(s);
}

/* --- sending -------------------------------------------------------------------------- */

void cp_session_close(struct cp_session *s, uint16_t code, const char *reason)
{
	if (s->close_code != 0)
		return;
	s->close_code = code;
	s->close_reason = reason;
	sh_log(SH_LOG_INFO, "socket-closing address=%s peer=%s code=%u reason=\"%s\"", s->address_text,
		s->peer != NULL ? s->peer->id : "-", code, reason);
	/* A client that reads nothing never lets the close frame out. */
	lws_set_timeout(s->wsi, PENDING_TIMEOUT_USER_REASON_BASE, CP_CLOSE_WAIT_S);
	lws_callback_on_writable(s->wsi);
}

/*
 * Returning -1 from the callback is not enough: a library built for debugging, as
 * Debian's 4.1 is, then ends the connection before the close frame has left. Begun from
 * here it sends the frame, waits for the answer, and only then calls back with CLOSED.
 */
static void send_close(struct cp_session *s)
{
	s->close_sent = true;
	lws_close_reason(s->wsi, s->close_code, (unsigned char *)(uintptr_t)s->close_reason,
		strlen(s->close_reason));
	lws_close_free_wsi(s->wsi, LWS_CLOSE_STATUS_NOSTATUS, __func__);
}

int cp_session_writeable(struct cp_session *s)
{
	struct cp_out *o;

	/* What was queued before the close still goes, and the error that explains it with it. */
	while ((o = TAILQ_FIRST(&s->out)) != NULL) {
		if (lws_send_pipe_choked(s->wsi)) {
			lws_callback_on_writable(s->wsi);
			return 0;
		}
		if (lws_write(s->wsi, o->data + LWS_PRE, o->len, LWS_WRITE_TEXT) < (int)o->len)
			return -1;
		s->server->metrics.messages_out++;
		TAILQ_REMOVE(&s->out, o, next);
		s->out_bytes -= o->len;
		free(o);
	}
	if (s->close_code != 0 && !s->close_sent)
		send_close(s);
	return 0;
}

void cp_session_send(struct cp_session *s, cJSON *message)
{
	char *text = message != NULL ? cJSON_PrintUnformatted(message) : NULL;
	struct cp_out *o = NULL;
	size_t len;

	cJSON_Delete(message);
	if (s->close_code != 0) {
		cJSON_free(text);
		return;
	}
	len = text != NULL ? strlen(text) : 0;
	if (text != NULL && s->out_bytes + len > s->server->config->limit.send_queue_bytes) {
		cJSON_free(text);
		cp_session_close(s, 1013, "the client is too slow");
		return;
	}
	if (text != NULL)
		o = malloc(sizeof(*o) + LWS_PRE + len);
	if (o == NULL) {
		cJSON_free(text);
		cp_session_close(s, 1011, "out of memory");
		return;
	}
	o->len = len;
	memcpy(o->data + LWS_PRE, text, len);
	cJSON_free(text);
	TAILQ_INSERT_TAIL(&s->out, o, next);
	s->out_bytes += len;
	lws_callback_on_writable(s->wsi);
}

static cJSON *envelope(const char *type, const cJSON *id, cJSON *data)
{
	cJSON *message = cJSON_CreateObject();

	cJSON_AddStringToObject(message, "type", type);
	if (id != NULL)
		cJSON_AddItemToObject(message, "id", cJSON_Duplicate(id, false));
	if (!cJSON_AddItemToObject(message, "data", data)) {
		cJSON_Delete(data);
		cJSON_Delete(message);
		return NULL;
	}
	return message;
}

void cp_session_notify(struct cp_session *s, const char *type, cJSON *data)
{
	cp_session_send(s, envelope(type, NULL, data));
}

/* --- requests --------------------------------------------------------------------------- */

/* The id to repeat, where the request carries one that can be. */
static const cJSON *request_id(const cJSON *message)
{
	const cJSON *id = cJSON_GetObjectItemCaseSensitive(message, "id");

	if (cJSON_IsNumber(id) || (cJSON_IsString(id) && strlen(id->valuestring) <= CP_REQUEST_ID_MAX))
		return id;
	return NULL;
}

static void answered(struct cp_session *s)
{
	release_current(s);
	if (s->running || s->is_ready || s->waiting_count == 0)
		return;
	/* Not from within the rooms' callback: the next request may change what they walk over. */
	s->is_ready = true;
	TAILQ_INSERT_TAIL(&s->server->ready, s, ready);
	cp_server_wake(s->server);
}

void cp_session_reply(struct cp_session *s, cJSON *data)
{
	const cJSON *type = cJSON_GetObjectItemCaseSensitive(s->current, "type");

	cp_session_send(s, envelope(type->valuestring, request_id(s->current), data));
	answered(s);
}

void cp_session_send_error(struct cp_session *s, const cJSON *message, const struct cp_fault *fault)
{
	const cJSON *type = cJSON_GetObjectItemCaseSensitive(message, "type");
	cJSON *data = cJSON_CreateObject();

	s->server->metrics.error[fault->code]++;
	cJSON_AddStringToObject(data, "code", cp_code_name(fault->code));
	cJSON_AddStringToObject(data, "message", fault->message);
	if (cJSON_IsString(type) && strlen(type->valuestring) <= CP_REQUEST_ID_MAX)
		cJSON_AddStringToObject(data, "request", type->valuestring);
	cp_session_send(s, envelope("error", request_id(message), data));
}

void cp_session_error(struct cp_session *s, const struct cp_fault *fault)
{
	sh_log(SH_LOG_DEBUG, "request-failed peer=%s code=%s message=\"%s\"",
		s->peer != NULL ? s->peer->id : "-", cp_code_name(fault->code), fault->message);
	cp_session_send_error(s, s->current, fault);
	answered(s);
}

void cp_session_run(struct cp_session *s)
{
	struct cp_request *r;

	s->running = true;
	while (s->current == NULL && s->close_code == 0 && (r = TAILQ_FIRST(&s->waiting)) != NULL) {
		TAILQ_REMOVE(&s->waiting, r, next);
		s->waiting_count--;
		s->current = r->message;
		free(r);
		cp_dialect_a_request(s, s->current);
	}
	s->running = false;
}

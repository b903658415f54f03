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
		return cp_refuse(
		        fault, CP_BAD_REQUEST, "room: 1 to 64 of the characters A-Z a-z 0-9 . _ ~ -");
	if (user[0] != '\0' && !cp_name_valid(user))
		return cp_refuse(
		        fault, CP_BAD_REQUEST, "user: 1 to 64 of the characters A-Z a-z 0-9 . _ ~ -");
	s->peer = cp_room_join(server->model, room, user, &cp_dialect_a_listener, s, fault);
	return s->peer != NULL ? 0 : -1;
}

struct cp_session *cp_session_open(
        struct cp_server *server, struct lws *wsi, const char *room, const char *user, const char *address)
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
	lws_close_reason(
	        s->wsi, s->close_code, (unsigned char *)(uintptr_t)s->close_reason, strlen(s->close_reason));
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

static void send_error(struct cp_session *s, const cJSON *message, const struct cp_fault *fault)
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
	send_error(s, s->current, fault);
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

/* --- receiving ---------------------------------------------------------------------------- */

/* Whether one more message keeps to the limit. A full bucket forgives. */
static bool within_rate(struct cp_session *s)
{
	double limit = s->server->config->limit.messages_per_second;
	uint64_t now = cp_now_ns();

	s->tokens += (double)(now - s->tokens_ns) * limit / 1e9;
	s->tokens_ns = now;
	if (s->tokens >= limit) {
		s->tokens = limit;
		s->strikes = 0;
	}
	if (s->tokens < 1)
		return false;
	s->tokens -= 1;
	return true;
}

static bool too_deep(const char *text, size_t len)
{
	bool quoted = false;
	unsigned depth = 0;

	for (size_t i = 0; i < len; i++) {
		if (quoted && text[i] == '\\')
			i++;
		else if (text[i] == '"')
			quoted = !quoted;
		else if (!quoted && (text[i] == '{' || text[i] == '['))
			depth++;
		else if (!quoted && (text[i] == '}' || text[i] == ']') && depth > 0)
			depth--;
		if (depth > CP_JSON_DEPTH)
			return true;
	}
	return false;
}

/* RFC 3629, 4: no overlong forms, no surrogates, nothing past U+10FFFF. */
static bool is_utf8(const unsigned char *p, const unsigned char *end)
{
	while (p < end) {
		uint32_t c = *p++;
		unsigned more = c < 0x80                ? 0
		                : c >= 0xc2 && c < 0xe0 ? 1
		                : (c & 0xf0) == 0xe0    ? 2
		                : (c & 0xf8) == 0xf0    ? 3
		                                        : 4;

		if (more == 4 || (size_t)(end - p) < more)
			return false;
		c &= 0x7f >> more;
		for (unsigned i = 0; i < more; i++, p++) {
			if ((*p & 0xc0) != 0x80)
				return false;
			c = c << 6 | (*p & 0x3f);
		}
		if ((more == 2 && (c < 0x800 || (c >= 0xd800 && c < 0xe000))) ||
		        (more == 3 && (c < 0x10000 || c > 0x10ffff)))
			return false;
	}
	return true;
}

/* A flood is told off first; the one that goes on for as much again is cut off. */
static void over_limit(struct cp_session *s, const cJSON *message, const char *what, uint32_t limit)
{
	struct cp_fault fault;

	cp_refuse(&fault, CP_TOO_MANY, "%s: the limit is %u", what, limit);
	send_error(s, message, &fault);
	if (++s->strikes > limit)
		cp_session_close(s, 1008, "too many messages");
}

static void take_message(struct cp_session *s, const char *text, size_t len)
{
	uint32_t limit = s->server->config->limit.messages_per_second;
	struct cp_request *r;
	struct cp_fault fault;
	const char *end;
	cJSON *message;

	s->server->metrics.messages_in++;
	if (!is_utf8((const unsigned char *)text, (const unsigned char *)text + len)) {
		cp_session_close(s, 1007, "not UTF-8");
		return;
	}
	if (too_deep(text, len)) {
		cp_refuse(&fault, CP_BAD_REQUEST, "the message is nested more than %d levels deep",
		        CP_JSON_DEPTH);
		send_error(s, NULL, &fault);
		return;
	}
	message = cJSON_ParseWithLengthOpts(text, len, &end, false);
	while (message != NULL && end < text + len && strchr(" \t\r\n", *end) != NULL && *end != '\0')
		end++;
	if (message == NULL || end != text + len) {
		cJSON_Delete(message);
		cp_session_close(s, 1007, "not JSON");
		return;
	}
	r = malloc(sizeof(*r));
	if (r == NULL) {
		cp_session_close(s, 1011, "out of memory");
	} else if (!within_rate(s)) {
		over_limit(s, message, "messages per second", limit);
	} else if (s->waiting_count >= limit) {
		over_limit(s, message, "requests that wait for an answer", limit);
	} else {
		r->message = message;
		TAILQ_INSERT_TAIL(&s->waiting, r, next);
		s->waiting_count++;
		cp_session_run(s);
		return;
	}
	free(r);
	cJSON_Delete(message);
}

void cp_session_receive(struct cp_session *s, const void *data, size_t len, bool last)
{
	size_t limit = s->server->config->limit.message_bytes;

	if (s->close_code != 0)
		return;
	if (len > limit || s->rx_len > limit - len) {
		cp_session_close(s, 1009, "message too long");
		return;
	}
	if (s->rx_len + len > s->rx_size) {
		size_t size = s->rx_len + len + 1024;
		char *rx = realloc(s->rx, size);

		if (rx == NULL) {
			cp_session_close(s, 1011, "out of memory");
			return;
		}
		s->rx = rx;
		s->rx_size = size;
	}
	if (len > 0)
		memcpy(s->rx + s->rx_len, data, len);
	s->rx_len += len;
	if (!last)
		return;
	len = s->rx_len;
	s->rx_len = 0;
	take_message(s, s->rx != NULL ? s->rx : "", len);
}

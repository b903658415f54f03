/* SPDX-License-Identifier: Apache-2.0 */

/* From bytes of a WebSocket to requests in a session's queue, and all that is refused on the way. */

#include "session.h"

#include <stdlib.h>
#include <string.h>

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
	cp_session_send_error(s, message, &fault);
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
		cp_session_send_error(s, NULL, &fault);
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

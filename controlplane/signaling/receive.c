/* SPDX-License-Identifier: Apache-2.0 */

/* Puts received messages as requests into a session's queue, and refuses those beyond a limit. */

#include "controlplane/signaling/session.h"

#include <stdlib.h>

#include "controlplane/base/clock.h"
#include "controlplane/signaling/message.h"

/*
 * Token bucket: takes a token for one more message. False: the client exceeds
 * limits.messages_per_second. A full bucket resets the count of excess messages.
 */
static bool take_token(struct cp_session *s)
{
	double limit = s->signaling->config->limit.messages_per_second;
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

/*
 * Answers an excess message with an error. After more than limits.messages_per_second of them the
 * session closes.
 */
static void refuse_excess(struct cp_session *s, const cJSON *message, const char *what, uint32_t limit)
{
	struct cp_fault fault;

	cp_refuse(&fault, CP_TOO_MANY, "%s: the limit is %u", what, limit);
	cp_session_send_error(s, message, &fault);
	if (++s->strikes > s->signaling->config->limit.messages_per_second)
		cp_session_close(s, 1008, "too many messages");
}

/*
 * True if the queue has memory for the request. An empty queue takes any, so that none is
 * impossible; the data plane can be slow for long, and every session may have a queue.
 */
static bool has_memory(const struct cp_session *s, const struct cp_request *r)
{
	return s->waiting_count == 0 ||
	       s->waiting_bytes + r->bytes <= s->signaling->config->limit.request_queue_bytes;
}

void cp_session_enqueue(struct cp_session *s, cJSON *message)
{
	uint32_t limit = s->signaling->config->limit.messages_per_second;
	struct cp_request *r;

	if (s->closing) {
		cp_message_free(message);
		return;
	}
	r = malloc(sizeof(*r));
	if (r)
		r->bytes = s->current || s->waiting_count > 0 ? cp_message_memory(message) : 0;
	if (!r) {
		cp_session_close(s, 1011, "out of memory");
	} else if (!take_token(s)) {
		refuse_excess(s, message, "messages per second", limit);
	} else if (s->waiting_count >= limit) {
		refuse_excess(s, message, "requests that wait for an answer", limit);
	} else if (!has_memory(s, r)) {
		refuse_excess(s, message, "bytes of requests that wait for an answer",
			s->signaling->config->limit.request_queue_bytes);
	} else {
		r->message = message;
		s->waiting_bytes += r->bytes;
		TAILQ_INSERT_TAIL(&s->waiting, r, next);
		s->waiting_count++;
		cp_session_run(s);
		return;
	}
	free(r);
	cp_message_free(message);
}

void cp_session_refuse_deep(struct cp_session *s)
{
	struct cp_fault fault;

	if (!take_token(s)) {
		refuse_excess(s, NULL, "messages per second",
			s->signaling->config->limit.messages_per_second);
		return;
	}
	cp_refuse(&fault, CP_BAD_REQUEST, "the message is nested more than %d levels deep", CP_JSON_DEPTH);
	cp_session_send_error(s, NULL, &fault);
}

void cp_session_receive(struct cp_session *s, const char *text, size_t len)
{
	enum cp_json_trouble trouble;
	cJSON *message;

	if (s->closing)
		return;
	message = cp_message_parse(text, len, &trouble);
	if (message)
		cp_session_enqueue(s, message);
	else if (trouble == CP_JSON_TOO_DEEP)
		cp_session_refuse_deep(s);
	else
		cp_session_close(s, 1007, "not JSON");
}

/* SPDX-License-Identifier: Apache-2.0 */

/* Puts received messages as requests into a session's queue, and refuses those beyond a limit. */

#include "controlplane/signaling/session.h"

#include <stdlib.h>

#include "controlplane/base/clock.h"
#include "controlplane/signaling/message.h"

int cp_session_charge(struct cp_session *s, const char *text, size_t len, struct cp_fault *fault)
{
	const struct sh_config_limits *limit = &s->signaling->config->limit;
	const struct cp_rate rate = {limit->messages_per_second, limit->messages_per_second};
	double cost = cp_message_cost(text, len);
	uint64_t now_ns = cp_now_ns();

	if (cp_bucket_debt(&s->messages, &rate, now_ns) == 0)
		s->strikes = 0;
	if (!cp_bucket_take(&s->messages, &rate, cost, now_ns)) {
		s->signaling->counters->refused[CP_REFUSED_MESSAGES]++;
		return cp_refuse(fault, CP_TOO_MANY,
			"messages per second: the limit is %u, and a message counts once more for each KiB",
			limit->messages_per_second);
	}
	if (!cp_address_take(s->address, CP_BUDGET_MESSAGES, cost))
		return cp_refuse(fault, CP_TOO_MANY, "messages per second of this address: the limit is %u",
			limit->messages_per_address);
	return 0;
}

void cp_session_refuse_excess(struct cp_session *s, const cJSON *message, const struct cp_fault *fault)
{
	cp_session_send_error(s, message, fault);
	if (++s->strikes > s->signaling->config->limit.messages_per_second)
		cp_session_close(s, CP_CLOSE_POLICY, "too many messages");
}

/* A request that the queue cannot take. */
static void refuse(struct cp_session *s, const cJSON *message, const char *what, uint32_t limit)
{
	struct cp_fault fault;

	cp_refuse(&fault, CP_TOO_MANY, "%s: the limit is %u", what, limit);
	cp_session_refuse_excess(s, message, &fault);
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
		r->bytes = s->current || s->resume.greets || s->waiting_count > 0 ? cp_message_memory(message)
										  : 0;
	if (!r) {
		cp_session_close(s, 1011, "out of memory");
	} else if (s->waiting_count >= limit) {
		refuse(s, message, "requests that wait for an answer", limit);
	} else if (!has_memory(s, r)) {
		refuse(s, message, "bytes of requests that wait for an answer",
			s->signaling->config->limit.request_queue_bytes);
	} else {
		r->message = message;
		r->arrived_ns = cp_now_ns();
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

	cp_refuse(&fault, CP_BAD_REQUEST, "the message is nested more than %d levels deep", CP_JSON_DEPTH);
	cp_session_send_error(s, NULL, &fault);
}

void cp_session_receive(struct cp_session *s, const char *text, size_t len)
{
	enum cp_json_trouble trouble;
	struct cp_fault fault;
	cJSON *message;

	if (s->closing)
		return;
	if (cp_session_charge(s, text, len, &fault) != 0) {
		cp_session_refuse_excess(s, NULL, &fault);
		return;
	}
	message = cp_message_parse(text, len, &trouble);
	if (message)
		cp_session_enqueue(s, message);
	else if (trouble == CP_JSON_TOO_DEEP)
		cp_session_refuse_deep(s);
	else if (trouble == CP_JSON_NO_MEMORY)
		cp_session_close(s, 1011, "out of memory");
	else
		cp_session_close(s, 1007, "not JSON");
}

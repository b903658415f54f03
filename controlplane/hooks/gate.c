/* SPDX-License-Identifier: Apache-2.0 */
#include "controlplane/hooks/gate.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "controlplane/hooks/target.h"
#include "shared/log.h"

enum {
	ASKED_MAX = 64, /* requests at a time */
	ANSWER_MAX = 4096, /* bytes */
};

/* A client that waits. */
struct cp_waiting {
	struct cp_ticket ticket; /* first: what the asker has is a pointer to it */
	struct cp_hook_gate *gate;
	void (*decided)(void *asker);
	void *asker;
	char *body; /* of the request; NULL: it has begun */
	struct cp_asked *asked; /* the request; NULL: it has not begun, or is over */
	uint64_t until_ms; /* on the loop's clock */
	TAILQ_ENTRY(cp_waiting) in_order;
	TAILQ_ENTRY(cp_waiting) in_queue;
};

/* A request. */
struct cp_asked {
	struct cp_hook_gate *gate;
	struct cp_waiting *client; /* NULL: nobody waits any more */
	TAILQ_ENTRY(cp_asked) next;
};

/* --- the end of waiting ----------------------------------------------------------------------- */

static void expire(uv_timer_t *timer);

static void set_timer(struct cp_hook_gate *g)
{
	const struct cp_waiting *first = TAILQ_FIRST(&g->waiting);
	uint64_t now = uv_now(g->timer.loop);

	if (first)
		uv_timer_start(&g->timer, expire, first->until_ms > now ? first->until_ms - now : 1, 0);
	else
		uv_timer_stop(&g->timer);
}

/* The client waits no longer: it is in no list. */
static void unlist(struct cp_waiting *c)
{
	struct cp_hook_gate *g = c->gate;

	TAILQ_REMOVE(&g->waiting, c, in_order);
	g->waiting_count--;
	if (c->body)
		TAILQ_REMOVE(&g->queue, c, in_queue);
	free(c->body);
	c->body = NULL;
	if (c->asked)
		c->asked->client = NULL;
	c->asked = NULL;
	set_timer(g);
}

static void count(struct cp_hook_gate_counts *n, const struct cp_ticket *t)
{
	if (t->state == CP_TICKET_SILENT)
		n->silent++;
	else if (t->publish || t->subscribe)
		n->allowed++;
	else
		n->refused++;
}

/* Tells the asker, who drops the ticket. */
static void decide(struct cp_waiting *c)
{
	unlist(c);
	c->decided(c->asker);
}

/* No answer that says something: the configuration decides. */
static void decide_silent(struct cp_waiting *c)
{
	c->gate->counts.silent++;
	c->ticket.state = c->gate->config->hooks.admission_default == SH_ADMISSION_ALLOW ? CP_TICKET_ANSWERED
											 : CP_TICKET_SILENT;
	decide(c);
}

static void expire(uv_timer_t *timer)
{
	struct cp_hook_gate *g = timer->data;
	struct cp_waiting *c;

	while ((c = TAILQ_FIRST(&g->waiting)) && c->until_ms <= uv_now(timer->loop))
		decide_silent(c);
	set_timer(g);
}

/* --- requests ------------------------------------------------------------------------------- */

static void begin_requests(struct cp_hook_gate *g);

static void answered(void *arg, const struct cp_fetched *answer)
{
	static struct sh_log_limit limit = {.event = "admission-hook-failed", .per_second = 1};
	struct cp_asked *asked = arg;
	struct cp_hook_gate *g = asked->gate;
	struct cp_waiting *c = asked->client;
	char target[CP_HOOK_TARGET_SIZE];

	TAILQ_REMOVE(&g->asked, asked, next);
	g->asked_count--;
	free(asked);
	if (c) {
		c->asked = NULL;
		cp_hook_gate_read(&c->ticket, answer);
	}
	if (c && c->ticket.state == CP_TICKET_SILENT) {
		sh_log_limited(&limit, SH_LOG_WARN, "admission-hook-failed target=%s status=%u reason=\"%s\"",
			cp_hook_target(target, g->config->hooks.admission_url), answer->status,
			answer->status ? "it says nothing" : answer->error);
		decide_silent(c);
	} else if (c) {
		count(&g->counts, &c->ticket);
		decide(c);
	}
	begin_requests(g);
}

/* False: no memory. */
static bool begin_request(struct cp_waiting *c)
{
	struct cp_hook_gate *g = c->gate;
	struct cp_asked *asked = calloc(1, sizeof(*asked));
	char signature[CP_HOOK_SIGNATURE_SIZE];
	const struct cp_fetch request = {
		.url = g->config->hooks.admission_url,
		.body = c->body,
		.len = strlen(c->body),
		.header = signature,
		.timeout_ms = g->config->hooks.admission_timeout_ms,
		.answer_max = ANSWER_MAX,
	};

	if (!asked)
		return false;
	cp_hook_sign(g->secret, (int64_t)time(NULL), request.body, request.len, signature);
	asked->gate = g;
	if (cp_fetcher_send(g->fetcher, &request, answered, asked) != 0) {
		free(asked);
		return false;
	}
	asked->client = c;
	c->asked = asked;
	TAILQ_INSERT_TAIL(&g->asked, asked, next);
	g->asked_count++;
	return true;
}

/* Those whose requests cannot begin wait until their time is over. */
static void begin_requests(struct cp_hook_gate *g)
{
	struct cp_waiting *c;

	while (g->asked_count < ASKED_MAX && (c = TAILQ_FIRST(&g->queue))) {
		(void)begin_request(c);
		TAILQ_REMOVE(&g->queue, c, in_queue);
		free(c->body);
		c->body = NULL;
	}
}

/* --- what signaling calls ------------------------------------------------------------------------- */

static bool asks(void *arg)
{
	const struct cp_hook_gate *g = arg;

	return g->config->hooks.admission_url[0] != '\0';
}

static struct cp_ticket *ask(void *arg, const struct cp_gate_question *q, void (*decided)(void *asker),
	void *asker)
{
	struct cp_hook_gate *g = arg;
	struct cp_waiting *c;

	if (g->waiting_count >= g->config->hooks.admission_waiting) {
		g->counts.full++;
		return NULL;
	}
	c = calloc(1, sizeof(*c));
	if (!c || !(c->body = cp_hook_gate_print(q))) {
		free(c);
		return NULL;
	}
	c->gate = g;
	c->decided = decided;
	c->asker = asker;
	c->ticket.publish = q->publish;
	c->ticket.subscribe = q->subscribe;
	snprintf(c->ticket.room, sizeof(c->ticket.room), "%s", q->room);
	uv_update_time(g->timer.loop);
	c->until_ms = uv_now(g->timer.loop) + g->config->hooks.admission_timeout_ms;
	TAILQ_INSERT_TAIL(&g->waiting, c, in_order);
	TAILQ_INSERT_TAIL(&g->queue, c, in_queue);
	g->waiting_count++;
	g->counts.asked++;
	set_timer(g);
	begin_requests(g);
	return &c->ticket;
}

static void drop(void *arg, struct cp_ticket *ticket)
{
	struct cp_waiting *c = (struct cp_waiting *)ticket;

	if (ticket->state == CP_TICKET_WAITS)
		unlist(c);
	free(c);
}

/* --- start and stop --------------------------------------------------------------------------- */

void cp_hook_gate_start(struct cp_hook_gate *g, uv_loop_t *loop)
{
	TAILQ_INIT(&g->waiting);
	TAILQ_INIT(&g->queue);
	TAILQ_INIT(&g->asked);
	uv_timer_init(loop, &g->timer);
	g->timer.data = g;
	g->calls = (struct cp_gate){.arg = g, .asks = asks, .ask = ask, .drop = drop};
}

void cp_hook_gate_stop(struct cp_hook_gate *g)
{
	struct cp_asked *asked;

	while ((asked = TAILQ_FIRST(&g->asked))) {
		TAILQ_REMOVE(&g->asked, asked, next);
		free(asked);
	}
	uv_close((uv_handle_t *)&g->timer, NULL);
}

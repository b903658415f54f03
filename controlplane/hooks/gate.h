/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_CONTROLPLANE_HOOKS_GATE_H
#define SPATE_CONTROLPLANE_HOOKS_GATE_H

/*
 * Asks the operator's application at hooks.admission_url whether a client may join (docs/hooks.md).
 * Nobody else waits for the answer. The number of clients that wait is bounded, and each waits for
 * hooks.admission_timeout_ms at most.
 */

#include <sys/queue.h>

#include <uv.h>

#include "controlplane/admission/gate.h"
#include "controlplane/fetch/fetch.h"
#include "controlplane/hooks/signature.h"
#include "shared/config.h"

struct cp_asked;
struct cp_waiting;

struct cp_hook_gate_counts {
	uint64_t asked, allowed, refused;
	uint64_t silent; /* without an answer in time, or without one that says something */
	uint64_t full; /* clients that were not asked for because too many waited */
};

struct cp_hook_gate {
	const struct sh_config *config;
	const struct cp_hook_secret *secret;
	struct cp_fetcher *fetcher;
	uv_timer_t timer; /* the next end of waiting */
	TAILQ_HEAD(, cp_waiting) waiting; /* in the order in which they came */
	TAILQ_HEAD(, cp_waiting) queue; /* of these, whose requests have not begun */
	TAILQ_HEAD(, cp_asked) asked; /* requests under way, also those for which nobody waits any more */
	uint32_t waiting_count, asked_count;
	struct cp_hook_gate_counts counts;
	struct cp_gate calls; /* for signaling */
};

/* The owner sets the first three members before. */
void cp_hook_gate_start(struct cp_hook_gate *g, uv_loop_t *loop);
/* Nobody may wait any more, and the fetcher must have been closed. */
void cp_hook_gate_stop(struct cp_hook_gate *g);

/* Prints the question; to be freed with free(). NULL: no memory. */
char *cp_hook_gate_print(const struct cp_gate_question *q);
/* Reads an answer into the ticket, whose rights are those that were asked for. */
void cp_hook_gate_read(struct cp_ticket *t, const struct cp_fetched *answer);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_CONTROLPLANE_HOOKS_OUTBOX_H
#define SPATE_CONTROLPLANE_HOOKS_OUTBOX_H

/*
 * The events that are to be told to hooks.url, in the order in which they happened. One request
 * with up to CP_OUTBOX_BATCH events is under way at a time, so that the order stays. A request that
 * fails is repeated with the same events after 1, 2, 4, ... 30 seconds. The outbox is bounded: what
 * does not fit, and what could not be told for too long, is dropped and counted. No I/O.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>

enum { CP_OUTBOX_BATCH = 64 };

struct cp_outbox_event;

struct cp_outbox {
	uint32_t most; /* events */
	uint32_t keep_ms; /* how long it is tried to tell an event */

	TAILQ_HEAD(, cp_outbox_event) events; /* the oldest first */
	uint32_t count, sending; /* all; of these, in the request that is under way */
	uint32_t failures; /* in succession */
	uint64_t due_ms; /* after a failure: when the next request may begin */
	uint64_t told, full, late; /* events: told; dropped because of `most`; of `keep_ms` */
	uint64_t failed; /* requests */
};

void cp_outbox_init(struct cp_outbox *o);
/* Forgets all events. */
void cp_outbox_clear(struct cp_outbox *o);
/* Takes over `json`, an object; it is dropped if there is no room or no memory. */
void cp_outbox_add(struct cp_outbox *o, char *json, uint64_t now_ms);
/*
 * The body of the next request, {"node":NODE,"events":[...]}, for the caller to free(). It must be
 * answered with cp_outbox_answered(). NULL: there is nothing to send now, or no memory.
 */
char *cp_outbox_take(struct cp_outbox *o, const char *node, uint64_t now_ms, size_t *len);
/* The request has ended. `chance`: a random number, which spreads repetitions. */
void cp_outbox_answered(struct cp_outbox *o, bool good, uint64_t now_ms, uint32_t chance);
/* Time until cp_outbox_take() may have something; UINT64_MAX: until an event or an answer comes. */
uint64_t cp_outbox_due_in(const struct cp_outbox *o, uint64_t now_ms);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
#include "controlplane/hooks/outbox.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { RETRY_MS = 1000, RETRY_MAX_MS = 30000 };

struct cp_outbox_event {
	TAILQ_ENTRY(cp_outbox_event) next;
	uint64_t since_ms;
	char *json;
};

void cp_outbox_init(struct cp_outbox *o)
{
	memset(o, 0, sizeof(*o));
	TAILQ_INIT(&o->events);
}

static void remove_first(struct cp_outbox *o)
{
	struct cp_outbox_event *e = TAILQ_FIRST(&o->events);

	TAILQ_REMOVE(&o->events, e, next);
	o->count--;
	free(e->json);
	free(e);
}

void cp_outbox_clear(struct cp_outbox *o)
{
	while (o->count > 0)
		remove_first(o);
	o->sending = 0;
}

void cp_outbox_add(struct cp_outbox *o, char *json, uint64_t now_ms)
{
	struct cp_outbox_event *e = json && o->count < o->most ? malloc(sizeof(*e)) : NULL;

	if (!e) {
		o->full++;
		free(json);
		return;
	}
	e->json = json;
	e->since_ms = now_ms;
	TAILQ_INSERT_TAIL(&o->events, e, next);
	o->count++;
}

/* --- requests ------------------------------------------------------------------------------- */

static void drop_late(struct cp_outbox *o, uint64_t now_ms)
{
	const struct cp_outbox_event *e;

	while ((e = TAILQ_FIRST(&o->events)) && now_ms - e->since_ms > o->keep_ms) {
		remove_first(o);
		o->late++;
	}
}

char *cp_outbox_take(struct cp_outbox *o, const char *node, uint64_t now_ms, size_t *len)
{
	const struct cp_outbox_event *e;
	uint32_t taken = 0;
	char *body = NULL;
	FILE *f;

	if (o->sending > 0 || now_ms < o->due_ms)
		return NULL;
	drop_late(o, now_ms);
	if (o->count == 0 || !(f = open_memstream(&body, len)))
		return NULL;
	fprintf(f, "{\"node\":\"%s\",\"events\":[", node);
	for (e = TAILQ_FIRST(&o->events); e && taken < CP_OUTBOX_BATCH; e = TAILQ_NEXT(e, next))
		fprintf(f, "%s%s", taken++ > 0 ? "," : "", e->json);
	fputs("]}", f);
	if (fclose(f) != 0) {
		free(body);
		return NULL;
	}
	o->sending = taken;
	return body;
}

/* Between half and all of the time, so that servers that failed together do not return together. */
static uint64_t retry_ms(uint32_t failures, uint32_t chance)
{
	uint64_t ms = failures < 6 ? (uint64_t)RETRY_MS << (failures - 1) : RETRY_MAX_MS;

	if (ms > RETRY_MAX_MS)
		ms = RETRY_MAX_MS;
	return ms / 2 + chance % (ms / 2 + 1);
}

void cp_outbox_answered(struct cp_outbox *o, bool good, uint64_t now_ms, uint32_t chance)
{
	uint32_t sent = o->sending;

	o->sending = 0;
	if (!good) {
		o->failed++;
		o->failures++;
		o->due_ms = now_ms + retry_ms(o->failures, chance);
		return;
	}
	o->failures = 0;
	o->told += sent;
	for (; sent > 0; sent--)
		remove_first(o);
}

uint64_t cp_outbox_due_in(const struct cp_outbox *o, uint64_t now_ms)
{
	if (o->sending > 0 || o->count == 0)
		return UINT64_MAX;
	return o->due_ms > now_ms ? o->due_ms - now_ms : 0;
}

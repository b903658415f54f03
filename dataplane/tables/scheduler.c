/* SPDX-License-Identifier: Apache-2.0 */

#include "dataplane/tables/scheduler.h"

#include <string.h>

#include <rte_malloc.h>

#include "dataplane/tables/audience.h"
#include "dataplane/tables/stream.h"
#include "dataplane/worker/worker.h"

bool dp_schedule_init(struct dp_schedule *t, uint32_t streams, int socket)
{
	t->current = rte_zmalloc_socket("schedule", streams * sizeof(*t->current), 0, socket);
	t->next = rte_zmalloc_socket("next schedule", streams * sizeof(*t->next), 0, socket);
	return t->current && t->next;
}

struct dp_schedule *dp_schedule_of(struct dp_worker *w, const struct dp_audience *a)
{
	return a->stream->kind == SH_KIND_AUDIO ? &w->audio[a->port_index] : &w->video[a->port_index];
}

void dp_schedule_add(struct dp_worker *w, struct dp_audience *a)
{
	struct dp_schedule *t = dp_schedule_of(w, a);

	a->waiting = true;
	if (a->round == t->round)
		t->next[t->next_count++] = a;
	else
		t->current[t->count++] = a;
}

static bool remove_from(struct dp_audience **list, uint32_t *count, const struct dp_audience *a)
{
	for (uint32_t i = 0; i < *count; i++)
		if (list[i] == a) {
			memmove(list + i, list + i + 1, (--*count - i) * sizeof(list[0]));
			return true;
		}
	return false;
}

void dp_schedule_remove(struct dp_worker *w, struct dp_audience *a)
{
	struct dp_schedule *t = dp_schedule_of(w, a);

	if (!remove_from(t->current, &t->count, a))
		remove_from(t->next, &t->next_count, a);
	a->waiting = false;
}

bool dp_schedule_begin_round(struct dp_schedule *t)
{
	struct dp_audience **empty = t->current;

	if (t->count)
		return true;
	if (!t->next_count)
		return false;
	t->current = t->next;
	t->count = t->next_count;
	t->next = empty;
	t->next_count = 0;
	t->round++;
	return true;
}

void dp_schedule_end_passes(struct dp_schedule *t, uint32_t done, bool stopped)
{
	struct dp_audience *incomplete = stopped ? t->current[done] : NULL;
	uint32_t from = stopped ? done + 1 : done, left = t->count - from;

	memmove(t->current, t->current + from, left * sizeof(t->current[0]));
	if (incomplete)
		t->current[left++] = incomplete;
	t->count = left;
}

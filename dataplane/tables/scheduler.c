/* SPDX-License-Identifier: Apache-2.0 */

/* Which audience's pass comes next. */

#include "dataplane/tables/scheduler.h"

#include <string.h>

#include <rte_malloc.h>

#include "dataplane/tables/audience.h"
#include "dataplane/tables/stream.h"
#include "dataplane/worker/worker.h"

bool dp_turns_init(struct dp_turns *t, uint32_t streams, int socket)
{
	t->now = rte_zmalloc_socket("turns", streams * sizeof(*t->now), 0, socket);
	t->later = rte_zmalloc_socket("later turns", streams * sizeof(*t->later), 0, socket);
	return t->now && t->later;
}

struct dp_turns *dp_turns_of(struct dp_worker *w, const struct dp_audience *a)
{
	return a->stream->kind == SH_KIND_AUDIO ? &w->audio[a->port] : &w->video[a->port];
}

void dp_turns_add(struct dp_worker *w, struct dp_audience *a)
{
	struct dp_turns *t = dp_turns_of(w, a);

	a->waiting = true;
	if (a->round == t->round)
		t->later[t->later_count++] = a;
	else
		t->now[t->count++] = a;
}

static bool take_out(struct dp_audience **list, uint32_t *count, const struct dp_audience *a)
{
	for (uint32_t i = 0; i < *count; i++)
		if (list[i] == a) {
			memmove(list + i, list + i + 1, (--*count - i) * sizeof(list[0]));
			return true;
		}
	return false;
}

void dp_turns_remove(struct dp_worker *w, struct dp_audience *a)
{
	struct dp_turns *t = dp_turns_of(w, a);

	if (!take_out(t->now, &t->count, a))
		take_out(t->later, &t->later_count, a);
	a->waiting = false;
}

bool dp_turns_begin(struct dp_turns *t)
{
	struct dp_audience **empty = t->now;

	if (t->count)
		return true;
	if (!t->later_count)
		return false;
	t->now = t->later;
	t->count = t->later_count;
	t->later = empty;
	t->later_count = 0;
	t->round++;
	return true;
}

void dp_turns_done(struct dp_turns *t, uint32_t done, bool stopped)
{
	struct dp_audience *one = stopped ? t->now[done] : NULL;
	uint32_t from = stopped ? done + 1 : done, left = t->count - from;

	memmove(t->now, t->now + from, left * sizeof(t->now[0]));
	if (one)
		t->now[left++] = one;
	t->count = left;
}

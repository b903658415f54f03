/* SPDX-License-Identifier: Apache-2.0 */

/* Which stream's pass comes next. */

#include <string.h>

#include <rte_malloc.h>

#include "stream.h"

bool dp_turns_init(struct dp_turns *t, uint32_t streams, int socket)
{
	t->now = rte_zmalloc_socket("turns", streams * sizeof *t->now, 0, socket);
	t->later = rte_zmalloc_socket("later turns", streams * sizeof *t->later, 0, socket);
	return t->now && t->later;
}

struct dp_turns *dp_turns_of(struct dp_worker *w, const struct dp_stream *s)
{
	return s->kind == SH_KIND_AUDIO ? &w->audio : &w->video;
}

void dp_turns_add(struct dp_worker *w, struct dp_stream *s)
{
	struct dp_turns *t = dp_turns_of(w, s);
	struct dp_audience *a = &w->audience[s->slot];

	a->waiting = true;
	if (a->round == t->round)
		t->later[t->later_count++] = s;
	else
		t->now[t->count++] = s;
}

static bool take_out(struct dp_stream **list, uint32_t *count, const struct dp_stream *s)
{
	for (uint32_t i = 0; i < *count; i++)
		if (list[i] == s) {
			memmove(list + i, list + i + 1, (--*count - i) * sizeof list[0]);
			return true;
		}
	return false;
}

void dp_turns_remove(struct dp_worker *w, struct dp_stream *s)
{
	struct dp_turns *t = dp_turns_of(w, s);

	if (!take_out(t->now, &t->count, s))
		take_out(t->later, &t->later_count, s);
	w->audience[s->slot].waiting = false;
}

bool dp_turns_begin(struct dp_turns *t)
{
	struct dp_stream **empty = t->now;

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
	struct dp_stream *one = stopped ? t->now[done] : NULL;
	uint32_t from = stopped ? done + 1 : done, left = t->count - from;

	memmove(t->now, t->now + from, left * sizeof t->now[0]);
	if (one)
		t->now[left++] = one;
	t->count = left;
}

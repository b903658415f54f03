/* SPDX-License-Identifier: Apache-2.0 */

/* The viewers of a stream on one worker, and that worker's place in the stream's ring. */

#include "stream.h"

/*
 * Begins to read at the stream's head. stream.h says why the order of the store, the
 * fence and the load matters.
 */
static void attach(struct dp_worker *w, struct dp_stream *s, struct dp_audience *a)
{
	uint64_t at;

	do {
		at = atomic_load_explicit(&s->head, memory_order_acquire);
		atomic_store_explicit(&s->cursor[w->id].at, at, memory_order_relaxed);
		atomic_thread_fence(memory_order_seq_cst);
	} while (atomic_load_explicit(&s->freed, memory_order_relaxed) > at);

	a->low = a->served = a->target = at;
	a->resume = NULL;
	a->changed = false;
	a->round = dp_turns_of(w, s)->round - 1; /* it has not had a pass in this one */
	w->watched[w->watched_count++] = s;
}

static void detach(struct dp_worker *w, struct dp_stream *s, struct dp_audience *a)
{
	for (uint32_t i = 0; i < w->watched_count; i++)
		if (w->watched[i] == s) {
			w->watched[i] = w->watched[--w->watched_count];
			break;
		}
	if (a->waiting)
		dp_turns_remove(w, s);
	a->resume = NULL;
	atomic_store_explicit(&s->cursor[w->id].at, DP_CURSOR_NONE, memory_order_release);
}

bool dp_audience_join(struct dp_worker *w, struct dp_consumer *c)
{
	struct dp_audience *a = &w->audience[c->stream->slot];
	struct dp_audience_chunk *chunk = a->first;

	if (!chunk || chunk->count == RTE_DIM(chunk->member)) {
		void *memory;

		if (rte_mempool_get(w->chunk_pool, &memory))
			return false;
		if (!chunk)
			attach(w, c->stream, a);
		chunk = memory;
		chunk->count = 0;
		chunk->next = a->first;
		a->first = chunk;
	}
	c->chunk = chunk;
	c->index = (uint32_t)chunk->count;
	c->at = a->resume ? a->target : a->served;
	chunk->member[chunk->count++] = c;
	a->changed = true;
	return true;
}

/* The last member of the first chunk moves into the gap, so that only that one has room. */
void dp_audience_leave(struct dp_worker *w, struct dp_consumer *c)
{
	struct dp_audience *a = &w->audience[c->stream->slot];
	struct dp_audience_chunk *first = a->first;
	struct dp_consumer *last = first->member[--first->count];

	c->chunk->member[c->index] = last;
	last->chunk = c->chunk;
	last->index = c->index;
	c->chunk = NULL;
	a->changed = true;
	if (first->count)
		return;
	/* A pass that stands in this chunk begins again. */
	if (a->resume == first)
		a->resume = first->next;
	a->resume_index = 0;
	a->first = first->next;
	rte_mempool_put(w->chunk_pool, first);
	if (!a->first)
		detach(w, c->stream, a);
}

void dp_audience_let_go(struct dp_worker *w, struct dp_stream *s)
{
	struct dp_audience *a = &w->audience[s->slot];
	uint64_t low = a->low;

	if (a->served - low > s->window)
		low = a->served - s->window;
	while (low < a->served && dp_stream_aged(w, s->ring[low & s->mask].rx_ns, w->keep_ns))
		low++;
	if (low == a->low)
		return;
	a->low = low;
	atomic_store_explicit(&s->cursor[w->id].at, low, memory_order_release);
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "dataplane/tables/encodings.h"

#include "dataplane/tables/layering.h"
#include "dataplane/tables/stream.h"
#include "dataplane/tables/transport.h"
#include "dataplane/worker/clock.h"

#define SILENT (500 * DP_MS)
#define BACK   (2000 * DP_MS)
enum { ADVANCED = 3 }; /* pictures of another encoding */

void dp_encodings_init(struct dp_encodings *e, uint8_t count)
{
	uint32_t order = 0;

	e->count = count;
	for (unsigned i = 0; i < count; i++)
		order |= i << 8 * i;
	atomic_store_explicit(&e->order, order, memory_order_relaxed);
}

void dp_encodings_put(struct dp_stream *lead, unsigned encoding, struct dp_stream *s)
{
	atomic_store_explicit(&lead->encodings.stream[encoding], s, memory_order_release);
}

struct dp_stream *dp_encoding(const struct dp_stream *lead, unsigned encoding)
{
	return atomic_load_explicit(&lead->encodings.stream[encoding], memory_order_acquire);
}

unsigned dp_encoding_of_rank(const struct dp_stream *lead, unsigned spatial)
{
	return atomic_load_explicit(&lead->encodings.order, memory_order_relaxed) >> 8 * spatial & 0xff;
}

unsigned dp_rank_of_encoding(const struct dp_stream *lead, unsigned encoding)
{
	unsigned rank = 0;

	while (rank + 1 < lead->encodings.count && dp_encoding_of_rank(lead, rank) != encoding)
		rank++;
	return rank;
}

static bool rank_active(const struct dp_stream *lead, unsigned rank)
{
	const struct dp_stream *s = dp_encoding(lead, dp_encoding_of_rank(lead, rank));

	return s && atomic_load_explicit(&s->layering->active, memory_order_relaxed);
}

unsigned dp_encodings_best(const struct dp_stream *lead, unsigned spatial)
{
	unsigned count = lead->encodings.count;

	if (spatial >= count)
		spatial = count - 1u;
	for (unsigned rank = spatial + 1; rank > 0; rank--)
		if (rank_active(lead, rank - 1))
			return rank - 1;
	for (unsigned rank = spatial + 1; rank < count; rank++)
		if (rank_active(lead, rank))
			return rank;
	return spatial;
}

unsigned dp_layers_best(const struct dp_stream *s, unsigned spatial)
{
	const struct dp_layering *l = s->layering;
	unsigned alive = atomic_load_explicit(&l->alive, memory_order_relaxed), best = spatial;

	if (spatial >= l->spatial)
		best = l->spatial - 1u;
	if (!alive)
		return best;
	while (best > 0 && !(alive >> best & 1))
		best--;
	while (!(alive >> best & 1))
		best++;
	return best;
}

/* --- by the owner ------------------------------------------------------------------------- */

/* Whether another encoding has gone on since this one was last heard. */
static bool others_advanced(const struct dp_stream *lead, const struct dp_layering *l)
{
	for (unsigned i = 0; i < lead->encodings.count; i++) {
		const struct dp_stream *other = dp_encoding(lead, i);

		if (other && other->layering != l &&
			other->layering->pictures - l->seen_pictures[i] >= ADVANCED)
			return true;
	}
	return false;
}

static void note_others(const struct dp_stream *lead, struct dp_layering *l)
{
	for (unsigned i = 0; i < lead->encodings.count; i++) {
		const struct dp_stream *other = dp_encoding(lead, i);

		l->seen_pictures[i] = other ? other->layering->pictures : 0;
	}
}

static void update_active(const struct dp_stream *lead, struct dp_layering *l, uint64_t now_ns)
{
	bool active = atomic_load_explicit(&l->active, memory_order_relaxed);

	if (!l->last_ns)
		return;
	if (l->last_ns != l->heard_ns) {
		bool first = l->heard_ns == 0;

		if (!active && !l->back_ns)
			l->back_ns = l->last_ns;
		l->heard_ns = l->last_ns;
		note_others(lead, l);
		active |= first || now_ns - l->back_ns >= BACK;
	} else if (now_ns - l->last_ns > SILENT && others_advanced(lead, l)) {
		active = false;
		l->back_ns = 0;
	}
	atomic_store_explicit(&l->active, active, memory_order_relaxed);
}

static void update_alive(struct dp_layering *l, uint64_t now_ns)
{
	unsigned alive = atomic_load_explicit(&l->alive, memory_order_relaxed);

	for (unsigned s = 0; s < l->spatial; s++) {
		uint64_t last_ns = l->layer[s].last_ns, *back_ns = &l->layer[s].back_ns;
		bool silent = now_ns - last_ns > SILENT && l->pictures - l->layer[s].pictures >= ADVANCED;
		unsigned bit = 1u << s;

		if (!last_ns)
			continue;
		if (silent) {
			alive &= ~bit;
			*back_ns = 0;
		} else if (!*back_ns) {
			*back_ns = last_ns;
			alive |= l->heard_layers & bit ? 0 : bit; /* the first time at once */
			l->heard_layers |= (uint8_t)bit;
		} else if (now_ns - *back_ns >= BACK) {
			alive |= bit;
		}
	}
	atomic_store_explicit(&l->alive, (uint8_t)alive, memory_order_relaxed);
}

static uint32_t height_of(const struct dp_stream *s)
{
	return atomic_load_explicit(&s->layering->size, memory_order_relaxed) & 0xffff;
}

static uint32_t rate_of(const struct dp_stream *s)
{
	const struct dp_layering *l = s->layering;

	return atomic_load_explicit(&l->kbps[l->points - 1], memory_order_relaxed);
}

static bool larger(const struct dp_stream *a, const struct dp_stream *b)
{
	return height_of(a) != height_of(b) ? height_of(a) > height_of(b) : rate_of(a) > rate_of(b);
}

static void update_order(struct dp_stream *lead)
{
	unsigned count = lead->encodings.count, index[SH_MAX_ENCODINGS], known = 0;
	uint32_t order = 0;

	for (unsigned i = 0; i < count; i++) {
		if (!dp_encoding(lead, i))
			return;
		known += height_of(dp_encoding(lead, i)) != 0;
		index[i] = i;
	}
	/* As long as a size is not known, the order of signalling says more than what began first. */
	for (unsigned i = 1; i < count && known == count; i++)
		for (unsigned k = i;
			k > 0 && larger(dp_encoding(lead, index[k - 1]), dp_encoding(lead, index[k])); k--) {
			unsigned swap = index[k];

			index[k] = index[k - 1];
			index[k - 1] = swap;
		}
	for (unsigned i = 0; i < count; i++)
		order |= index[i] << 8 * i;
	atomic_store_explicit(&lead->encodings.order, order, memory_order_relaxed);
	lead->encodings.ordered = known == count;
}

void dp_encodings_update(struct dp_transport *t, uint64_t now_ns)
{
	for (struct dp_stream *s = t->streams; s; s = s->next_on_transport) {
		if (!s->layering)
			continue;
		dp_layering_rates(s->layering, now_ns);
		update_active(s->lead, s->layering, now_ns);
		if (s->layering->spatial > 1)
			update_alive(s->layering, now_ns);
		if (s->lead == s && s->encodings.count > 1 && !s->encodings.ordered)
			update_order(s);
	}
}

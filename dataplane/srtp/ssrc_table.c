/* SPDX-License-Identifier: Apache-2.0 */
#include "dataplane/srtp/ssrc_table.h"

#include <errno.h>
#include <string.h>

/* One place: pointers into the session or into a block. */
struct place {
	uint32_t *ssrc, *recent, bit;
	struct dp_replay *state;
};

static struct place place_of(struct dp_ssrc_table *t, unsigned at)
{
	struct dp_ssrc_block *b = t->more;

	if (at < DP_SRTP_SSRCS)
		return (struct place){&t->ssrc[at], &t->recent, 1u << at, &t->state[at]};
	for (at -= DP_SRTP_SSRCS; at >= DP_SRTP_BLOCK_SSRCS; at -= DP_SRTP_BLOCK_SSRCS)
		b = b->next;
	return (struct place){&b->ssrc[at], &b->recent, 1u << at, &b->state[at]};
}

static unsigned lesser(unsigned a, unsigned b)
{
	return a < b ? a : b;
}

void dp_ssrc_begin(struct dp_ssrc_table *t, unsigned limit)
{
	t->limit = (uint16_t)lesser(limit, DP_SRTP_SSRC_MAX);
	t->places = (uint16_t)lesser(t->limit, DP_SRTP_SSRCS);
}

/*
 * Whether an SSRC may be in a block: all of its places are compared, free ones too, because that
 * takes a few instructions, and a search place by place one or two for each.
 */
static bool may_have(const struct dp_ssrc_block *b, uint32_t ssrc)
{
	typedef uint32_t four __attribute__((vector_size(16)));
	four found = {0};

	for (unsigned i = 0; i < DP_SRTP_BLOCK_SSRCS; i += 4) {
		four part;

		memcpy(&part, &b->ssrc[i], sizeof(part));
		found |= (four)(part == ssrc);
	}
	return found[0] | found[1] | found[2] | found[3];
}

int dp_ssrc_find(const struct dp_ssrc_table *t, uint32_t ssrc)
{
	unsigned inside = lesser(t->count, DP_SRTP_SSRCS), base = DP_SRTP_SSRCS;

	for (unsigned i = 0; i < inside; i++)
		if (t->ssrc[i] == ssrc)
			return (int)i;
	for (const struct dp_ssrc_block *b = t->more; b && base < t->count; b = b->next) {
		unsigned n = may_have(b, ssrc) ? lesser(t->count - base, DP_SRTP_BLOCK_SSRCS) : 0;

		for (unsigned i = 0; i < n; i++)
			if (b->ssrc[i] == ssrc)
				return (int)(base + i);
		base += DP_SRTP_BLOCK_SSRCS;
	}
	return -ENOENT;
}

uint32_t dp_ssrc_at(const struct dp_ssrc_table *t, int place)
{
	return *place_of((struct dp_ssrc_table *)(uintptr_t)t, (unsigned)place).ssrc;
}

struct dp_replay *dp_ssrc_state(struct dp_ssrc_table *t, int place)
{
	return place_of(t, (unsigned)place).state;
}

static bool is_kept(const struct dp_srtp_keep *keep, uint32_t ssrc)
{
	return !keep->window || keep->window(keep->arg, ssrc);
}

int dp_ssrc_room(const struct dp_ssrc_table *t, const struct dp_srtp_keep *keep)
{
	int recent = -ENOSPC;

	if (t->count < t->places)
		return t->count;
	for (unsigned n = 0; n < t->count; n++) {
		unsigned i = (t->next + n) % t->count;
		struct place p = place_of((struct dp_ssrc_table *)(uintptr_t)t, i);

		if (recent >= 0 && (*p.recent & p.bit))
			continue;
		if (is_kept(keep, *p.ssrc))
			continue;
		if ((*p.recent & p.bit) == 0)
			return (int)i;
		recent = (int)i;
	}
	return recent;
}

static void clear_recent(struct dp_ssrc_table *t)
{
	t->recent = 0;
	for (struct dp_ssrc_block *b = t->more; b; b = b->next)
		b->recent = 0;
}

bool dp_ssrc_accept(struct dp_ssrc_table *t, int place, uint32_t ssrc)
{
	struct place p = place_of(t, (unsigned)place);
	bool replaced = place < t->count && *p.ssrc != ssrc;
	bool new = replaced || place == t->count;

	if (replaced) {
		/*
		 * Every SSRC that could be replaced had its bit set. Clear all bits to learn again
		 * which SSRCs are active.
		 */
		if (*p.recent & p.bit)
			clear_recent(t);
		t->next = (uint16_t)(place + 1);
	}
	if (place == t->count)
		t->count++;
	if (new)
		*p.state = (struct dp_replay){0};
	*p.ssrc = ssrc;
	*p.recent |= p.bit;
	return new;
}

static unsigned blocks_for(unsigned places)
{
	return places <= DP_SRTP_SSRCS
		       ? 0
		       : (places - DP_SRTP_SSRCS + DP_SRTP_BLOCK_SSRCS - 1) / DP_SRTP_BLOCK_SSRCS;
}

static void set_places(struct dp_ssrc_table *t, unsigned blocks)
{
	t->places = (uint16_t)lesser(t->limit, DP_SRTP_SSRCS + blocks * DP_SRTP_BLOCK_SSRCS);
}

static void give_chain(struct dp_ssrc_block *b, const struct dp_srtp_blocks *pool)
{
	while (b) {
		struct dp_ssrc_block *next = b->next;

		pool->give(pool->arg, b);
		b = next;
	}
}

/* Appends n blocks. ENOSPC: the pool has not so many. */
static int append(struct dp_ssrc_table *t, unsigned n, const struct dp_srtp_blocks *pool)
{
	struct dp_ssrc_block *chain = NULL, **end = &t->more;

	for (; n > 0; n--) {
		struct dp_ssrc_block *b = pool->take ? pool->take(pool->arg) : NULL;

		if (!b) {
			give_chain(chain, pool);
			return ENOSPC;
		}
		memset(b, 0, sizeof(*b));
		b->next = chain;
		chain = b;
	}
	while (*end)
		end = &(*end)->next;
	*end = chain;
	return 0;
}

static unsigned kept(struct dp_ssrc_table *t, const struct dp_srtp_keep *keep)
{
	unsigned n = 0;

	for (unsigned i = 0; i < t->count; i++)
		n += is_kept(keep, *place_of(t, i).ssrc);
	return n;
}

/* Moves what is kept to the first `places`, in place of what is not. */
static void compact(struct dp_ssrc_table *t, unsigned places, const struct dp_srtp_keep *keep,
	dp_ssrc_forget *forget, struct dp_srtp_session *s)
{
	unsigned to = 0;

	for (unsigned i = places; i < t->count; i++) {
		struct place from = place_of(t, i), at = from;

		if (is_kept(keep, *from.ssrc)) {
			while (is_kept(keep, *place_of(t, to).ssrc))
				to++;
			at = place_of(t, to++);
			uint32_t lost = *at.ssrc;

			*at.ssrc = *from.ssrc;
			*at.state = *from.state;
			*at.recent |= at.bit;
			*from.ssrc = lost;
		}
		if (forget)
			forget(s, t, *from.ssrc);
	}
	if (t->count > places)
		t->count = (uint16_t)places;
	t->next = 0;
}

static void truncate_chain(struct dp_ssrc_table *t, unsigned blocks, const struct dp_srtp_blocks *pool)
{
	struct dp_ssrc_block **end = &t->more;

	for (; blocks > 0; blocks--)
		end = &(*end)->next;
	give_chain(*end, pool);
	*end = NULL;
}

int dp_ssrc_resize(struct dp_ssrc_table *t, unsigned wanted, const struct dp_srtp_blocks *pool,
	const struct dp_srtp_keep *keep, dp_ssrc_forget *forget, struct dp_srtp_session *s)
{
	unsigned has = blocks_for(t->places), needs = blocks_for(lesser(wanted, t->limit));
	unsigned places = DP_SRTP_SSRCS + needs * DP_SRTP_BLOCK_SSRCS;

	if (needs == has)
		return 0;
	if (needs > has) {
		int error = append(t, needs - has, pool);

		if (error != 0)
			return error;
	} else {
		if (t->count > places && kept(t, keep) > places)
			return 0;
		compact(t, places, keep, forget, s);
		truncate_chain(t, needs, pool);
	}
	set_places(t, needs);
	return 0;
}

void dp_ssrc_end(struct dp_ssrc_table *t, const struct dp_srtp_blocks *pool)
{
	give_chain(t->more, pool);
	t->more = NULL;
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "dataplane/srtp/replay.h"

#include <errno.h>
#include <string.h>

int dp_ssrc_find(const struct dp_ssrc_set *set, uint32_t ssrc)
{
	for (uint32_t i = 0; i < set->count; i++)
		if (set->ssrc[i] == ssrc)
			return (int)i;
	return -ENOENT;
}

int dp_ssrc_room(const struct dp_ssrc_set *set, const struct dp_srtp_keep *keep)
{
	int recent = -ENOSPC;

	if (set->count < set->limit)
		return set->count;
	for (unsigned n = 0; n < set->count; n++) {
		unsigned i = (set->next + n) % set->count;

		if (!keep->window || keep->window(keep->arg, set->ssrc[i]))
			continue;
		if ((set->recent >> i & 1) == 0)
			return (int)i;
		if (recent < 0)
			recent = (int)i;
	}
	return recent;
}

bool dp_ssrc_accept(struct dp_ssrc_set *set, int place, uint32_t ssrc)
{
	uint32_t bit = 1u << place;
	bool replaced = place < set->count && set->ssrc[place] != ssrc;
	bool new = replaced || place == set->count;

	if (replaced) {
		/*
		 * Every SSRC that could be replaced had its bit set. Clear all bits to learn again
		 * which SSRCs are active.
		 */
		if (set->recent & bit)
			set->recent = 0;
		set->next = (uint8_t)(place + 1);
	}
	if (place == set->count)
		set->count++;
	set->ssrc[place] = ssrc;
	set->recent |= bit;
	return new;
}

uint64_t dp_replay_estimate(const struct dp_replay *r, uint16_t seq)
{
	uint64_t roc = r->highest >> 16;
	uint16_t last = (uint16_t)r->highest;

	if (last < 0x8000) {
		/* before the first roll-over there is no lower ROC */
		if (seq > last + 0x8000 && roc > 0)
			roc--;
	} else if (last - 0x8000 > seq) {
		roc++;
	}
	return roc << 16 | seq;
}

struct dp_srtp_window *dp_replay_window(const struct dp_srtp_keep *keep, uint32_t ssrc)
{
	return keep->window ? keep->window(keep->arg, ssrc) : NULL;
}

static bool seen_near(const struct dp_replay *r, uint64_t age)
{
	return r->seen[age / 64] >> (age % 64) & 1;
}

static bool wide_seen(const struct dp_srtp_window *wide, uint64_t index)
{
	return wide->seen[index % DP_SRTP_WINDOW / 64] >> (index % 64) & 1;
}

static void wide_set(struct dp_srtp_window *wide, uint64_t index, bool seen)
{
	uint64_t *word = &wide->seen[index % DP_SRTP_WINDOW / 64], bit = 1ull << (index % 64);

	*word = seen ? *word | bit : *word & ~bit;
}

/* Whether every packet that `r` accepted of this SSRC was noted in `wide` as well. */
static bool wide_follows(const struct dp_srtp_window *wide, const struct dp_replay *r, uint32_t ssrc)
{
	return wide->begun && wide->ssrc == ssrc && wide->highest == r->highest;
}

bool dp_replay_fresh(const struct dp_replay *r, const struct dp_srtp_window *wide, uint32_t ssrc,
	uint64_t index)
{
	if (index > r->highest)
		return true;
	uint64_t age = r->highest - index;
	if (age < DP_REPLAY_WINDOW)
		return !seen_near(r, age);
	return age < DP_SRTP_WINDOW && wide && wide_follows(wide, r, ssrc) && !wide_seen(wide, index);
}

/*
 * Starts the long window with what `r` knows. What is older than the short window counts as
 * accepted, because nothing is known of it, unless the SSRC is new.
 */
static void wide_begin(struct dp_srtp_window *wide, const struct dp_replay *r, uint32_t ssrc, bool new)
{
	wide->begun = true;
	wide->ssrc = ssrc;
	wide->highest = r->highest;
	memset(wide->seen, new ? 0 : 0xff, sizeof(wide->seen));
	for (uint64_t age = 0; age < DP_REPLAY_WINDOW && age <= r->highest; age++)
		wide_set(wide, r->highest - age, seen_near(r, age));
}

static void wide_commit(struct dp_srtp_window *wide, uint64_t index)
{
	if (index > wide->highest) {
		if (index - wide->highest >= DP_SRTP_WINDOW)
			memset(wide->seen, 0, sizeof(wide->seen));
		else
			for (uint64_t i = wide->highest + 1; i < index; i++)
				wide_set(wide, i, false);
		wide->highest = index;
	}
	wide_set(wide, index, true);
}

static void commit(struct dp_replay *r, uint64_t index)
{
	if (index <= r->highest) {
		uint64_t age = r->highest - index;
		if (age < DP_REPLAY_WINDOW) /* else only the long window has a bit for it */
			r->seen[age / 64] |= 1ull << (age % 64);
		return;
	}
	uint64_t by = index - r->highest;
	if (by >= DP_REPLAY_WINDOW) {
		r->seen[0] = r->seen[1] = 0;
	} else if (by >= 64) {
		r->seen[1] = r->seen[0] << (by - 64);
		r->seen[0] = 0;
	} else {
		r->seen[1] = r->seen[1] << by | r->seen[0] >> (64 - by);
		r->seen[0] <<= by;
	}
	r->seen[0] |= 1;
	r->highest = index;
}

void dp_replay_accept(struct dp_replay_table *t, int place, struct dp_srtp_window *wide, uint32_t ssrc,
	uint64_t index)
{
	struct dp_replay *r = &t->state[place];
	bool new = dp_ssrc_accept(&t->set, place, ssrc);

	if (new)
		*r = (struct dp_replay){0};
	if (wide && (new || !wide_follows(wide, r, ssrc)))
		wide_begin(wide, r, ssrc, new);
	commit(r, index);
	if (wide)
		wide_commit(wide, index);
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "dataplane/srtp/replay.h"

#include <errno.h>

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

		if (!keep->in_use || keep->in_use(keep->arg, set->ssrc[i]))
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

bool dp_replay_fresh(const struct dp_replay *r, uint64_t index)
{
	if (index > r->highest)
		return true;
	uint64_t age = r->highest - index;
	return age < DP_REPLAY_WINDOW && (r->seen[age / 64] >> (age % 64) & 1) == 0;
}

static void commit(struct dp_replay *r, uint64_t index)
{
	if (index <= r->highest) {
		uint64_t age = r->highest - index;
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

void dp_replay_accept(struct dp_replay_table *t, int place, uint32_t ssrc, uint64_t index)
{
	if (dp_ssrc_accept(&t->set, place, ssrc))
		t->state[place] = (struct dp_replay){0};
	commit(&t->state[place], index);
}

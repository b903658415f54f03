/* SPDX-License-Identifier: Apache-2.0 */
#include "replay.h"

int dp_ssrc_find(const struct dp_ssrc_set *set, uint32_t ssrc)
{
	for (uint32_t i = 0; i < set->count; i++)
		if (set->ssrc[i] == ssrc)
			return (int)i;
	return -1;
}

int dp_ssrc_add(struct dp_ssrc_set *set, uint32_t ssrc)
{
	set->ssrc[set->count] = ssrc;
	return (int)set->count++;
}

uint64_t dp_replay_estimate(const struct dp_replay *r, uint16_t seq)
{
	uint64_t roc = r->highest >> 16;
	uint16_t last = (uint16_t)r->highest;

	if (last < 0x8000) {
		/* there is nothing before the first roll-over */
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
	if (place < 0)
		place = dp_ssrc_add(&t->set, ssrc);
	commit(&t->state[place], index);
}

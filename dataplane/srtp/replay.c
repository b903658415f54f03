/* SPDX-License-Identifier: Apache-2.0 */
#include "dataplane/srtp/replay.h"

#include <string.h>

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

void dp_replay_accept(struct dp_ssrc_table *t, int place, struct dp_srtp_window *wide, uint32_t ssrc,
	uint64_t index)
{
	bool new = dp_ssrc_accept(t, place, ssrc);
	struct dp_replay *r = dp_ssrc_state(t, place);

	if (wide && (new || !wide_follows(wide, r, ssrc)))
		wide_begin(wide, r, ssrc, new);
	commit(r, index);
	if (wide)
		wide_commit(wide, index);
}

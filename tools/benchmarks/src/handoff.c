/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/benchmarks/src/handoff.h"

void handoff_cases(struct spread_case cases[HANDOFF_CASES], unsigned workers, bool fanout)
{
	cases[0] = (struct spread_case){.name = fanout ? "handoff-none" : "one-stream",
		.layout = {.streams = 1, .viewers_on = 1},
		.against = -1};
	cases[1] = (struct spread_case){.name = fanout ? "handoff-wake" : "viewers-elsewhere",
		.layout = {.streams = 1, .producers_from = 1},
		.exchanged = {.streams = 1, .viewers_from = 1},
		.against = 0};
	cases[2] = (struct spread_case){.name = fanout ? "handoff-steer" : "wrong-queue",
		.layout = {.streams = 1, .astray = 1},
		.exchanged = {.streams = 1, .producers_from = 1, .viewers_from = 1, .astray = workers - 1},
		.against = 0};
}

void handoff_measure(const struct spread *s, const struct spread_case *c, struct result *result)
{
	struct result other = *result;

	result->workers = 2;
	spread_measure(s, &c->layout, true, result);
	spread_measure(s, &c->exchanged, true, &other);
	result->cycles += other.cycles;
	result->floor_ratio += other.floor_ratio;
	result->dropped += other.dropped;
	result->verified += other.verified;
	result->right &= other.right;
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "dataplane/rtp/feedback.h"

#include "dataplane/rtp/ticks.h"

enum {
	GATE_BURST = 4, /* requests to a producer after which the interval doubles */
	BUDGET_BURST = 5, /* requests that a viewer may make in a row */
};
#define BUDGET_REFILL 5000000000ull /* time for one more */

/* Takes a token if there is one. The state is the time at which the bucket will be full. */
static bool take_token(uint64_t *full, uint64_t now, uint64_t refill, unsigned burst)
{
	uint64_t from = *full > now ? *full : now;

	if (from + refill > now + burst * refill)
		return false;
	*full = from + refill;
	return true;
}

static bool interval_over(const struct dp_keyframe_gate *g, uint64_t now, uint64_t interval_ns)
{
	return g->last == 0 || now - g->last >= interval_ns;
}

bool dp_keyframe_request_due(struct dp_keyframe_gate *g, uint64_t now, uint64_t interval_ns)
{
	g->pending = true;
	return dp_keyframe_due(g, now, interval_ns);
}

bool dp_keyframe_due(struct dp_keyframe_gate *g, uint64_t now, uint64_t interval_ns)
{
	if (!g->pending || !interval_over(g, now, interval_ns) ||
		!take_token(&g->full, now, 2 * interval_ns, GATE_BURST))
		return false;
	g->pending = false;
	g->last = now;
	return true;
}

void dp_keyframe_arrived(struct dp_keyframe_gate *g)
{
	g->pending = false;
}

bool dp_keyframe_budget_charge(struct dp_keyframe_budget *b, uint64_t now)
{
	return take_token(&b->full, now, BUDGET_REFILL, BUDGET_BURST);
}

bool dp_keyframe_budget_take(struct dp_keyframe_budget *b, uint64_t now, uint64_t interval_ns,
	uint64_t arrived, bool *limited)
{
	bool answered = !b->last || arrived >= b->last;

	*limited = false;
	if (!answered && now - b->last < interval_ns)
		return false;
	*limited = answered && !dp_keyframe_budget_charge(b, now);
	if (*limited)
		return false;
	b->last = now;
	return true;
}

bool dp_sr_at(const struct dp_sr_clock *c, uint64_t now, uint64_t *ntp, uint32_t *rtp)
{
	if (c->ns == 0)
		return false;
	uint64_t since = now > c->ns ? now - c->ns : 0;
	*ntp = c->ntp + dp_ns_to_ticks(since, (uint64_t)1 << 32);
	*rtp = c->rtp + (uint32_t)dp_ns_to_ticks(since, c->clock_rate);
	return true;
}

void dp_sr_back(const struct dp_sr_clock *c, uint16_t shift, uint64_t *ntp, uint32_t *rtp)
{
	*ntp -= (uint64_t)shift << 16;
	*rtp -= (uint32_t)(((uint64_t)shift * c->clock_rate) >> 16);
}

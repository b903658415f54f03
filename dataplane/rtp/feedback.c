/* SPDX-License-Identifier: Apache-2.0 */
#include "dataplane/rtp/feedback.h"

#include "dataplane/rtp/ticks.h"

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
	if (!g->pending || !interval_over(g, now, interval_ns))
		return false;
	g->pending = false;
	g->last = now;
	return true;
}

void dp_keyframe_arrived(struct dp_keyframe_gate *g)
{
	g->pending = false;
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

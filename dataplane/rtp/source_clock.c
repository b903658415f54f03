/* SPDX-License-Identifier: Apache-2.0 */
#include "dataplane/rtp/source_clock.h"

#include "dataplane/rtp/ticks.h"

enum {
	LEAP_PARTS = 2, /* a leap is more than 1/LEAP_PARTS s: encoders and pacers delay packets too */
	OFF_PARTS = 5, /* a report that is off by less is kept: it is more exact than an arrival */
};
static const uint64_t doubt_ns = DP_NS_PER_S / 2;

void dp_source_clock_init(struct dp_source_clock *c, uint32_t clock_rate)
{
	*c = (struct dp_source_clock){.sr.clock_rate = clock_rate};
}

void dp_source_clock_report(struct dp_source_clock *c, uint64_t ntp, uint32_t rtp, uint64_t now)
{
	c->sr.ntp = ntp;
	c->sr.rtp = rtp;
	c->sr.ns = now;
	c->settle_ns = 0;
}

/* Ticks that the timestamp `rtp` at `now` is ahead of a clock that had the value `was` at `then`. */
static int64_t ahead(const struct dp_source_clock *c, uint32_t rtp, uint64_t now, uint32_t was, uint64_t then)
{
	return (int32_t)(rtp - was - (uint32_t)dp_ns_to_ticks(now - then, c->sr.clock_rate));
}

static bool exceeds(const struct dp_source_clock *c, int64_t ticks, unsigned parts)
{
	int64_t most = c->sr.clock_rate / parts;

	return ticks > most || ticks < -most;
}

/* The arrival of the packet with the shortest way replaces a report that is off. */
bool dp_source_clock_settle(struct dp_source_clock *c, uint64_t now)
{
	uint64_t since = c->best_ns - c->sr.ns;

	if (!c->settle_ns || now < c->settle_ns)
		return false;
	c->settle_ns = 0;
	if (!exceeds(c, ahead(c, c->best_rtp, c->best_ns, c->sr.rtp, c->sr.ns), OFF_PARTS))
		return true;
	c->sr.ntp += dp_ns_to_ticks(since, (uint64_t)1 << 32);
	c->sr.rtp = c->best_rtp;
	c->sr.ns = c->best_ns;
	return true;
}

bool dp_source_clock_packet(struct dp_source_clock *c, uint32_t rtp, uint64_t now)
{
	bool leap = c->last_ns && exceeds(c, ahead(c, rtp, now, c->last_rtp, c->last_ns), LEAP_PARTS);
	bool doubted = c->settle_ns != 0;

	c->last_rtp = rtp;
	c->last_ns = now;
	if (!c->sr.ns)
		return false;
	if (leap)
		c->settle_ns = now + doubt_ns;
	if (leap || (doubted && ahead(c, rtp, now, c->best_rtp, c->best_ns) > 0)) {
		c->best_rtp = rtp;
		c->best_ns = now;
	}
	return dp_source_clock_settle(c, now) || (leap && !doubted);
}

struct dp_sr_clock dp_source_clock_get(const struct dp_source_clock *c)
{
	struct dp_sr_clock sr = c->sr;

	if (c->settle_ns)
		sr.ns = 0;
	return sr;
}

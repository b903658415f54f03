/* SPDX-License-Identifier: Apache-2.0 */
#include "dataplane/layers/probe.h"

enum { BASE_MIN_KBPS = 50, DOUBLINGS_MAX = 24 };

/* Rounded up, so that no known bitrate becomes 0. */
static uint16_t in_units(uint32_t kbps)
{
	uint32_t units = kbps / DP_PROBE_UNIT + (kbps % DP_PROBE_UNIT != 0);

	return (uint16_t)(units < UINT16_MAX ? units : UINT16_MAX);
}

void dp_probe_start(struct dp_probe *p, uint32_t now_ms, uint32_t base_kbps, uint32_t goal_kbps,
	uint32_t remb_kbps)
{
	p->start_ms = now_ms;
	p->base = in_units(base_kbps > BASE_MIN_KBPS ? base_kbps : BASE_MIN_KBPS);
	p->goal_kbps = goal_kbps;
	p->remb_kbps = remb_kbps;
}

void dp_probe_stop(struct dp_probe *p, uint32_t now_ms)
{
	p->start_ms = now_ms;
	p->goal_kbps = 0;
}

void dp_probe_passed(struct dp_probe *p)
{
	if (p->goal_kbps > (uint64_t)p->limit * DP_PROBE_UNIT * DP_PROBE_PAUSE_PERCENT / 100)
		p->limit = 0;
}

void dp_probe_limit(struct dp_probe *p, uint32_t kbps)
{
	p->limit = in_units(kbps);
}

/* What doubles from `kbps` in `ms`, linearly between two doublings. */
static uint64_t doubled(uint64_t kbps, uint32_t ms)
{
	uint32_t doublings = ms / DP_PROBE_DOUBLE_MS, rest = ms % DP_PROBE_DOUBLE_MS;

	kbps <<= doublings < DOUBLINGS_MAX ? doublings : DOUBLINGS_MAX;
	return kbps + kbps * rest / DP_PROBE_DOUBLE_MS;
}

static uint32_t ramp(const struct dp_probe *p, uint32_t since_ms)
{
	uint64_t base = (uint64_t)p->base * DP_PROBE_UNIT, kbps = doubled(base, since_ms);
	uint64_t pause = (uint64_t)p->limit * DP_PROBE_UNIT * DP_PROBE_PAUSE_PERCENT / 100;

	if (pause > base && kbps > pause) {
		kbps = since_ms > DP_PROBE_PAUSE_MS ? doubled(base, since_ms - DP_PROBE_PAUSE_MS) : 0;
		kbps = kbps > pause ? kbps : pause;
	}
	return kbps < p->goal_kbps ? (uint32_t)kbps : p->goal_kbps;
}

uint32_t dp_probe_kbps(const struct dp_probe *p, uint32_t now_ms)
{
	return dp_probe_running(p) ? ramp(p, now_ms - p->start_ms) : 0;
}

bool dp_probe_reported(const struct dp_probe *p, uint32_t now_ms, uint32_t rtt_ms)
{
	uint32_t since = now_ms - p->start_ms, behind = DP_PROBE_HOLD_MS + rtt_ms;

	return dp_probe_running(p) && since >= behind && ramp(p, since - behind) == p->goal_kbps;
}

/* SPDX-License-Identifier: Apache-2.0 */

/* The signs by which a probe succeeds or fails. */

#include "dataplane/layers/adapt_signs.h"

enum {
	STILL_MAX = 2, /* estimates of a probe without a rise */
	STILL_MS = 1000, /* how much longer a probe goes on if the estimate has not risen */
	LOW_PERCENT = 85, /* of what is sent without the probe: a lower estimate says nothing */
	PROBE_MIN = 30, /* packets by which the loss of a probe is judged before its end */
	LIMIT_PERCENT = 70, /* of a probe's bitrate when it fails: about what it was half a second before */
};
/* Loss in 1/256. */
enum {
	LOSS_PROBE = 13, /* 5 % more than usual */
	LOSS_PROBE_BURST = 38, /* 15 % more than usual */
};

/*
 * Whether the estimate is recovering from a path that had suddenly become narrow. It stands still
 * while the receiver sees queues become shorter (libwebrtc's kBwUnderusing), which may take ten
 * seconds and more. Overuse would lower it: that remains a sign. One that never rises is no
 * estimate but a receiver's limit.
 */
static bool estimate_recovers(const struct dp_adapt *a)
{
	return a->recover_ds && a->flags & DP_ADAPT_RISEN;
}

/* Whether that it stands still says nothing; also if the media alone exceed it. */
static bool estimate_is_old(const struct dp_adapt *a)
{
	return estimate_recovers(a) || a->remb_kbps < dp_percent(a->cost_kbps, LOW_PERCENT);
}

/*
 * A healthy probe raises the estimate from report to report. An estimate that stands still below
 * the probe's bitrate means that the queue grows or is full.
 */
void dp_probe_estimate(struct dp_adapt *a, uint32_t now_ms, uint32_t before, bool fell)
{
	if (a->remb_kbps >= dp_probe_kbps(&a->probe, now_ms))
		return;
	a->falls = a->remb_kbps > before ? 0 : a->falls + 1;
	if (fell || (a->falls >= STILL_MAX && !estimate_is_old(a)))
		a->flags |= DP_ADAPT_PROBE_BAD;
}

/* The estimate is at the goal, or rises: its slow growth cannot be awaited. */
static bool estimate_good(const struct dp_adapt *a)
{
	uint32_t before = a->probe.remb_kbps;

	return !a->remb_kbps || !before || a->remb_kbps >= a->probe.goal_kbps ||
	       a->remb_kbps > before + before / 256;
}

enum dp_probe_verdict dp_adapt_judge(const struct dp_adapt *a, uint32_t now_ms)
{
	uint8_t loss = dp_loss_of(a->lost, a->expected);
	uint8_t awaited = a->remb_kbps ? DP_ADAPT_HEARD_REMB : DP_ADAPT_HEARD;

	if (a->flags & DP_ADAPT_PROBE_BAD || now_ms - a->probe.start_ms > DP_PROBE_MAX_MS ||
		dp_long_round_trip(a) ||
		(a->expected >= PROBE_MIN && loss > a->usual_loss + LOSS_PROBE_BURST))
		return DP_PROBE_BAD;
	if (!(a->flags & awaited) || !dp_probe_reported(&a->probe, now_ms, a->rtt_ms))
		return DP_PROBE_NONE;
	if (loss > a->usual_loss + LOSS_PROBE)
		return DP_PROBE_BAD;
	if (!a->falls && estimate_good(a))
		return DP_PROBE_GOOD;
	if (!dp_probe_reported(&a->probe, now_ms, a->rtt_ms + STILL_MS))
		return DP_PROBE_NONE;
	if (estimate_recovers(a))
		return DP_PROBE_GOOD;
	return estimate_is_old(a) ? DP_PROBE_STILL : DP_PROBE_BAD;
}

uint32_t dp_adapt_limit(const struct dp_adapt *a, uint32_t now_ms)
{
	uint32_t kbps = dp_probe_kbps(&a->probe, now_ms);

	/* An estimate that fell is 0.85 of what was received. */
	if (a->flags & DP_ADAPT_PROBE_BAD && a->remb_kbps > dp_percent(a->cost_kbps, 85))
		return dp_least(kbps, dp_percent(a->remb_kbps, 118));
	return dp_percent(kbps, LIMIT_PERCENT);
}

/* SPDX-License-Identifier: Apache-2.0 */

/* The signs of congestion that a viewer's REMB and receiver reports give. */

#include "dataplane/layers/adapt_signs.h"

enum {
	REMB_KBPS_MAX = 1 << 24, /* more is nonsense, and would overflow sums */
	REMB_OLD_DS = 50,
	FALL_PART = 64, /* a fall is more than 1/64 of the estimate */
	BELOW_PERCENT = 95, /* of what is sent: a fall below this counts */
	FALLS_MS = 2000, /* falls further apart have nothing to do with each other */
	SETTLE_MS = 600, /* until the queue of before is empty, and reports are about what is sent now */
	SPAN_MS = 300, /* a report is about the time since the one before: so long is too long */
	WINDOW_MS = 1000,
	WINDOW_MIN = 50, /* packets of a window of loss, */
	WINDOW_MAX_MS = 5000, /* unless it takes too long */
	RECENT = 20, /* packets */
	RTT_PART = 128, /* of the way to the last round trip, per report */
	RTT_MAX_MS = 10000,
};
/* Loss in 1/256. */
enum {
	LOSS_MUCH = 51, /* 20 %: no path loses so much by chance */
	LOSS_QUEUE = 20, /* 8 %, while round trips are long, and no estimate contradicts */
	LOSS_UNREPAIRED = 20, /* 8 % that retransmissions did not repair, in two windows */
	LOSS_BURST = 26, /* 10 % more than usual */
};

/* Whether reports are still about what was sent before the last switch or failed probe. */
static bool settling(const struct dp_adapt *a, uint32_t now_ms)
{
	return !dp_probe_running(&a->probe) &&
	       (now_ms - a->change_ms < SETTLE_MS || now_ms - a->probe.start_ms < SETTLE_MS);
}

/* --- REMB ----------------------------------------------------------------------------- */

void dp_adapt_expire(struct dp_adapt *a, uint32_t now_ms)
{
	if (a->remb_kbps && (uint16_t)(now_ms / 100 - a->remb_ds) > REMB_OLD_DS)
		a->remb_kbps = 0;
	if ((int16_t)(a->recover_ds - (uint16_t)(now_ms / 100)) <= 0)
		a->recover_ds = 0;
	if (!dp_probe_running(&a->probe) && now_ms - a->fall_ms > FALLS_MS)
		a->falls = 0;
}

static bool below_sent(const struct dp_adapt *a, uint32_t sent_kbps)
{
	return a->remb_kbps < dp_percent(dp_least(a->cost_kbps, sent_kbps), BELOW_PERCENT);
}

static void count_fall(struct dp_adapt *a, uint32_t now_ms)
{
	if (!a->falls)
		a->fall_ms = now_ms;
	a->falls += a->falls < UINT8_MAX;
}

void dp_adapt_remb(struct dp_adapt *a, uint64_t now_ns, uint32_t kbps, uint32_t sent_kbps)
{
	uint32_t now = dp_adapt_ms(now_ns), before = a->remb_kbps;
	bool fell;

	dp_adapt_expire(a, now);
	a->remb_kbps = dp_least(kbps ? kbps : 1, REMB_KBPS_MAX);
	a->remb_ds = (uint16_t)(now / 100);
	a->flags |= DP_ADAPT_HEARD | DP_ADAPT_HEARD_REMB;
	fell = a->remb_kbps < before - before / FALL_PART;
	if (before && a->remb_kbps > before)
		a->flags |= DP_ADAPT_RISEN;
	if (dp_probe_running(&a->probe))
		dp_probe_estimate(a, now, before, fell);
	else if (fell && !settling(a, now) && below_sent(a, sent_kbps))
		count_fall(a, now);
}

/* --- receiver reports ------------------------------------------------------------------ */

static void round_trip(struct dp_adapt *a, uint32_t us)
{
	uint32_t ms = us / 1000 + 1;

	if (us && ms <= RTT_MAX_MS)
		a->rtt_ms = (uint16_t)ms;
	if (!a->rtt_base_ms || a->rtt_ms < a->rtt_base_ms)
		a->rtt_base_ms = a->rtt_ms;
	else /* slowly, because the path may have changed for good */
		a->rtt_base_ms += (uint16_t)((a->rtt_ms - a->rtt_base_ms + RTT_PART - 1) / RTT_PART);
}

static void begin_window(struct dp_adapt *a, uint32_t now_ms)
{
	a->loss_ms = now_ms;
	a->expected = a->rtx = 0;
	a->lost = 0;
}

/* Retransmissions are lost like all other packets. */
static bool much_unrepaired(const struct dp_adapt *a, uint8_t loss)
{
	int32_t repaired = a->rtx * (256 - loss) / 256;

	return dp_loss_of(a->lost - repaired, a->expected) > LOSS_UNREPAIRED;
}

static void judge_window(struct dp_adapt *a)
{
	uint8_t loss = dp_loss_of(a->lost, a->expected);
	uint8_t still = loss < a->recent_loss ? loss : a->recent_loss; /* not only at its begin */
	bool content = a->remb_kbps >= a->cost_kbps, unrepaired = much_unrepaired(a, loss);

	if (still > LOSS_MUCH || (still > LOSS_QUEUE && dp_long_round_trip(a) && !content) ||
		(unrepaired && a->flags & DP_ADAPT_BAD_WINDOW)) {
		a->recent_loss = a->recent_loss > loss ? a->recent_loss : loss;
		a->flags |= DP_ADAPT_LOSING;
	} else {
		a->usual_loss = (uint8_t)((3 * a->usual_loss + loss + 2) / 4);
	}
	a->flags &= (uint8_t)~DP_ADAPT_BAD_WINDOW;
	a->flags |= unrepaired ? DP_ADAPT_BAD_WINDOW : 0;
}

/* The mean of about the last RECENT packets. */
static void recent(struct dp_adapt *a, uint32_t expected, int32_t lost)
{
	uint32_t weight = dp_least(expected, RECENT);

	a->recent_loss =
		(uint8_t)((a->recent_loss * (RECENT - weight) + dp_loss_of(lost, expected) * weight) /
			  RECENT);
}

static uint16_t add_bounded(uint16_t a, uint32_t b)
{
	return (uint16_t)dp_least(a + dp_least(b, INT16_MAX), INT16_MAX);
}

void dp_adapt_report(struct dp_adapt *a, uint64_t now_ns, const struct dp_adapt_report *r)
{
	uint32_t now = dp_adapt_ms(now_ns), age = now - a->loss_ms;
	uint32_t expected = r->expected > r->gaps ? r->expected - r->gaps : 0;
	int64_t lost = (int64_t)r->lost - r->gaps, sum;

	a->flags |= DP_ADAPT_HEARD;
	round_trip(a, r->rtt_us);
	if (settling(a, now) || (a->flags & DP_ADAPT_STALE && age > SPAN_MS)) {
		begin_window(a, now);
		return;
	}
	expected = dp_least(expected, INT16_MAX);
	lost = lost > expected ? expected : lost < -(int64_t)expected ? -(int64_t)expected : lost;
	recent(a, expected, (int32_t)lost);
	a->expected = add_bounded(a->expected, expected);
	a->rtx = add_bounded(a->rtx, r->rtx);
	sum = a->lost + lost;
	a->lost = (int16_t)(sum > INT16_MAX ? INT16_MAX : sum < -INT16_MAX ? -INT16_MAX : sum);
	if (dp_probe_running(&a->probe) || age < WINDOW_MS ||
		(a->expected < WINDOW_MIN && age < WINDOW_MAX_MS))
		return;
	if (a->expected)
		judge_window(a);
	begin_window(a, now);
}

/* --- verdicts --------------------------------------------------------------------------- */

static bool much_loss(const struct dp_adapt *a)
{
	return a->recent_loss >= a->usual_loss + LOSS_BURST;
}

/*
 * Whether the estimate is below what is sent, and for a reason. One fall is none yet: it needs a
 * second one, or another sign. A full queue has no growing delay, so estimates rise again, but it
 * loses packets.
 */
static bool estimate_bad(const struct dp_adapt *a, uint32_t now_ms, uint32_t sent_kbps)
{
	bool loss = much_loss(a), delay = dp_long_round_trip(a);

	if (!a->remb_kbps || !below_sent(a, sent_kbps))
		return false;
	if (a->falls > 1)
		return true;
	return !settling(a, now_ms) && ((a->falls && (loss || delay)) || (loss && delay));
}

bool dp_adapt_congested(const struct dp_adapt *a, uint32_t now_ms, uint32_t sent_kbps, uint32_t *kbps)
{
	bool falling = !dp_probe_running(&a->probe) && estimate_bad(a, now_ms, sent_kbps);
	bool losing = a->flags & DP_ADAPT_LOSING;
	/* Retransmissions are left out: a full queue multiplies them. */
	uint32_t sent = dp_least(sent_kbps, a->cost_kbps);
	uint32_t received = (uint32_t)((uint64_t)sent * (256u - a->recent_loss) / 256);

	if (!falling && !losing)
		return false;
	*kbps = UINT32_MAX;
	if (falling)
		*kbps = a->remb_kbps;
	if (losing || (much_loss(a) && !settling(a, now_ms)))
		*kbps = dp_least(*kbps, received - received / 8);
	return true;
}

bool dp_adapt_settled(const struct dp_adapt *a)
{
	return a->content && !a->falls && !(a->flags & DP_ADAPT_LOSING) &&
	       !(much_loss(a) && dp_long_round_trip(a));
}

bool dp_adapt_quiet(const struct dp_adapt *a)
{
	return !a->falls && !dp_long_round_trip(a);
}

void dp_adapt_heard(struct dp_adapt *a, uint32_t now_ms)
{
	if (a->flags & DP_ADAPT_HEARD && !settling(a, now_ms))
		a->flags &= (uint8_t)~DP_ADAPT_STALE;
	a->flags &= (uint8_t) ~(DP_ADAPT_HEARD | DP_ADAPT_HEARD_REMB | DP_ADAPT_LOSING);
}

void dp_adapt_restart_windows(struct dp_adapt *a, uint32_t now_ms)
{
	begin_window(a, now_ms);
	a->recent_loss = a->usual_loss;
	a->falls = 0;
	a->flags &= (uint8_t) ~(DP_ADAPT_LOSING | DP_ADAPT_BAD_WINDOW | DP_ADAPT_PROBE_BAD);
	a->flags |= DP_ADAPT_STALE;
}

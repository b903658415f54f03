/* SPDX-License-Identifier: Apache-2.0 */
#include "dataplane/layers/adapt.h"

#include "dataplane/layers/adapt_signs.h"

enum {
	START_KBPS = 800, /* believed before the first report */
	HOLD_S = 2, /* after a switch down */
	HOLD_FAILED_S = 10, /* the first one after a failed climb; doubles */
	HOLD_MAX_S = 60,
	FAILED_MS = 10000, /* a climb has failed if congestion follows within this time */
	FORGET_MS = 30000, /* without a change: the next hold is short again */
	AFTER_CLIMB_MS = 300, /* until the next probe, for the key frame to pass */
	TRIAL_MS = 3000, /* between climbs without probes */
	PROBE_WAIT_MS = 1500, /* after the first failed probe */
	PROBE_WAIT_EARLY_MS = 1600, /* after the next ones */
	PROBES_EARLY = 22, /* then the wait grows by half each time, */
	PROBES_EARLY_FAILED = 6, /* the same after a climb that failed */
	PROBE_WAIT_MAX_MS = 30000, /* up to this */
	GOAL_PART = 32, /* a probe's goal is by this part above what the step needs */
	SENT_PERCENT = 75, /* of the targets' cost: before, the last switch has not taken effect */
	ROOM_PERCENT = 115, /* of an estimate after congestion: the room that it leaves for the queue */
	DROP_PERCENT = 75, /* a path that carries less than this part of what was sent: it has changed */
	RECOVER_MS = 20000, /* for so long a receiver's estimate may stand still afterwards */
	TICK_MAX_NS = 50000000, /* the padding of a longer tick is not made up for */
};

void dp_adapt_init(struct dp_adapt *a, uint64_t now_ns)
{
	uint32_t now = dp_adapt_ms(now_ns);

	*a = (struct dp_adapt){
		.probe = {.start_ms = now},
		.budget_kbps = START_KBPS,
		.change_ms = now,
		.wait_ms = now,
		.loss_ms = now,
		.hold_s = HOLD_S,
	};
}

/* What retransmissions add. */
static uint32_t with_rtx(const struct dp_adapt *a, uint64_t kbps)
{
	kbps = kbps * (256u + a->usual_loss) / 256;
	return kbps > UINT32_MAX ? UINT32_MAX : (uint32_t)kbps;
}

/* The part of `kbps` that video may have: audio comes first, and retransmissions are part of both. */
static uint32_t for_video(const struct dp_adapt *a, const struct dp_adapt_viewer *v, uint32_t kbps)
{
	uint32_t media = (uint32_t)((uint64_t)kbps * 256 / (256u + a->usual_loss));

	return media > v->fixed_kbps ? media - v->fixed_kbps : 0;
}

/* --- holding ------------------------------------------------------------------------------- */

/*
 * A target has gone down. If the path carries far less than before, for another reason than a climb
 * that failed, it has changed, and what the receiver estimates will be old when it changes back.
 */
static void note_drop(struct dp_adapt *a, uint32_t now_ms)
{
	a->change_ms = now_ms;
	if (a->hold_s != HOLD_S)
		a->recover_ds = 0;
	else if (a->budget_kbps < dp_percent(a->cost_kbps, DROP_PERCENT))
		a->recover_ds = (uint16_t)((now_ms + RECOVER_MS) / 100) | 1;
	a->flags &= (uint8_t)~DP_ADAPT_RISEN;
}

/* Nothing goes up for some time, which is longer if the last climb has just failed. */
static void hold(struct dp_adapt *a, uint32_t now_ms)
{
	uint32_t since = now_ms - a->change_ms;

	if (a->flags & DP_ADAPT_WENT_UP && since < FAILED_MS) {
		unsigned longer = a->hold_s < HOLD_FAILED_S ? HOLD_FAILED_S : 2u * a->hold_s;

		a->hold_s = (uint8_t)(longer < HOLD_MAX_S ? longer : HOLD_MAX_S);
	} else if (since >= FORGET_MS) {
		a->hold_s = HOLD_S;
	}
	a->wait_ms = now_ms + a->hold_s * 1000u;
	a->failures = 0;
	a->flags &= (uint8_t)~DP_ADAPT_WENT_UP;
}

/* Whether nothing may go up yet. Keeps wait_ms near, so that it cannot wrap around. */
static bool waiting(struct dp_adapt *a, uint32_t now_ms)
{
	if ((int32_t)(a->wait_ms - now_ms) > 0)
		return true;
	a->wait_ms = now_ms;
	return false;
}

/* --- probes ---------------------------------------------------------------------------------- */

static uint32_t probe_wait(const struct dp_adapt *a)
{
	unsigned early = a->hold_s == HOLD_S ? PROBES_EARLY : PROBES_EARLY_FAILED;
	uint32_t ms = PROBE_WAIT_EARLY_MS;

	if (a->failures <= 1)
		return PROBE_WAIT_MS;
	for (unsigned n = early; n < a->failures && ms < PROBE_WAIT_MAX_MS; n++)
		ms += ms / 2;
	return ms < PROBE_WAIT_MAX_MS ? ms : PROBE_WAIT_MAX_MS;
}

static void follow_probe(struct dp_adapt *a, uint32_t now_ms)
{
	enum dp_probe_verdict verdict = dp_adapt_judge(a, now_ms);

	if (verdict == DP_PROBE_NONE)
		return;
	if (verdict == DP_PROBE_GOOD) {
		if (a->probe.goal_kbps > a->budget_kbps)
			a->budget_kbps = a->probe.goal_kbps;
		a->failures = 0;
		a->wait_ms = now_ms;
		dp_probe_passed(&a->probe);
	} else if (verdict == DP_PROBE_STILL && !a->failures) {
		a->failures = 1;
		a->wait_ms = now_ms + AFTER_CLIMB_MS;
	} else {
		dp_probe_limit(&a->probe, dp_adapt_limit(a, now_ms));
		a->failures += a->failures < UINT8_MAX;
		a->wait_ms = now_ms + probe_wait(a);
	}
	dp_probe_stop(&a->probe, now_ms);
	dp_adapt_restart_windows(a, now_ms);
}

/*
 * What the path must carry before the next step: at least twice of what is sent, so that small
 * steps are taken at once, but not more than all steps need, and not more than the limit. 0: the
 * limit forbids the next step.
 */
static uint32_t probe_goal(const struct dp_adapt *a, const struct dp_adapt_viewer *v, uint32_t next_kbps)
{
	struct dp_allocation all = dp_allocate_try(v->videos, v->count, UINT32_MAX);
	uint32_t next = with_rtx(a, (uint64_t)next_kbps + v->fixed_kbps);
	uint32_t top = with_rtx(a, (uint64_t)all.kbps + v->fixed_kbps);
	uint64_t goal = 2 * (uint64_t)a->cost_kbps;

	if (v->max_kbps && next > v->max_kbps)
		return 0;
	goal = goal > top ? top : goal < next ? next : goal;
	goal += goal / GOAL_PART + 1;
	if (v->max_kbps && goal > v->max_kbps)
		goal = v->max_kbps;
	return goal > UINT32_MAX ? UINT32_MAX : (uint32_t)goal;
}

/* Probes for the next step, or without an SSRC for padding climbs to it. True: it climbed. */
static bool seek(struct dp_adapt *a, uint32_t now_ms, const struct dp_adapt_viewer *v, uint32_t next_kbps)
{
	uint32_t goal;

	if (!next_kbps || v->switching || dp_probe_running(&a->probe) || !dp_adapt_quiet(a) ||
		waiting(a, now_ms) || v->sent_kbps < dp_percent(a->cost_kbps, SENT_PERCENT))
		return false;
	goal = probe_goal(a, v, next_kbps);
	if (!goal)
		return false;
	if (v->can_pad) {
		dp_probe_start(&a->probe, now_ms, a->cost_kbps, goal, a->remb_kbps);
		dp_adapt_restart_windows(a, now_ms);
		return false;
	}
	a->budget_kbps = goal;
	return true;
}

/* --- decisions -------------------------------------------------------------------------------- */

/*
 * Less is sent although nothing is congested: the viewer wishes it, or a layer has stopped. What
 * the path has carried until now it will carry again, with the margin that a climb needs.
 */
static void remember_carried(struct dp_adapt *a, const struct dp_adapt_viewer *v)
{
	uint32_t kbps = dp_percent(a->cost_kbps, 100 + DP_CLIMB_MARGIN);

	if (v->sent_kbps >= dp_percent(a->cost_kbps, SENT_PERCENT) && kbps > a->budget_kbps)
		a->budget_kbps = kbps;
}

/* Notes that something else is sent from now on. */
static void note_change(struct dp_adapt *a, uint32_t now_ms, const struct dp_allocation *to, bool pressed,
	const struct dp_adapt_viewer *v)
{
	if (pressed) {
		hold(a, now_ms);
		if (to->down)
			note_drop(a, now_ms);
	} else if (to->up) {
		a->flags |= DP_ADAPT_WENT_UP;
		a->change_ms = now_ms;
		a->wait_ms = now_ms + (v->can_pad ? AFTER_CLIMB_MS : TRIAL_MS);
	} else if (to->changed) {
		remember_carried(a, v);
	}
	if (to->changed)
		dp_adapt_restart_windows(a, now_ms);
}

/*
 * Sets the targets within the budget. What is sent already may exceed it, for its bitrate varies:
 * without a sign of congestion nothing goes down but for the limit.
 */
static struct dp_allocation allocate(struct dp_adapt *a, uint32_t now_ms, const struct dp_adapt_viewer *v,
	bool congested)
{
	uint32_t held = dp_videos_kbps(v->videos, v->count), kbps = for_video(a, v, a->budget_kbps);
	uint32_t limit = v->max_kbps ? for_video(a, v, v->max_kbps) : UINT32_MAX;
	struct dp_allocation to;

	if (congested ? kbps > held : kbps < held || waiting(a, now_ms))
		kbps = held;
	to = dp_allocate(v->videos, v->count, kbps < limit ? kbps : limit);
	note_change(a, now_ms, &to, congested || limit < held, v);
	return to;
}

static void note_cost(struct dp_adapt *a, const struct dp_adapt_viewer *v)
{
	a->cost_kbps = with_rtx(a, (uint64_t)dp_videos_kbps(v->videos, v->count) + v->fixed_kbps);
}

bool dp_adapt_decide(struct dp_adapt *a, uint64_t now_ns, const struct dp_adapt_viewer *v)
{
	uint32_t now = dp_adapt_ms(now_ns), carried;
	struct dp_allocation to;
	bool congested, changed;

	dp_adapt_expire(a, now);
	if (v->switching)
		a->change_ms = now;
	congested = dp_adapt_congested(a, now, v->sent_kbps, &carried);
	if (congested) {
		a->budget_kbps = carried;
		dp_probe_limit(&a->probe, dp_percent(carried, ROOM_PERCENT));
		if (dp_probe_running(&a->probe))
			dp_probe_stop(&a->probe, now);
	} else {
		if (dp_probe_running(&a->probe))
			follow_probe(a, now);
		if (a->budget_kbps < a->cost_kbps)
			a->budget_kbps = a->cost_kbps;
	}
	dp_adapt_heard(a, now);
	to = allocate(a, now, v, congested);
	changed = to.changed;
	note_cost(a, v);
	if (!congested && !to.changed && seek(a, now, v, to.next_kbps)) {
		changed = allocate(a, now, v, false).changed;
		note_cost(a, v);
	}
	a->content = !congested && !changed && !to.next_kbps && !v->switching &&
		     !dp_probe_running(&a->probe) && !(a->flags & DP_ADAPT_STALE);
	return changed;
}

uint32_t dp_adapt_padding(const struct dp_adapt *a, uint64_t now_ns, uint64_t elapsed_ns)
{
	uint32_t kbps = dp_probe_kbps(&a->probe, dp_adapt_ms(now_ns));
	uint64_t ns = elapsed_ns < TICK_MAX_NS ? elapsed_ns : TICK_MAX_NS;

	return kbps > a->cost_kbps ? (uint32_t)((kbps - a->cost_kbps) * ns / 8000000) : 0;
}

uint32_t dp_adapt_available_kbps(const struct dp_adapt *a)
{
	return a->remb_kbps > a->budget_kbps ? a->remb_kbps : a->budget_kbps;
}

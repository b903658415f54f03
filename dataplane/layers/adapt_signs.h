/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_DATAPLANE_LAYERS_ADAPT_SIGNS_H
#define SPATE_DATAPLANE_LAYERS_ADAPT_SIGNS_H

/* What the reports of a viewer say about its path; inner header of the controller. */

#include "dataplane/layers/adapt.h"

static inline uint32_t dp_adapt_ms(uint64_t ns)
{
	return (uint32_t)(ns / 1000000);
}

enum { DP_RTT_RISE_MS = 100 };

/* A share of `kbps`, in percent. */
static inline uint32_t dp_percent(uint32_t kbps, uint32_t percent)
{
	return (uint32_t)((uint64_t)kbps * percent / 100);
}

static inline uint32_t dp_least(uint32_t a, uint32_t b)
{
	return a < b ? a : b;
}

/* In 1/256. */
static inline uint8_t dp_loss_of(int32_t lost, uint32_t expected)
{
	if (lost <= 0 || !expected)
		return 0;
	return (uint8_t)((uint32_t)lost >= expected ? 255 : (uint32_t)lost * 256 / expected);
}

static inline bool dp_long_round_trip(const struct dp_adapt *a)
{
	return a->rtt_ms > a->rtt_base_ms + DP_RTT_RISE_MS;
}

/* Forgets a REMB, and falls of it, that are too old to count. */
void dp_adapt_expire(struct dp_adapt *a, uint32_t now_ms);

/*
 * Whether the path does not carry what is sent. Then `*kbps` is what it carries, some room to
 * empty its queue subtracted.
 */
bool dp_adapt_congested(const struct dp_adapt *a, uint32_t now_ms, uint32_t sent_kbps, uint32_t *kbps);

/* Restarts the windows of loss and of falls, because something else is sent from now on. */
void dp_adapt_restart_windows(struct dp_adapt *a, uint32_t now_ms);

/* Whether a probe may begin: none of its signs of failure is there already. */
bool dp_adapt_quiet(const struct dp_adapt *a);

/* A decision has taken note of the reports before it. */
void dp_adapt_heard(struct dp_adapt *a, uint32_t now_ms);

enum dp_probe_verdict {
	DP_PROBE_NONE,
	DP_PROBE_GOOD,
	DP_PROBE_STILL, /* nothing is bad, but an old estimate has not risen */
	DP_PROBE_BAD,
};
/* A REMB during a probe; `before`: the one before it. `fell`: it is clearly lower. */
void dp_probe_estimate(struct dp_adapt *a, uint32_t now_ms, uint32_t before, bool fell);
/* What is known of the running probe after the reports since the last decision. */
enum dp_probe_verdict dp_adapt_judge(const struct dp_adapt *a, uint32_t now_ms);
/* What the path carried when the running probe failed, in kbit/s. */
uint32_t dp_adapt_limit(const struct dp_adapt *a, uint32_t now_ms);

#endif

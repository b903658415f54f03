/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_DATAPLANE_LAYERS_PROBE_H
#define SPATE_DATAPLANE_LAYERS_PROBE_H

/*
 * A probe sends padding beside a viewer's media, to learn whether the path carries more. Pure C.
 *
 * A receiver's estimate does not exceed about 1.5 times what it receives, and rises by 8 % a second
 * at most, so waiting for it would take many seconds. The bitrate of a probe therefore doubles in
 * steady steps up to its goal and stays there until reports have come back: a path that carries the
 * goal without loss, longer round trips or a falling estimate carries a layer of that bitrate. The
 * ramp ends at the first bad sign, when the queue of the path has hardly grown. Where an earlier
 * probe found the limit of the path it pauses, because a receiver takes most of a second to notice
 * that a queue grows.
 */

#include <stdbool.h>
#include <stdint.h>

enum {
	DP_PROBE_DOUBLE_MS = 500, /* the bitrate doubles in this time */
	DP_PROBE_PAUSE_MS = 700, /* the pause of the ramp where the last probe found the limit */
	DP_PROBE_PAUSE_PERCENT = 115, /* of that limit: enough to see the queue grow, not to fill it */
	DP_PROBE_UNIT = 8, /* kbit/s, of the 16-bit fields */
	DP_PROBE_HOLD_MS = 500, /* a report must be about so much of the goal's bitrate */
	DP_PROBE_MAX_MS = 6000, /* a probe without a report fails */
};

/* Times are milliseconds of a clock that wraps around. */
struct dp_probe {
	uint32_t start_ms; /* while none is running: when the last one ended */
	uint16_t base; /* media before it, in DP_PROBE_UNIT */
	uint16_t limit; /* what the path last carried at most, in DP_PROBE_UNIT; 0: not known */
	uint32_t goal_kbps; /* media and padding; 0: no probe is running */
	uint32_t remb_kbps; /* estimate before it; 0: none */
};

static inline bool dp_probe_running(const struct dp_probe *p)
{
	return p->goal_kbps != 0;
}

void dp_probe_start(struct dp_probe *p, uint32_t now_ms, uint32_t base_kbps, uint32_t goal_kbps,
	uint32_t remb_kbps);
void dp_probe_stop(struct dp_probe *p, uint32_t now_ms);
/* The running probe has reached its goal. A limit that was found before and is exceeded is forgotten. */
void dp_probe_passed(struct dp_probe *p);
/* Remembers for the next probe what the path carries. */
void dp_probe_limit(struct dp_probe *p, uint32_t kbps);

/* The kbit/s of media and padding at a time; 0: no probe is running. */
uint32_t dp_probe_kbps(const struct dp_probe *p, uint32_t now_ms);

/* Whether a report that arrives now is about DP_PROBE_HOLD_MS at the goal's bitrate. */
bool dp_probe_reported(const struct dp_probe *p, uint32_t now_ms, uint32_t rtt_ms);

#endif

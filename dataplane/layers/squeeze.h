/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_DATAPLANE_LAYERS_SQUEEZE_H
#define SPATE_DATAPLANE_LAYERS_SQUEEZE_H

/*
 * Squeezes the RTP timestamps of packets of the past towards live. A viewer who begins with a key
 * frame of the past is sent it with the timestamp of now, and each later frame by less further on
 * than it was, until it has caught up. Its receiver then plays each frame when it comes, and does
 * not stay behind live. What a packet gets depends on its timestamp only, so that a retransmission
 * repeats it. Pure C.
 */

#include <stdbool.h>
#include <stdint.h>

enum { DP_SQUEEZE_ONE = 256 };

struct dp_squeeze {
	uint32_t from; /* RTP timestamp of the key frame */
	uint32_t to; /* which becomes this one */
	uint32_t slope; /* a step of DP_SQUEEZE_ONE ticks becomes one of `slope` */
};

static inline uint32_t dp_squeeze_line(const struct dp_squeeze *q, uint32_t timestamp)
{
	int32_t since = (int32_t)(timestamp - q->from);

	return q->to + (uint32_t)((int64_t)since * q->slope / DP_SQUEEZE_ONE);
}

/* The later one of the squeezed timestamp and its own. */
static inline uint32_t dp_squeeze(const struct dp_squeeze *q, uint32_t timestamp)
{
	uint32_t line = dp_squeeze_line(q, timestamp);

	return (int32_t)(line - timestamp) > 0 ? line : timestamp;
}

/*
 * Whether packets that follow the one with `timestamp` keep theirs, also if they are up to `margin`
 * earlier.
 */
static inline bool dp_squeeze_ended(const struct dp_squeeze *q, uint32_t timestamp, uint32_t margin)
{
	return (int32_t)(timestamp - margin - dp_squeeze_line(q, timestamp - margin)) >= 0;
}

#endif

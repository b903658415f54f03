/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_DATAPLANE_FEEDBACK_H
#define SPATE_DATAPLANE_FEEDBACK_H

/*
 * When a key frame request may go out: the first at once, later ones coalesced to one
 * per interval, whoever asks (RFC 4585, 6.3.1; RFC 5104, 4.3.1.2). An ask within the
 * interval is remembered and goes when the interval ends, unless a key frame has come.
 */

#include <stdbool.h>
#include <stdint.h>

struct dp_keyframe_gate {
	uint64_t last; /* ns of the last request sent; 0: none */
	bool pending;
};

/* Someone asks. True: send now. */
bool dp_keyframe_ask(struct dp_keyframe_gate *g, uint64_t now, uint64_t interval_ns);
/* Time has passed. True: send now. */
bool dp_keyframe_due(struct dp_keyframe_gate *g, uint64_t now, uint64_t interval_ns);
/* A key frame came: what is pending has its answer. */
void dp_keyframe_came(struct dp_keyframe_gate *g);

/* A sender report for a consumer, from the producer's, so that all of a peer's streams stay in sync. */
struct dp_sr_clock {
	uint64_t ntp; /* of the producer's last SR, 32.32 */
	uint32_t rtp;
	uint64_t ns; /* when it came, monotonic; 0: none yet */
	uint32_t clock_rate;
};
/* The producer's NTP and RTP time at `now`. False: no SR yet. */
bool dp_sr_at(const struct dp_sr_clock *c, uint64_t now, uint64_t *ntp, uint32_t *rtp);

#endif

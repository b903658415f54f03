/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_DATAPLANE_RTP_FEEDBACK_H
#define SPATE_DATAPLANE_RTP_FEEDBACK_H

/*
 * Limits key frame requests to a producer, and derives consumers' sender reports from the
 * producer's. Pure C. Times are in nanoseconds of one monotonic clock.
 *
 * The first request for a key frame is sent at once, later ones are combined to one per interval,
 * whichever viewer asks (RFC 4585, 6.3.1; RFC 5104, 4.3.1.2). A request within the interval stays
 * pending and is sent when the interval ends, unless a key frame arrives first. If the requests do
 * not end, the interval doubles after a few: a trickle of joining viewers must not take half of the
 * producer's bits for key frames, and each of them still sees a picture after two intervals.
 *
 * Each viewer also has a budget of requests, so that a viewer that keeps asking gets hardly more
 * key frames than all others.
 */

#include <stdbool.h>
#include <stdint.h>

struct dp_keyframe_gate {
	uint64_t last; /* time of the last request sent; 0: none */
	uint64_t full; /* token bucket: when it will be full */
	bool pending;
};

/* A viewer needs a key frame. True: send the request now. */
bool dp_keyframe_request_due(struct dp_keyframe_gate *g, uint64_t now, uint64_t interval_ns);
/* Checks for a pending request. True: send it now. */
bool dp_keyframe_due(struct dp_keyframe_gate *g, uint64_t now, uint64_t interval_ns);
/* A key frame arrived, which satisfies a pending request. */
void dp_keyframe_arrived(struct dp_keyframe_gate *g);

/* One viewer's requests. All 0: it has made none. */
struct dp_keyframe_budget {
	uint64_t full; /* token bucket: when it will be full */
	uint64_t last; /* time of the last request that was accepted; 0: none */
};

/*
 * Whether to accept a viewer's request. The newest key frame arrived at `arrived` (0: none). False:
 * the viewer has used up its budget, or its last request is less than an interval old and not
 * answered yet. `*limited` is true in the first case. The repeat of a request that no key frame has
 * answered is not charged: the request or the key frame may have been lost between the producer and
 * us, for example while the producer moves to another address.
 */
bool dp_keyframe_budget_take(struct dp_keyframe_budget *b, uint64_t now, uint64_t interval_ns,
	uint64_t arrived, bool *limited);
/* Charges the viewer for a key frame of which the producer is not asked. False: it has used up its budget. */
bool dp_keyframe_budget_charge(struct dp_keyframe_budget *b, uint64_t now);

/*
 * The producer's last sender report. Consumers' reports are derived from it, so that all streams of
 * a peer stay synchronised.
 */
struct dp_sr_clock {
	uint64_t ntp; /* NTP time of the report, 32.32 fixed point */
	uint32_t rtp; /* RTP timestamp of the report */
	uint64_t ns; /* arrival time; 0: no report yet */
	uint32_t clock_rate; /* Hz */
};
/* Extrapolates the producer's NTP and RTP time to `now`. False: no report yet. */
bool dp_sr_at(const struct dp_sr_clock *c, uint64_t now, uint64_t *ntp, uint32_t *rtp);
/* Moves both times back by `shift` / 65536 s. The report stays right: it is about an earlier instant. */
void dp_sr_back(const struct dp_sr_clock *c, uint16_t shift, uint64_t *ntp, uint32_t *rtp);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_DATAPLANE_LAYERS_ADAPT_H
#define SPATE_DATAPLANE_LAYERS_ADAPT_H

/*
 * Decides which layers a viewer is sent, and when to probe for more. Pure C; integers only; times
 * are nanoseconds of one monotonic clock, which the caller passes in.
 *
 * The owner of a viewer's transport calls dp_adapt_remb() and dp_adapt_report() for what a compound
 * RTCP packet holds, and dp_adapt_decide() once behind it, unless dp_adapt_settled(), and about
 * once a second; nothing is called per packet. While dp_adapt_probing(), it calls
 * dp_adapt_padding() every 5 to 20 ms. docs/media-quality.md gives the reason and source of each
 * constant.
 */

#include <assert.h>
#include <stdbool.h>
#include <stdint.h>

#include "dataplane/layers/allocate.h"
#include "dataplane/layers/probe.h"

enum dp_adapt_flags {
	DP_ADAPT_LOSING = 1 << 0, /* the last window lost too much */
	DP_ADAPT_PROBE_BAD = 1 << 1, /* the estimate fell during a probe */
	DP_ADAPT_HEARD = 1 << 2, /* since the last decision there was a report, */
	DP_ADAPT_HEARD_REMB = 1 << 3, /* and a REMB */
	DP_ADAPT_WENT_UP = 1 << 4, /* the last change was upwards */
	DP_ADAPT_BAD_WINDOW = 1 << 5, /* the last window lost too much for good */
	DP_ADAPT_STALE = 1 << 6, /* the next report may be about what was sent before a change */
	DP_ADAPT_RISEN = 1 << 7, /* the estimate has risen since recover_ds was set */
};

/* State of one viewer's transport. Times are milliseconds, modulo 2^32. */
struct dp_adapt {
	struct dp_probe probe;
	uint32_t remb_kbps; /* the viewer's last REMB; 0: none for some seconds */
	uint32_t budget_kbps; /* what the path is believed to carry, audio included */
	uint32_t cost_kbps; /* what the targets and audio take, RTX included; at the last decision */
	uint32_t change_ms; /* when a target last went up or down, or took effect */
	uint32_t wait_ms; /* no target goes up and no probe starts before this time */
	uint32_t fall_ms; /* the first of `falls` */
	uint32_t loss_ms; /* begin of the window of the next three */
	uint16_t expected, rtx; /* packets reported; retransmissions */
	int16_t lost; /* behind the server; late packets make it shrink */
	uint16_t rtt_ms, rtt_base_ms; /* the last one, and the usual one; 0: not known */
	uint16_t remb_ds; /* when the last REMB came, in 100 ms, modulo 2^16 */
	uint8_t recent_loss; /* loss of about the last 20 packets, in 1/256 */
	uint8_t usual_loss; /* mean loss of some seconds, in 1/256 */
	uint8_t falls; /* of REMB below what is sent; during a probe: REMBs without a rise */
	uint8_t hold_s : 7; /* how long no target goes up after one went down */
	uint8_t content : 1; /* the last decision left nothing to climb to, and nothing that changes */
	uint8_t failures; /* probes that failed since the last success */
	uint8_t flags; /* enum dp_adapt_flags */
	/*
	 * Until when an estimate is left over from a path that has suddenly become narrow, in
	 * 100 ms, modulo 2^16; 0: it is not.
	 */
	uint16_t recover_ds;
};
static_assert(sizeof(struct dp_adapt) == 64, "one cache line");

/* What is sent to a viewer now, and what may be. */
struct dp_adapt_viewer {
	uint32_t sent_kbps; /* of about the last second, with audio, RTX and padding */
	uint32_t fixed_kbps; /* of its other consumers: audio, and video without layers */
	uint32_t max_kbps; /* limit on all; 0: none */
	bool switching; /* a target has not taken effect yet: its key frame has not come */
	bool can_pad; /* there is an SSRC on which padding may be sent */
	struct dp_video *videos; /* its consumers of video */
	unsigned count;
};

/* What a report block says about one consumer since the previous one. */
struct dp_adapt_report {
	uint32_t expected; /* growth of the extended highest sequence number */
	int32_t lost; /* growth of the cumulative number of packets lost */
	/* Sequence numbers among those expected that were never sent: lost before the server. */
	uint32_t gaps;
	uint32_t rtx; /* retransmissions that were sent to it */
	uint32_t rtt_us; /* the last one; 0: not known */
};

void dp_adapt_init(struct dp_adapt *a, uint64_t now_ns);

/* The viewer's REMB. `sent_kbps` as in struct dp_adapt_viewer. */
void dp_adapt_remb(struct dp_adapt *a, uint64_t now_ns, uint32_t kbps, uint32_t sent_kbps);

/* A receiver report block about one of its video consumers. */
void dp_adapt_report(struct dp_adapt *a, uint64_t now_ns, const struct dp_adapt_report *r);

/*
 * Sets the targets of the viewer's consumers, and starts or ends a probe. True: a target changed.
 * Also to be called when wishes, limits or the set of living layers change.
 */
bool dp_adapt_decide(struct dp_adapt *a, uint64_t now_ns, const struct dp_adapt_viewer *v);

/*
 * Whether the reports since the last decision cannot change it: there is nothing to climb to, and
 * no sign of congestion. What else may have changed is for the decisions of each second.
 */
bool dp_adapt_settled(const struct dp_adapt *a);

static inline bool dp_adapt_probing(const struct dp_adapt *a)
{
	return dp_probe_running(&a->probe);
}

/*
 * The bytes of padding to send now, when `elapsed_ns` have passed since the previous call or the
 * start of the probe. They count like the rates: RTP payload, padding included.
 */
uint32_t dp_adapt_padding(const struct dp_adapt *a, uint64_t now_ns, uint64_t elapsed_ns);

/* The kbit/s that the path is believed to carry (availableOutgoingBitrate). */
uint32_t dp_adapt_available_kbps(const struct dp_adapt *a);

#endif

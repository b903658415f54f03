/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_DATAPLANE_RTP_SOURCE_CLOCK_H
#define SPATE_DATAPLANE_RTP_SOURCE_CLOCK_H

/*
 * Tells whether the last sender report of a source still says which NTP time its RTP timestamps
 * have. It does not if the RTP clock stood still or leapt, as some sources' clocks do while nothing
 * is sent. Pure C. Times are in nanoseconds of one monotonic clock.
 *
 * If a packet's timestamp has not advanced like the time since the previous packet, either the RTP
 * clock has leapt or the network has delayed the packet. So a period of observation begins: the
 * least delayed packet in it tells how far the report is off. If it is off, that packet's arrival
 * replaces the report. A new report ends the period at once.
 */

#include "dataplane/rtp/feedback.h"

struct dp_source_clock {
	struct dp_sr_clock sr; /* from the last report; ns 0: not known */
	uint64_t last_ns; /* arrival and timestamp of the last packet; 0: none yet */
	uint32_t last_rtp;
	/* timestamp and arrival of the least delayed packet in the period of observation */
	uint32_t best_rtp;
	uint64_t best_ns;
	uint64_t settle_ns; /* end of the period of observation; 0: no period */
};

void dp_source_clock_init(struct dp_source_clock *c, uint32_t clock_rate);
/* A sender report arrived. */
void dp_source_clock_report(struct dp_source_clock *c, uint64_t ntp, uint32_t rtp, uint64_t now);
/*
 * A packet arrived that is the newest by its sequence number. True: what dp_source_clock_get() says
 * has changed.
 */
bool dp_source_clock_packet(struct dp_source_clock *c, uint32_t rtp, uint64_t now);
/* Ends a doubt whose time is over. True: what dp_source_clock_get() says has changed. */
bool dp_source_clock_settle(struct dp_source_clock *c, uint64_t now);
/* Returns the relation of NTP and RTP time; its `ns` is 0 while none is known without doubt. */
struct dp_sr_clock dp_source_clock_get(const struct dp_source_clock *c);

#endif

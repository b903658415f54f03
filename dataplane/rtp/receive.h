/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_DATAPLANE_RTP_RECEIVE_H
#define SPATE_DATAPLANE_RTP_RECEIVE_H

/*
 * Keeps the receiver state of one RTP stream (RFC 3550, 6.4.1, A.1, A.3, A.8), that is extended
 * sequence number, loss and jitter, and fills in the report blocks. Pure C. Times are in
 * nanoseconds of one monotonic clock.
 */

#include <stdbool.h>
#include <stdint.h>

#include "dataplane/rtp/rtcp.h"

struct dp_receive {
	uint32_t clock_rate; /* Hz */
	bool started;
	/*
	 * Extended sequence numbers. The first one seen becomes 65536 + seq, so that earlier ones
	 * can be represented.
	 */
	uint64_t base, highest;
	uint64_t zero; /* where the SSRC's own numbers begin: the first is reported in cycle 0 */
	uint64_t received; /* packets without duplicates */
	uint64_t expected_prior, received_prior; /* values at the last report */
	uint64_t lost_before; /* lost of the SSRCs before this one */
	bool transit_known;
	uint32_t transit; /* transit time of the last packet, in RTP ticks */
	uint32_t jitter; /* in RTP ticks, scaled by 16 */
	uint8_t fraction_lost; /* in the last report */
	uint64_t sr_ntp, sr_ns; /* last sender report; sr_ns 0: none */
	uint32_t sr_rtp;
};

void dp_receive_init(struct dp_receive *r, uint32_t clock_rate);
/* Returns the extended sequence number of a packet that has just arrived, without counting it. */
uint64_t dp_receive_extend(const struct dp_receive *r, uint16_t seq);
/*
 * Counts a packet that is not a duplicate. `repaired`: it came by RTX, so its arrival time is left
 * out of the jitter.
 */
void dp_receive_packet(struct dp_receive *r, uint64_t ext_seq, uint32_t rtp_timestamp, uint64_t now,
	bool repaired);
/*
 * The source restarts at `seq`. Extended sequence numbers skip all values that could still be taken
 * for an old packet, and the skipped values do not count as lost. The timestamps and the last
 * sender report have nothing to do with those that follow. No effect before the first packet.
 */
void dp_receive_restart(struct dp_receive *r, uint16_t seq);
/*
 * The source goes on with another SSRC, at `seq`. The same, and the reports start over, because
 * each report block is about one SSRC.
 */
void dp_receive_rebind(struct dp_receive *r, uint16_t seq);
/* Records a sender report that arrived at `now`. */
void dp_receive_sr(struct dp_receive *r, const struct dp_rtcp_sender_info *sr, uint64_t now);
/* Fills in a report block except its ssrc, and starts the next report interval. */
void dp_receive_report(struct dp_receive *r, struct dp_rtcp_report *out, uint64_t now);
/* The number of packets lost so far, of all SSRCs; at least 0. */
uint64_t dp_receive_lost(const struct dp_receive *r);

#endif

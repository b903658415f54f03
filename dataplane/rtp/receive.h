/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_DATAPLANE_RECEIVE_H
#define SPATE_DATAPLANE_RECEIVE_H

/*
 * What a receiver of one RTP stream keeps (RFC 3550, 6.4.1, A.1, A.3, A.8): extended
 * sequence number, loss, jitter; and the blocks it reports. Pure C. Times in
 * nanoseconds of one monotonic clock.
 */

#include <stdbool.h>
#include <stdint.h>

#include "dataplane/rtp/rtcp.h"

struct dp_receive {
	uint32_t clock_rate;
	bool started;
	uint64_t base, highest; /* extended; the first seen is 65536 + seq, so that "before" exists */
	uint64_t received; /* packets, duplicates left out */
	uint64_t expected_prior, received_prior; /* at the last report */
	uint32_t transit;
	uint32_t jitter; /* scaled by 16 */
	uint8_t fraction_lost; /* of the last report */
	uint64_t sr_ntp, sr_ns; /* last sender report; sr_ns 0: none */
	uint32_t sr_rtp;
};

void dp_receive_init(struct dp_receive *r, uint32_t clock_rate);
/* Extended number of a packet that has just come, without counting it. */
uint64_t dp_receive_extend(const struct dp_receive *r, uint16_t seq);
/* Counts a packet that is no duplicate. `repaired`: by RTX, its arrival says nothing of jitter. */
void dp_receive_packet(struct dp_receive *r, uint64_t ext_seq, uint32_t rtp_timestamp, uint64_t now,
	bool repaired);
/*
 * The source goes on with `seq`, whatever went before: numbers rise beyond all that could
 * still be mistaken for an old packet, and the leap counts as no loss.
 */
void dp_receive_anew(struct dp_receive *r, uint16_t seq);
void dp_receive_sr(struct dp_receive *r, const struct dp_rtcp_sender_info *sr, uint64_t now);
/* Fills in a report block (all but ssrc) and starts the next interval. */
void dp_receive_report(struct dp_receive *r, struct dp_rtcp_report *out, uint64_t now);
/* Packets lost so far, never below 0. */
uint64_t dp_receive_lost(const struct dp_receive *r);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_DATAPLANE_RTP_TWCC_H
#define SPATE_DATAPLANE_RTP_TWCC_H

/*
 * Builds transport-wide congestion control feedback on the receiver's side
 * (draft-holmer-rmcat-transport-wide-cc-extensions-01). Pure C, fixed size, one per transport.
 * Times are in nanoseconds of one monotonic clock.
 */

#include <stdbool.h>
#include <stdint.h>

#include "dataplane/rtp/rtcp_build.h"

enum { DP_TWCC_WINDOW = 2048 }; /* sequence numbers remembered; a power of two */

struct dp_twcc {
	bool started;
	uint8_t fb_count;
	uint64_t next; /* first extended sequence number not reported yet */
	uint64_t highest; /* highest extended sequence number seen */
	uint64_t arrival[DP_TWCC_WINDOW]; /* by extended sequence number; 0: not seen */
};

void dp_twcc_init(struct dp_twcc *t);
/*
 * A packet with the transport-wide sequence number `seq` arrived at `now`. Duplicates and packets
 * older than the window are ignored.
 */
void dp_twcc_packet(struct dp_twcc *t, uint16_t seq, uint64_t now);
/*
 * Appends one feedback packet about the packets since the last feedback. False: there is nothing to
 * report, or no room. Call again while it returns true and dp_twcc_pending() is true. `ssrc` is the
 * sender's, `media` the media source's.
 */
bool dp_twcc_feedback(struct dp_twcc *t, struct dp_rtcp_buf *b, uint32_t ssrc, uint32_t media);
/* Whether there is something to report. */
bool dp_twcc_pending(const struct dp_twcc *t);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_DATAPLANE_TWCC_H
#define SPATE_DATAPLANE_TWCC_H

/*
 * Transport-wide congestion control feedback, receiver's side
 * (draft-holmer-rmcat-transport-wide-cc-extensions-01). Pure C, fixed size, one per
 * transport.
 */

#include <stdbool.h>
#include <stdint.h>

#include "dataplane/rtp/rtcp.h"

enum { DP_TWCC_WINDOW = 2048 }; /* sequence numbers remembered; a power of two */

struct dp_twcc {
	bool started;
	uint8_t fb_count;
	uint64_t next; /* first extended number not reported yet */
	uint64_t highest; /* extended */
	uint64_t arrival[DP_TWCC_WINDOW]; /* ns; 0: not seen; by extended number */
};

void dp_twcc_init(struct dp_twcc *t);
void dp_twcc_packet(struct dp_twcc *t, uint16_t seq, uint64_t now);
/*
 * Appends one feedback packet for what came since the last. False when there is nothing
 * to say or no room. Call again while it answers true and dp_twcc_pending().
 */
bool dp_twcc_feedback(struct dp_twcc *t, struct dp_rtcp_buf *b, uint32_t ssrc, uint32_t media);
bool dp_twcc_pending(const struct dp_twcc *t);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_DATAPLANE_TABLES_UNPROVEN_H
#define SPATE_DATAPLANE_TABLES_UNPROVEN_H

/*
 * Limits what is sent to an address at which it is not proven that the peer receives. Otherwise a
 * peer could direct a stream at anybody, by a check with a forged source address.
 * DP_UNPROVEN_PACKETS packets go there, and from then on at most three times as many bytes as
 * authenticated packets bring from there, as RFC 9000, 8 allows for QUIC; RTCP counts, and may go
 * ahead of what is earned by the cost of one packet. The limit ends when the control plane binds
 * the tuple as proven, or when a receiver report repeats the random bits of a sender report
 * (rtcp.c).
 */

#include <stdbool.h>
#include <stdint.h>

#include "dataplane/tables/transport.h"

struct dp_worker;

enum {
	DP_UNPROVEN_PACKETS = 10, /* to begin with, at most once in 10 s */
	DP_UNPROVEN_COST = 1200, /* what an RTP packet costs, in bytes, whatever its size */
	DP_UNPROVEN_GUESSES = 8, /* reports that may fail to echo one of ours */
};

/* After the selection or the proof of a tuple has changed. */
void dp_unproven_update(struct dp_worker *w, struct dp_transport *t);
/* An authenticated packet or a check of that many bytes came on the selected tuple. */
void dp_unproven_earn(struct dp_transport *t, uint32_t bytes);
/* The peer has shown that it receives on the selected tuple: lifts the limit. */
void dp_unproven_echoed(struct dp_worker *w, struct dp_transport *t);

static inline bool dp_unproven_spend_down_to(struct dp_transport *t, int32_t bytes, int32_t least)
{
	if (!t->limited)
		return true;
	if (t->credit - bytes < least)
		return false;
	t->credit -= bytes;
	return true;
}

/* Whether `bytes` may be sent, which are then spent. Always true without a limit. */
static inline bool dp_unproven_spend(struct dp_transport *t, int32_t bytes)
{
	return dp_unproven_spend_down_to(t, bytes, 0);
}

/*
 * The same for RTCP, which may leave a debt. Media takes all credit that is enough for a packet, so
 * that nothing would be left for the reports that prove the address.
 */
static inline bool dp_unproven_spend_rtcp(struct dp_transport *t, int32_t bytes)
{
	return dp_unproven_spend_down_to(t, bytes, -DP_UNPROVEN_COST);
}

#endif

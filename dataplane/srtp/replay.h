/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_DATAPLANE_SRTP_REPLAY_H
#define SPATE_DATAPLANE_SRTP_REPLAY_H

/*
 * The packet index of what comes in (RFC 3711, 3.3.1) and the replay window (3.3.2), per
 * SSRC. Finding, estimating and testing change nothing; dp_replay_accept() is called once
 * the packet has been authenticated.
 */

#include <stdbool.h>
#include <stdint.h>

#include "dataplane/srtp/internal.h"

enum { DP_REPLAY_WINDOW = 128 };

/* 2^48 packets, then the key is used up (RFC 3711, 9.2). */
#define DP_RTP_INDEX_MAX 0xffffffffffffull

struct dp_replay {
	uint64_t highest;
	uint64_t seen[2]; /* bit i: highest - i was accepted */
};

/* The SSRCs a session follows. */
struct dp_ssrc_set {
	uint8_t count, limit;
	uint8_t next; /* the place behind the one that was replaced last */
	uint32_t recent; /* bit i: ssrc[i] has come since all of them were asked for the last time */
	uint32_t ssrc[DP_SRTP_SSRC_MAX];
};

struct dp_replay_table {
	struct dp_ssrc_set set;
	struct dp_replay state[DP_SRTP_SSRC_MAX]; /* as in set */
};

/* Its place, or -1. */
int dp_ssrc_find(const struct dp_ssrc_set *set, uint32_t ssrc);

/*
 * The place for a new SSRC: a free one, else that of one not kept which has not come for longest, as far
 * as one bit each knows. -1: none. Changes nothing.
 */
int dp_ssrc_room(const struct dp_ssrc_set *set, const struct dp_srtp_keep *keep);

/* An authenticated packet of `ssrc` came, whose place that is by one of the above. True: it is new there. */
bool dp_ssrc_accept(struct dp_ssrc_set *set, int place, uint32_t ssrc);

/* ROC || SEQ of a packet; past DP_RTP_INDEX_MAX when the roll-over counter is used up. */
uint64_t dp_replay_estimate(const struct dp_replay *r, uint16_t seq);

/* Neither accepted before nor older than the window. */
bool dp_replay_fresh(const struct dp_replay *r, uint64_t index);

/* `place` as dp_ssrc_find() or dp_ssrc_room() said; one that is new there begins anew. */
void dp_replay_accept(struct dp_replay_table *t, int place, uint32_t ssrc, uint64_t index);

#endif

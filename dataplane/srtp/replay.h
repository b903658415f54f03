/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_DATAPLANE_SRTP_REPLAY_H
#define SPATE_DATAPLANE_SRTP_REPLAY_H

/*
 * Estimates the packet index of inbound packets (RFC 3711, 3.3.1) and keeps the replay window
 * (3.3.2), per SSRC. Finding, estimating and testing change nothing. dp_replay_accept() is called
 * after the packet has been authenticated.
 */

#include <stdbool.h>
#include <stdint.h>

#include "dataplane/srtp/internal.h"
#include "dataplane/srtp/ssrc_table.h"

/* Of each SSRC, in the session. An SSRC that is kept has a longer window besides (dp_srtp_keep()). */
enum { DP_REPLAY_WINDOW = 128 };

/* The last packet index: one key protects at most 2^48 packets (RFC 3711, 9.2). */
#define DP_RTP_INDEX_MAX 0xffffffffffffull

/* Estimates ROC || SEQ of a packet. The result exceeds DP_RTP_INDEX_MAX if the ROC is exhausted. */
uint64_t dp_replay_estimate(const struct dp_replay *r, uint16_t seq);

/* Returns the long window of an SSRC; NULL: it has none. */
struct dp_srtp_window *dp_replay_window(const struct dp_srtp_keep *keep, uint32_t ssrc);

/*
 * Whether `index` is neither accepted already nor older than the window: the long one `wide` if the
 * SSRC has it and it knows what was accepted.
 */
bool dp_replay_fresh(const struct dp_replay *r, const struct dp_srtp_window *wide, uint32_t ssrc,
	uint64_t index);

/*
 * Marks `index` as accepted, also in `wide` unless it is NULL. `place` is the index from
 * dp_ssrc_find() or dp_ssrc_room(). An SSRC that is new there starts with an empty window.
 */
void dp_replay_accept(struct dp_ssrc_table *t, int place, struct dp_srtp_window *wide, uint32_t ssrc,
	uint64_t index);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_DATAPLANE_SRTP_SSRC_TABLE_H
#define SPATE_DATAPLANE_SRTP_SSRC_TABLE_H

/*
 * Keeps the SSRCs of an inbound session, and what is known of each. The first places are in the
 * session itself and are enough for most transports; further ones are in a chain of blocks from the
 * engine's pool. Only dp_ssrc_resize() takes blocks and gives them back, so no packet can make a
 * table grow.
 */

#include <assert.h>
#include <stdint.h>

#include "dataplane/srtp/internal.h"

struct dp_replay {
	uint64_t highest; /* highest index accepted */
	uint64_t seen[2]; /* bit i: highest - i was accepted */
};

struct dp_ssrc_block {
	struct dp_ssrc_block *next;
	uint32_t recent; /* bit i: ssrc[i] was accepted since the bits were cleared */
	uint32_t ssrc[DP_SRTP_BLOCK_SSRCS];
	struct dp_replay state[DP_SRTP_BLOCK_SSRCS];
};
static_assert(sizeof(struct dp_ssrc_block) <= DP_SRTP_BLOCK_SIZE, "the caller's blocks are long enough");
static_assert(DP_SRTP_BLOCK_SSRCS <= 32 && DP_SRTP_SSRCS <= 32, "a bit of `recent` each");

/* Places count from 0; the first `count` of them are taken. */
struct dp_ssrc_table {
	uint16_t count, places;
	uint16_t limit; /* the most that `places` may become */
	uint16_t next; /* the place behind the one that was replaced last */
	uint32_t recent;
	uint32_t ssrc[DP_SRTP_SSRCS];
	struct dp_replay state[DP_SRTP_SSRCS];
	struct dp_ssrc_block *more;
};

/* Tells an engine that an SSRC is about to leave the table. */
typedef void dp_ssrc_forget(struct dp_srtp_session *s, const struct dp_ssrc_table *t, uint32_t ssrc);

/* What every inbound session has. */
struct dp_srtp_inbound {
	struct dp_srtp_keep keep;
	struct dp_ssrc_table rtp, rtcp;
};

/* Begins a table without blocks, whose memory is zeroed. */
void dp_ssrc_begin(struct dp_ssrc_table *t, unsigned limit);

/* Returns the place of an SSRC; -ENOENT: it has none. */
int dp_ssrc_find(const struct dp_ssrc_table *t, uint32_t ssrc);

/* Returns the SSRC at a place, and what is known of it. */
uint32_t dp_ssrc_at(const struct dp_ssrc_table *t, int place);
struct dp_replay *dp_ssrc_state(struct dp_ssrc_table *t, int place);

/*
 * Returns the place for a new SSRC: a free one, otherwise that of the SSRC that is not kept and,
 * as far as one bit per SSRC tells, was not accepted for longest. -ENOSPC: none. Changes nothing.
 */
int dp_ssrc_room(const struct dp_ssrc_table *t, const struct dp_srtp_keep *keep);

/*
 * Records that a packet of `ssrc` was authenticated. `place` is from dp_ssrc_find() or
 * dp_ssrc_room(). True: the SSRC is new at this place; what was known there is gone.
 */
bool dp_ssrc_accept(struct dp_ssrc_table *t, int place, uint32_t ssrc);

/*
 * Makes room for `wanted` SSRCs, at most t->limit; not less than those in the session. If the table
 * becomes shorter, what is kept moves to the places that stay, and `forget` (unless NULL) is called
 * with the table and each SSRC that is lost. A table that could not hold all that is kept stays as
 * it is. ENOSPC: the pool is empty; nothing has changed.
 */
int dp_ssrc_resize(struct dp_ssrc_table *t, unsigned wanted, const struct dp_srtp_blocks *pool,
	const struct dp_srtp_keep *keep, dp_ssrc_forget *forget, struct dp_srtp_session *s);

/* Gives all blocks back. The table must not be used any more. */
void dp_ssrc_end(struct dp_ssrc_table *t, const struct dp_srtp_blocks *pool);

#endif

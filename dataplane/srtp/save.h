/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_DATAPLANE_SRTP_SAVE_H
#define SPATE_DATAPLANE_SRTP_SAVE_H

/* Saves sessions for another process, and opens them there. */

#include "dataplane/srtp/srtp.h"

/*
 * What a session needs to go on in another process: keys, counters, and the SSRCs of an inbound one
 * with their ROC and the short replay window. What is older than that window counts as accepted
 * afterwards. It is opaque, holds keys, and is understood by an engine of the same kind, if the
 * sizes are the same.
 */
bool dp_srtp_can_save(const struct dp_srtp_engine *e);
/* The sizes of what is saved of a session, and of each of its SSRCs: those of another build may differ. */
size_t dp_srtp_saved_head(void);
size_t dp_srtp_saved_ssrc(void);
/* The most bytes that dp_srtp_save() writes for the session; a multiple of 8. */
size_t dp_srtp_saved_max(const struct dp_srtp_engine *e, const struct dp_srtp_session *s);
/*
 * Writes it to `out`, aligned to 8, and returns the number of bytes, a multiple of 8. The session
 * must protect nothing afterwards: what it would protect, the other process protects as well.
 */
size_t dp_srtp_save(struct dp_srtp_engine *e, struct dp_srtp_session *s, uint8_t *out);
/*
 * Opens a session with what was saved, in place of dp_srtp_open(). An inbound one has the keys
 * only: dp_srtp_recall() adds its SSRCs after dp_srtp_keep() and dp_srtp_expect(). 0, or EINVAL:
 * that is nothing that this engine has saved for this direction.
 */
int dp_srtp_reopen(struct dp_srtp_engine *e, struct dp_srtp_session *s, enum dp_srtp_dir dir,
	const uint8_t *saved, size_t len, unsigned ssrc_limit);
/* The profile of an open session, enum sh_srtp_profile. */
uint16_t dp_srtp_profile_of(const struct dp_srtp_session *s);
/*
 * SSRCs that are not kept, and find no place, are forgotten as if they had been replaced. 0, EINVAL
 * as above, or ENOSPC: there is no place for one that is kept.
 */
int dp_srtp_recall(struct dp_srtp_engine *e, struct dp_srtp_session *s, const uint8_t *saved, size_t len);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_DATAPLANE_TABLES_SRTP_KEYS_H
#define SPATE_DATAPLANE_TABLES_SRTP_KEYS_H

/*
 * Opens the two SRTP sessions of a transport with keys from the control plane, and wipes them when
 * the transport ends.
 */

#include <assert.h>

#include "dataplane/srtp/srtp.h"

struct dp_op;
struct dp_transport;
struct dp_worker;

/*
 * The operation TRANSPORT_KEYS, on the owning worker: opens both sessions. Returns 0 (also if they
 * are open already), or errno; EINVAL: the transport is unprotected, or the profile is unknown.
 */
int dp_transport_keys(struct dp_worker *w, const struct dp_op *op);
/*
 * Gives the transport its inbound session, which keeps the ROC and replay window of every SSRC that
 * a stream of the transport uses.
 */
void dp_transport_keep_ssrcs(struct dp_worker *w, struct dp_transport *t, struct dp_srtp_session *in);
/*
 * The transport has other streams or consumers now: makes room for the SSRCs that its peer sends
 * with (dp_srtp_expect()). 0, or ENOSPC: there is no memory for so many.
 */
int dp_transport_expect_ssrcs(struct dp_worker *w, struct dp_transport *t);

/*
 * SSRCs beyond those that are known: a source that goes on with another SSRC, RTX that came before
 * its media, feedback from an SSRC of its own.
 */
enum { DP_SPARE_SSRCS = 4 };

/*
 * Returns how many blocks (dp_srtp_pool()) are enough for so many streams, with up to two SSRCs
 * each, and consumers, however they are spread over transports. A session takes its first block
 * for one SSRC more than fit into its own memory, of RTP and of RTCP each, and a further one only
 * for 32 more.
 */
static inline unsigned dp_ssrc_blocks(unsigned streams, unsigned consumers)
{
	const unsigned first = DP_SRTP_SSRCS - DP_SPARE_SSRCS + 1;

	static_assert(DP_SRTP_BLOCK_SSRCS >= DP_SRTP_SSRCS - DP_SPARE_SSRCS + 1,
		"the first block is the dearest");
	return 2 * streams / first + (2 * streams + consumers) / first;
}

/* Wipes both sessions, if they are open. The transport cannot send from then on. */
void dp_transport_close_srtp(struct dp_worker *w, struct dp_transport *t);

#endif

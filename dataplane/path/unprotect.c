/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Authenticates and decrypts SRTP in place; before this, nothing in a packet is trusted except to
 * find its transport. A plain transport without SRTP has nothing to authenticate: a packet from its
 * address is accepted, and one from a stranger if it fits a producer. Accepted packets go on to
 * dp_route().
 */

#include <errno.h>

#include <rte_branch_prediction.h>

#include "dataplane/path/capture.h"
#include "dataplane/path/punt.h"
#include "dataplane/path/stages.h"
#include "dataplane/rtp/rtp.h"
#include "dataplane/tables/forgery.h"
#include "dataplane/tables/plain_transport.h"
#include "dataplane/tables/transport.h"
#include "dataplane/tables/transport_state.h"
#include "dataplane/worker/drop.h"
#include "dataplane/worker/packet.h"
#include "dataplane/worker/worker.h"

/* The reason to drop a packet that dp_srtp_unprotect_rtp() rejected with this errno. */
static enum sh_drop drop_reason(int error)
{
	switch (error) {
	case EBADMSG:
		return SH_DROP_SRTP_AUTH;
	case EALREADY:
		return SH_DROP_SRTP_REPLAY;
	case ENOSPC:
		return SH_DROP_SRTP_SSRC_LIMIT;
	default:
		return SH_DROP_RTP_MALFORMED;
	}
}

/* False: the packet came from a stranger, fits no producer and was dropped. */
static bool accept_unprotected(struct dp_worker *w, struct rte_mbuf *m, struct dp_transport *t,
	const struct dp_rtp *rtp)
{
	const struct dp_meta *meta = dp_meta(m);

	if (meta->tuple == DP_TUPLE_STRANGER && !dp_plain_transport_expects(t, rtp->ssrc, rtp->pt)) {
		dp_drop(w, m, SH_DROP_UNKNOWN_TUPLE);
		return false;
	}
	dp_transport_accepted(w, t, meta, true);
	return true;
}

/* True: the packet is authenticated or validated, and decrypted. False: it was dropped. */
static bool unprotect(struct dp_worker *w, struct rte_mbuf *m)
{
	struct dp_meta *meta = dp_meta(m);
	struct dp_transport *t = meta->transport;
	uint8_t *pkt = rte_pktmbuf_mtod_offset(m, uint8_t *, meta->payload_offset);
	size_t len = meta->payload_len;
	struct dp_rtp rtp;
	int error;

	if (!t->in && !dp_transport_unprotected(t)) {
		dp_drop(w, m, SH_DROP_NO_KEYS);
		return false;
	}
	if (dp_rtp_parse_header(&rtp, pkt, len)) {
		dp_drop(w, m, SH_DROP_RTP_MALFORMED);
		return false;
	}
	if (!t->in)
		return accept_unprotected(w, m, t, &rtp);
	if (dp_suspected(w, t) &&
		!dp_worth_authenticating(w, dp_srtp_resembles(w->engine, t->in, pkt, len, false))) {
		dp_drop(w, m, SH_DROP_FORGED_RATE);
		return false;
	}
	error = dp_srtp_unprotect_rtp(w->engine, t->in, pkt, &len, rtp.hdr_len);
	if (error) {
		if (error == EBADMSG && !dp_is_from_elsewhere(meta))
			dp_not_authentic(w, t);
		dp_drop(w, m, drop_reason(error));
		return false;
	}
	meta->payload_len = (uint16_t)len;
	dp_transport_accepted(w, t, meta, true);
	if (unlikely(meta->tuple == DP_TUPLE_MOVED))
		dp_punt_moved(w, m);
	return true;
}

unsigned dp_unprotect(struct dp_worker *w, struct rte_mbuf **pkts, unsigned n)
{
	struct dp_capture *c = dp_capture_of(w);
	unsigned kept = 0;

	for (unsigned i = 0; i < n; i++)
		if (unprotect(w, pkts[i]))
			pkts[kept++] = pkts[i];
	if (unlikely(c) && c->plain)
		for (unsigned i = 0; i < kept; i++)
			dp_capture_decrypted(c, pkts[i], dp_meta(pkts[i])->payload_len);
	return kept;
}

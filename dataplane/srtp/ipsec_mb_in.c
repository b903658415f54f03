/* SPDX-License-Identifier: Apache-2.0 */
/* Unprotects SRTP and SRTCP for the ipsec-mb engine. */

#include <errno.h>
#include <string.h>

#include "dataplane/srtp/gcm_each.h"
#include "dataplane/srtp/ipsec_mb.h"
#include "shared/bytes.h"

struct dp_srtp_inbound *dp_mb_inbound(struct dp_srtp_session *s)
{
	return &((struct dp_mb_in *)s)->in;
}

/* --- RTP ----------------------------------------------------------------------------------- */

int dp_mb_unprotect_rtp(struct dp_srtp_engine *base, struct dp_srtp_session *session, uint8_t *pkt,
	size_t *len, size_t hdr_len)
{
	struct dp_mb_engine *e = (struct dp_mb_engine *)base;
	struct dp_mb_session *s = (struct dp_mb_session *)session;
	struct dp_srtp_inbound *in = dp_mb_inbound(session);
	uint16_t seq = sh_get_be16(pkt + 2);
	uint32_t ssrc = sh_get_be32(pkt + 8);
	int place = dp_ssrc_find(&in->rtp, ssrc);
	struct dp_srtp_window *wide = dp_replay_window(&in->keep, ssrc);
	uint64_t index = seq;

	if (place < 0) {
		place = dp_ssrc_room(&in->rtp, &in->keep);
		if (place < 0)
			return ENOSPC;
	} else {
		const struct dp_replay *r = dp_ssrc_state(&in->rtp, place);
		index = dp_replay_estimate(r, seq);
		if (index > DP_RTP_INDEX_MAX || !dp_replay_fresh(r, wide, ssrc, index))
			return EALREADY;
	}
	int err = dp_mb_is_gcm(s) ? dp_mb_gcm_unprotect_rtp(e, s, pkt, len, hdr_len, index)
				  : dp_mb_cm_unprotect_rtp(e, s, pkt, len, hdr_len, index);
	if (err == 0)
		dp_replay_accept(&in->rtp, place, wide, ssrc, index);
	return err;
}

/* --- RTCP ---------------------------------------------------------------------------------- */

static uint32_t rtcp_index(const struct dp_mb_session *s, const uint8_t *pkt, size_t len)
{
	size_t behind = DP_SRTP_INDEX + (dp_mb_is_gcm(s) ? 0 : s->base.tag_len);

	return sh_get_be32(pkt + len - behind) & ~DP_SRTCP_E;
}

/* How far ahead of the highest SRTCP index a packet may be and still look like the peer's. */
enum { RTCP_AHEAD = 1024 };

bool dp_mb_resembles(const struct dp_srtp_session *session, const uint8_t *pkt, size_t len, bool rtcp)
{
	struct dp_mb_in *s = (struct dp_mb_in *)(uintptr_t)session;
	struct dp_ssrc_table *t = rtcp ? &s->in.rtcp : &s->in.rtp;
	uint32_t ssrc = sh_get_be32(pkt + (rtcp ? 4 : 8));
	int place = dp_ssrc_find(t, ssrc);

	if (place < 0)
		return dp_replay_window(&s->in.keep, ssrc) != NULL;
	return !rtcp || rtcp_index(&s->s, pkt, len) <= dp_ssrc_state(t, place)->highest + RTCP_AHEAD;
}

/* The keys, the first SSRCs, and the window of the first: most peers report under one. */
void dp_mb_prefetch_rtcp(const struct dp_srtp_session *session)
{
	const struct dp_mb_in *in = (const struct dp_mb_in *)session;

	__builtin_prefetch(in);
	__builtin_prefetch(&in->s.rtcp);
	__builtin_prefetch((const uint8_t *)(&in->s.rtcp + 1) - 1);
	__builtin_prefetch(&in->in.keep);
	__builtin_prefetch(&in->in.rtcp);
	__builtin_prefetch(&in->in.rtcp.state[0]);
}

/*
 * Returns the place of the packet's SSRC, which it may take when it is authentic. -EALREADY: the
 * packet is replayed; -ENOSPC: there is no place.
 */
static int rtcp_place(const struct dp_srtp_rtcp *p)
{
	struct dp_srtp_inbound *in = dp_mb_inbound(p->session);
	uint32_t ssrc = sh_get_be32(p->pkt + 4);
	uint32_t index = rtcp_index((const struct dp_mb_session *)p->session, p->pkt, p->len);
	int place = dp_ssrc_find(&in->rtcp, ssrc);

	if (place < 0)
		return dp_ssrc_room(&in->rtcp, &in->keep);
	return dp_replay_fresh(dp_ssrc_state(&in->rtcp, place), NULL, ssrc, index) ? place : -EALREADY;
}

/*
 * The packet is authentic, and `index` is its own. It is looked at once more, because another one
 * of its burst may have had the same index, or taken the place.
 */
static void accept_rtcp(struct dp_srtp_rtcp *p, uint32_t index, size_t plain)
{
	struct dp_srtp_inbound *in = dp_mb_inbound(p->session);
	int place = rtcp_place(p);

	p->error = place < 0 ? -place : 0;
	if (place < 0)
		return;
	dp_replay_accept(&in->rtcp, place, NULL, sh_get_be32(p->pkt + 4), index);
	p->len = plain;
}

static void unprotect_one(struct dp_mb_engine *e, struct dp_srtp_rtcp *p)
{
	struct dp_mb_session *s = (struct dp_mb_session *)p->session;
	uint32_t index = rtcp_index(s, p->pkt, p->len);
	size_t len = p->len;

	p->error = dp_mb_is_gcm(s) ? dp_mb_gcm_unprotect_rtcp(e, s, p->pkt, &len)
				   : dp_mb_cm_unprotect_rtcp(e, s, p->pkt, &len);
	if (!p->error)
		accept_rtcp(p, index, len);
}

/* The packets whose keys are expanded together. */
struct group {
	unsigned count;
	struct dp_srtp_rtcp *packet[DP_GCM_EACH];
	struct dp_gcm_message message[DP_GCM_EACH];
};

static void open_group(struct group *g)
{
	dp_gcm_open_each(g->message, g->count);
	for (unsigned i = 0; i < g->count; i++) {
		struct dp_srtp_rtcp *p = g->packet[i];
		const struct dp_mb_session *s = (const struct dp_mb_session *)p->session;

		if (g->message[i].authentic)
			accept_rtcp(p, rtcp_index(s, p->pkt, p->len), dp_mb_gcm_rtcp_plain(p->len));
		else
			p->error = EBADMSG;
	}
	g->count = 0;
}

void dp_mb_unprotect_rtcp(struct dp_srtp_engine *e, struct dp_srtp_rtcp *p, unsigned n)
{
	struct group g = {.count = 0};

	for (unsigned i = 0; i < n; i++) {
		const struct dp_mb_session *s = (const struct dp_mb_session *)p[i].session;
		int place = p[i].error ? 0 : rtcp_place(&p[i]);

		if (place < 0)
			p[i].error = -place;
		if (p[i].error)
			continue;
		if (!dp_mb_gcm_is_short(s, p[i].len)) {
			unprotect_one((struct dp_mb_engine *)e, &p[i]);
			continue;
		}
		dp_mb_gcm_message(&g.message[g.count], s, p[i].pkt, p[i].len);
		g.packet[g.count++] = &p[i];
		if (g.count == DP_GCM_EACH)
			open_group(&g);
	}
	open_group(&g);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Implements the libsrtp2 engine, which runs on every CPU and is the oracle of the tests. */

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include <srtp2/srtp.h>

#include "dataplane/srtp/internal.h"
#include "dataplane/srtp/replay.h"
#include "shared/bytes.h"

/*
 * libsrtp2 creates a stream per SSRC from a template, for an inbound SSRC only after a packet has
 * authenticated. It does not limit the number of streams; this file does. It counts the SRTCP index
 * per SSRC and not per session, which is as safe because the SSRC is part of the nonce. It has one
 * length for the replay windows of all SSRCs, whether they are kept or not, in memory of its own.
 */
struct session {
	struct dp_srtp_session base;
	srtp_t srtp;
};

struct session_in {
	struct session s;
	struct dp_srtp_inbound in;
} __attribute__((aligned(64)));

struct session_out {
	struct session s;
} __attribute__((aligned(64)));

enum {
	/* A packet may be retransmitted unchanged as long as a retransmission cache may hold it. */
	OUT_WINDOW = 8192,
};

static const struct dp_srtp_ops ops;

static pthread_once_t once = PTHREAD_ONCE_INIT;
static srtp_err_status_t init_status;

/*
 * Debian's libsrtp2 uses NSS, which loads libraries for its first cipher and unloads them after its
 * last one. This session is never closed, so that no packet waits for that, and because a running
 * process may not load code.
 */
static srtp_t first;

static srtp_err_status_t load_cipher(void)
{
	uint8_t key[16 + 14] = {0};
	srtp_policy_t policy = {.ssrc = {.type = ssrc_specific, .value = 1}, .key = key};

	srtp_crypto_policy_set_rtp_default(&policy.rtp);
	srtp_crypto_policy_set_rtcp_default(&policy.rtcp);
	return srtp_create(&first, &policy);
}

static void init(void)
{
	init_status = srtp_init();
	if (init_status == srtp_err_status_ok)
		init_status = load_cipher();
}

struct dp_srtp_engine *dp_srtp_libsrtp2_new(void)
{
	pthread_once(&once, init);
	if (init_status != srtp_err_status_ok) {
		errno = ENOTSUP;
		return NULL;
	}
	struct dp_srtp_engine *e = malloc(sizeof(*e));
	if (e)
		*e = (struct dp_srtp_engine){.ops = &ops, .code = "portable"};
	return e;
}

static void engine_free(struct dp_srtp_engine *e)
{
	free(e);
}

static int engine_open(struct dp_srtp_engine *e, struct dp_srtp_session *session,
	const struct dp_srtp_keys *keys)
{
	struct session *s = (struct session *)session;
	const struct dp_srtp_profile *p = dp_srtp_profile(keys->profile);
	uint8_t key[32 + 14];
	srtp_policy_t policy = {
		.ssrc.type = session->dir == DP_SRTP_IN ? ssrc_any_inbound : ssrc_any_outbound,
		.key = key,
		.window_size = session->dir == DP_SRTP_IN ? DP_SRTP_WINDOW : OUT_WINDOW,
		.allow_repeat_tx = 1,
	};

	/* libsrtp2's profile numbers are IANA's, like ours */
	if (srtp_crypto_policy_set_from_profile_for_rtp(&policy.rtp, (srtp_profile_t)p->id) != 0 ||
		srtp_crypto_policy_set_from_profile_for_rtcp(&policy.rtcp, (srtp_profile_t)p->id) != 0)
		return EINVAL;
	memcpy(key, keys->key, p->key_len);
	memcpy(key + p->key_len, keys->salt, p->salt_len);
	srtp_err_status_t status = srtp_create(&s->srtp, &policy);
	explicit_bzero(key, sizeof(key));
	return status == srtp_err_status_ok ? 0 : ENOMEM;
}

static struct dp_srtp_inbound *engine_inbound(struct dp_srtp_session *session)
{
	return &((struct session_in *)session)->in;
}

static void engine_close(struct dp_srtp_engine *e, struct dp_srtp_session *session)
{
	srtp_dealloc(((struct session *)session)->srtp);
}

static int to_errno(srtp_err_status_t status)
{
	switch (status) {
	case srtp_err_status_ok:
		return 0;
	case srtp_err_status_replay_fail:
	case srtp_err_status_replay_old:
	case srtp_err_status_pkt_idx_old:
		return EALREADY;
	case srtp_err_status_key_expired:
		return EOVERFLOW;
	case srtp_err_status_alloc_fail:
		return ENOSPC;
	case srtp_err_status_bad_param:
	case srtp_err_status_parse_err:
	case srtp_err_status_cant_check:
		return EINVAL;
	default:
		return EBADMSG;
	}
}

/*
 * The library counts the ROC itself. Its ROC of this SSRC must equal the caller's, or differ by one
 * if this packet is the first after a roll-over or a late one from before it.
 */
static bool roc_agrees(struct session *s, const struct dp_srtp_job *j, uint32_t *known)
{
	*known = 0;
	bool seen = srtp_get_stream_roc(s->srtp, sh_get_be32(j->dst + 8), known) == srtp_err_status_ok;
	if (!seen)
		return j->roc == 0;
	return j->roc == *known || (uint64_t)j->roc == (uint64_t)*known + 1 || (uint64_t)j->roc + 1 == *known;
}

static void protect_one(struct dp_srtp_job *j)
{
	struct session *s = (struct session *)j->session;
	int len = j->hdr_len + j->payload_len;
	uint32_t before, after;

	j->out_len = 0;
	if (s->base.dir != DP_SRTP_OUT || s->base.tag_len == 0 || j->hdr_len < 12 ||
		len + DP_SRTP_RTP_OVERHEAD > DP_SRTP_PACKET_MAX || !roc_agrees(s, j, &before))
		return;
	if (j->payload != j->dst + j->hdr_len)
		memcpy(j->dst + j->hdr_len, j->payload, j->payload_len);
	dp_srtp_patch(j, j->dst + j->hdr_len);
	if (srtp_protect(s->srtp, j->dst, &len) != srtp_err_status_ok)
		return;
	/* the library must count a roll-over at its first packet, and only then */
	if (srtp_get_stream_roc(s->srtp, sh_get_be32(j->dst + 8), &after) != srtp_err_status_ok ||
		after != (j->roc == before + 1 ? j->roc : before))
		return;
	j->out_len = (uint16_t)len;
}

static void engine_protect_rtp(struct dp_srtp_engine *e, struct dp_srtp_job *jobs, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		protect_one(&jobs[i]);
}

/*
 * The library has one stream for RTP and SRTCP of an SSRC, which is removed when the SSRC has left
 * both tables. `t` is the one that it leaves.
 */
static void engine_forget(struct dp_srtp_session *session, const struct dp_ssrc_table *t, uint32_t ssrc)
{
	struct session_in *s = (struct session_in *)session;
	const struct dp_ssrc_table *other = t == &s->in.rtp ? &s->in.rtcp : &s->in.rtp;

	if (dp_ssrc_find(other, ssrc) < 0)
		/* the library expects network byte order */
		(void)srtp_remove_stream(s->s.srtp, __builtin_bswap32(ssrc));
}

static int unprotect(struct session_in *s, struct dp_ssrc_table *t, uint32_t ssrc, uint8_t *pkt, size_t *len,
	srtp_err_status_t (*call)(srtp_t, void *, int *))
{
	int place = dp_ssrc_find(t, ssrc);
	if (place < 0)
		place = dp_ssrc_room(t, &s->in.keep);
	if (place < 0)
		return ENOSPC;

	int n = (int)*len;
	int err = to_errno(call(s->s.srtp, pkt, &n));
	if (err != 0)
		return err;
	if (place < t->count && dp_ssrc_at(t, place) != ssrc)
		engine_forget(&s->s.base, t, dp_ssrc_at(t, place));
	(void)dp_ssrc_accept(t, place, ssrc);
	*len = (size_t)n;
	return 0;
}

static int engine_unprotect_rtp(struct dp_srtp_engine *e, struct dp_srtp_session *session, uint8_t *pkt,
	size_t *len, size_t hdr_len)
{
	struct session_in *s = (struct session_in *)session;
	return unprotect(s, &s->in.rtp, sh_get_be32(pkt + 8), pkt, len, srtp_unprotect);
}

static void engine_unprotect_rtcp(struct dp_srtp_engine *e, struct dp_srtp_rtcp *packets, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		struct dp_srtp_rtcp *p = &packets[i];
		struct session_in *s = (struct session_in *)p->session;

		if (!p->error)
			p->error = unprotect(s, &s->in.rtcp, sh_get_be32(p->pkt + 4), p->pkt, &p->len,
				srtp_unprotect_rtcp);
	}
}

static bool engine_resembles(const struct dp_srtp_session *session, const uint8_t *pkt, size_t len, bool rtcp)
{
	const struct session_in *s = (const struct session_in *)session;
	uint32_t ssrc = sh_get_be32(pkt + (rtcp ? 4 : 8));

	return dp_ssrc_find(rtcp ? &s->in.rtcp : &s->in.rtp, ssrc) >= 0 ||
	       dp_replay_window(&s->in.keep, ssrc) != NULL;
}

static int engine_protect_rtcp(struct dp_srtp_engine *e, struct dp_srtp_session *session, uint8_t *pkt,
	size_t *len)
{
	int n = (int)*len;
	int err = to_errno(srtp_protect_rtcp(((struct session *)session)->srtp, pkt, &n));
	if (err == 0)
		*len = (size_t)n;
	return err;
}

static const struct dp_srtp_ops ops = {
	.kind = DP_SRTP_LIBSRTP2,
	.name = "libsrtp2",
	.session_size =
		{[DP_SRTP_IN] = sizeof(struct session_in), [DP_SRTP_OUT] = sizeof(struct session_out)},
	.free = engine_free,
	.open = engine_open,
	.inbound = engine_inbound,
	.forget = engine_forget,
	.close = engine_close,
	.protect_rtp = engine_protect_rtp,
	.unprotect_rtp = engine_unprotect_rtp,
	.resembles = engine_resembles,
	.protect_rtcp = engine_protect_rtcp,
	.unprotect_rtcp = engine_unprotect_rtcp,
};

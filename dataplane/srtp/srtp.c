/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <string.h>

#include <openssl/crypto.h>

#include "dataplane/srtp/internal.h"
#include "dataplane/srtp/ssrc_table.h"
#include "shared/bytes.h"

bool dp_srtp_available(enum dp_srtp_kind kind)
{
	switch (kind) {
	case DP_SRTP_IPSEC_MB:
		return dp_srtp_mb_available();
	case DP_SRTP_LIBSRTP2:
		return true;
	}
	return false;
}

struct dp_srtp_engine *dp_srtp_engine_new(enum dp_srtp_kind kind)
{
	if (!dp_srtp_available(kind)) {
		errno = ENOTSUP;
		return NULL;
	}
	/* OpenSSL reads its configuration and loads its providers now, while this process may. */
	if (OPENSSL_init_crypto(OPENSSL_INIT_LOAD_CONFIG, NULL) != 1) {
		errno = ENOTSUP;
		return NULL;
	}
	return kind == DP_SRTP_IPSEC_MB ? dp_srtp_mb_new() : dp_srtp_libsrtp2_new();
}

void dp_srtp_engine_free(struct dp_srtp_engine *e)
{
	if (e)
		e->ops->free(e);
}

const char *dp_srtp_engine_name(const struct dp_srtp_engine *e)
{
	return e->ops->name;
}

const char *dp_srtp_engine_code(const struct dp_srtp_engine *e)
{
	return e->code;
}

size_t dp_srtp_session_size(const struct dp_srtp_engine *e, enum dp_srtp_dir dir)
{
	return e->ops->session_size[dir];
}

bool dp_srtp_session_init(struct dp_srtp_engine *e, struct dp_srtp_session *s, enum dp_srtp_dir dir,
	uint16_t profile)
{
	const struct dp_srtp_profile *p = dp_srtp_profile(profile);
	if (!p)
		return false;
	memset(s, 0, dp_srtp_session_size(e, dir));
	s->profile = p->id;
	s->dir = (uint8_t)dir;
	s->tag_len = p->tag_len;
	return true;
}

int dp_srtp_open(struct dp_srtp_engine *e, struct dp_srtp_session *s, enum dp_srtp_dir dir,
	const struct dp_srtp_keys *keys, unsigned ssrc_limit)
{
	if (!dp_srtp_session_init(e, s, dir, keys->profile))
		return EINVAL;
	int err = e->ops->open(e, s, keys);
	if (err != 0) {
		explicit_bzero(s, dp_srtp_session_size(e, dir));
	} else if (dir == DP_SRTP_IN) {
		struct dp_srtp_inbound *in = e->ops->inbound(s);

		dp_ssrc_begin(&in->rtp, ssrc_limit);
		dp_ssrc_begin(&in->rtcp, ssrc_limit);
	}
	return err;
}

void dp_srtp_keep(struct dp_srtp_engine *e, struct dp_srtp_session *s,
	struct dp_srtp_window *(*window)(const void *arg, uint32_t ssrc), const void *arg)
{
	e->ops->inbound(s)->keep = (struct dp_srtp_keep){window, arg};
}

void dp_srtp_pool(struct dp_srtp_engine *e, const struct dp_srtp_blocks *pool)
{
	e->pool = *pool;
}

int dp_srtp_expect(struct dp_srtp_engine *e, struct dp_srtp_session *s, unsigned rtp, unsigned rtcp)
{
	struct dp_srtp_inbound *in = e->ops->inbound(s);
	int error = dp_ssrc_resize(&in->rtp, rtp, &e->pool, &in->keep, e->ops->forget, s);
	int other = dp_ssrc_resize(&in->rtcp, rtcp, &e->pool, &in->keep, e->ops->forget, s);

	return error ? error : other;
}

void dp_srtp_close(struct dp_srtp_engine *e, struct dp_srtp_session *s)
{
	if (!s || s->tag_len == 0)
		return;
	if (s->dir == DP_SRTP_IN) {
		struct dp_srtp_inbound *in = e->ops->inbound(s);

		dp_ssrc_end(&in->rtp, &e->pool);
		dp_ssrc_end(&in->rtcp, &e->pool);
	}
	e->ops->close(e, s);
	explicit_bzero(s, dp_srtp_session_size(e, (enum dp_srtp_dir)s->dir));
}

void dp_srtp_protect_rtp(struct dp_srtp_engine *e, struct dp_srtp_job *jobs, unsigned n)
{
	e->ops->protect_rtp(e, jobs, n);
}

/* Returns the header's length with CSRCs and extension (RFC 3550, 5.1, 5.3.1); 0: malformed. */
static size_t rtp_header_len(const uint8_t *pkt, size_t len)
{
	if (len < 12 || pkt[0] >> 6 != 2)
		return 0;
	size_t n = 12 + 4u * (pkt[0] & 0x0f);
	if (pkt[0] & 0x10) {
		if (len < n + 4)
			return 0;
		n += 4 + 4u * sh_get_be16(pkt + n + 2);
	}
	return n <= len ? n : 0;
}

int dp_srtp_unprotect_rtp(struct dp_srtp_engine *e, struct dp_srtp_session *s, uint8_t *pkt, size_t *len,
	size_t hdr_len)
{
	if (s->tag_len == 0 || s->dir != DP_SRTP_IN || *len > DP_SRTP_PACKET_MAX)
		return EINVAL;
	size_t header = rtp_header_len(pkt, *len);
	if (header == 0 || header != hdr_len || *len - header < s->tag_len)
		return EINVAL;
	return e->ops->unprotect_rtp(e, s, pkt, len, hdr_len);
}

static size_t rtcp_min(const struct dp_srtp_session *s)
{
	return (size_t)DP_SRTP_RTCP_HEADER + s->tag_len + DP_SRTP_INDEX;
}

bool dp_srtp_resembles(struct dp_srtp_engine *e, const struct dp_srtp_session *s, const uint8_t *pkt,
	size_t len, bool rtcp)
{
	return len < (rtcp ? rtcp_min(s) : 12) || e->ops->resembles(s, pkt, len, rtcp);
}

int dp_srtp_protect_rtcp(struct dp_srtp_engine *e, struct dp_srtp_session *s, uint8_t *pkt, size_t *len,
	size_t cap)
{
	if (s->tag_len == 0 || s->dir != DP_SRTP_OUT || *len < DP_SRTP_RTCP_HEADER || pkt[0] >> 6 != 2)
		return EINVAL;
	size_t overhead = s->tag_len + DP_SRTP_INDEX;
	if (*len > DP_SRTP_PACKET_MAX - overhead)
		return EINVAL;
	if (cap < *len + overhead)
		return ENOBUFS;
	return e->ops->protect_rtcp(e, s, pkt, len);
}

void dp_srtp_prefetch_rtcp(const struct dp_srtp_engine *e, const struct dp_srtp_session *s)
{
	if (s && e->ops->prefetch_rtcp)
		e->ops->prefetch_rtcp(s);
}

/* E || index is last with GCM (RFC 7714, 9.2), otherwise before the tag. */
static bool rtcp_well_formed(const struct dp_srtp_rtcp *p)
{
	const struct dp_srtp_session *s = p->session;
	size_t behind = DP_SRTP_INDEX;

	if (s->tag_len == 0 || s->dir != DP_SRTP_IN || p->len > DP_SRTP_PACKET_MAX)
		return false;
	if (p->len < rtcp_min(s) || p->pkt[0] >> 6 != 2)
		return false;
	behind += dp_srtp_profile(s->profile)->aead ? 0 : s->tag_len;
	return sh_get_be32(p->pkt + p->len - behind) & DP_SRTCP_E;
}

void dp_srtp_unprotect_rtcp_burst(struct dp_srtp_engine *e, struct dp_srtp_rtcp *packets, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		packets[i].error = rtcp_well_formed(&packets[i]) ? 0 : EINVAL;
	e->ops->unprotect_rtcp(e, packets, n);
}

int dp_srtp_unprotect_rtcp(struct dp_srtp_engine *e, struct dp_srtp_session *s, uint8_t *pkt, size_t *len)
{
	struct dp_srtp_rtcp p = {.session = s, .pkt = pkt, .len = *len};

	dp_srtp_unprotect_rtcp_burst(e, &p, 1);
	*len = p.len;
	return p.error;
}

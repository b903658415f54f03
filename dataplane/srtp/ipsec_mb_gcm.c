/* SPDX-License-Identifier: Apache-2.0 */
/* Implements AES-GCM (RFC 7714) for the ipsec-mb engine. */

#include <errno.h>

#include <openssl/crypto.h>

#include "dataplane/srtp/gcm_each.h"
#include "dataplane/srtp/ipsec_mb.h"
#include "shared/bytes.h"

enum { TAG = 16 };

static inline __attribute__((always_inline)) void encrypt(struct dp_mb_engine *e,
	const struct dp_mb_session *s, const struct gcm_key_data *key, uint8_t *dst, const uint8_t *src,
	size_t len, const uint8_t *iv, const uint8_t *aad, size_t aad_len)
{
	if (s->base.profile == SH_SRTP_AEAD_AES_128_GCM)
		IMB_AES128_GCM_ENC(e->mgr, key, &e->ctx, dst, src, len, iv, aad, aad_len, dst + len, TAG);
	else
		IMB_AES256_GCM_ENC(e->mgr, key, &e->ctx, dst, src, len, iv, aad, aad_len, dst + len, TAG);
}

/* Decrypts in place; the tag follows the data. Returns 0 or EBADMSG. */
static int decrypt(struct dp_mb_engine *e, const struct dp_mb_session *s, const struct gcm_key_data *key,
	uint8_t *data, size_t len, const uint8_t *iv, const uint8_t *aad, size_t aad_len)
{
	uint8_t tag[TAG];

	if (s->base.profile == SH_SRTP_AEAD_AES_128_GCM)
		IMB_AES128_GCM_DEC(e->mgr, key, &e->ctx, data, data, len, iv, aad, aad_len, tag, TAG);
	else
		IMB_AES256_GCM_DEC(e->mgr, key, &e->ctx, data, data, len, iv, aad, aad_len, tag, TAG);
	return CRYPTO_memcmp(tag, data + len, TAG) == 0 ? 0 : EBADMSG;
}

static void patch(const struct dp_srtp_job *j)
{
	if (j->patch_len)
		dp_srtp_patch(j, (uint8_t *)(uintptr_t)j->payload);
}

/* Encrypts the packet of e->gcm[i]. DP_MB_GCM_AVX512: its tag follows with the next one. */
static void seal_job(struct dp_mb_engine *e, unsigned i)
{
	struct dp_srtp_job *j = e->gcm[i];
	const struct dp_mb_out *out = (const struct dp_mb_out *)j->session;
	struct dp_gcm_packet *p = &e->packet[i % 2];

	switch (e->gcm_code) {
	case DP_MB_GCM_AVX512:
		p->key = &out->rtp.own;
		p->pkt = j->dst;
		p->payload = j->payload;
		p->iv = e->iv[i];
		p->rounds = (uint16_t)dp_mb_gcm_rounds(&out->s);
		p->hdr_len = j->hdr_len;
		p->len = j->payload_len;
		dp_gcm_avx512_seal(p, i > 0 ? &e->packet[(i - 1) % 2] : NULL);
		break;
	case DP_MB_GCM_VAES:
		dp_gcm_seal(&out->rtp.own, dp_mb_gcm_rounds(&out->s), j->dst, j->hdr_len, j->payload,
			j->payload_len, e->iv[i]);
		break;
	default:
		encrypt(e, &out->s, &out->rtp.gcm, j->dst + j->hdr_len, j->payload, j->payload_len, e->iv[i],
			j->dst, j->hdr_len);
	}
	j->out_len = (uint16_t)(j->hdr_len + j->payload_len + TAG);
}

/*
 * A payload is patched one job ahead, unless the job before reads the same memory: the cipher reads
 * it in larger pieces than the patch, and would wait for a patch that is not in the cache yet.
 */
void dp_mb_gcm_protect(struct dp_mb_engine *e, unsigned n)
{
	if (n)
		patch(e->gcm[0]);
	for (unsigned i = 0; i < n; i++) {
		const struct dp_srtp_job *j = e->gcm[i], *next = i + 1 < n ? e->gcm[i + 1] : NULL;
		bool ahead = next && next->payload != j->payload;

		/* with many viewers most of the time is spent on fetching their keys */
		if (next && next->session != j->session)
			dp_mb_prefetch(next, e->gcm_used);
		if (ahead)
			patch(next);
		seal_job(e, i);
		if (next && !ahead)
			patch(next);
	}
	if (n && e->gcm_code == DP_MB_GCM_AVX512)
		dp_gcm_avx512_seal(NULL, &e->packet[(n - 1) % 2]);
}

int dp_mb_gcm_unprotect_rtp(struct dp_mb_engine *e, const struct dp_mb_session *s, uint8_t *pkt, size_t *len,
	size_t hdr_len, uint64_t index)
{
	const union dp_mb_schedule *key = dp_mb_expand(e, s, &s->rtp);
	size_t plain = *len - TAG;

	dp_mb_gcm_iv(e->iv[0], s->rtp.salt, sh_get_be32(pkt + 8), index);
	int err = decrypt(e, s, &key->gcm, pkt + hdr_len, plain - hdr_len, e->iv[0], pkt, hdr_len);
	if (err == 0)
		*len = plain;
	return err;
}

/* RFC 7714, 9.2: the additional data is the header and E || index, which follows the tag. */
static void rtcp_aad(uint8_t aad[DP_SRTP_RTCP_HEADER + DP_SRTP_INDEX], const uint8_t *pkt, uint32_t e_index)
{
	memcpy(aad, pkt, DP_SRTP_RTCP_HEADER);
	sh_put_be32(aad + DP_SRTP_RTCP_HEADER, e_index);
}

int dp_mb_gcm_protect_rtcp(struct dp_mb_engine *e, const struct dp_mb_session *s, uint8_t *pkt, size_t *len,
	uint32_t e_index)
{
	const union dp_mb_schedule *key = dp_mb_expand(e, s, &s->rtcp);
	uint8_t aad[DP_SRTP_RTCP_HEADER + DP_SRTP_INDEX];
	uint8_t *body = pkt + DP_SRTP_RTCP_HEADER;

	rtcp_aad(aad, pkt, e_index);
	dp_mb_gcm_iv(e->iv[0], s->rtcp.salt, sh_get_be32(pkt + 4), e_index & ~DP_SRTCP_E);
	encrypt(e, s, &key->gcm, body, body, *len - DP_SRTP_RTCP_HEADER, e->iv[0], aad, sizeof(aad));
	sh_put_be32(pkt + *len + TAG, e_index);
	*len += TAG + DP_SRTP_INDEX;
	return 0;
}

size_t dp_mb_gcm_rtcp_plain(size_t len)
{
	return len - DP_SRTP_INDEX - TAG;
}

bool dp_mb_gcm_is_short(const struct dp_mb_session *s, size_t len)
{
	return s->base.profile == SH_SRTP_AEAD_AES_128_GCM && len <= DP_GCM_EACH_MAX;
}

static_assert(DP_GCM_EACH_AAD == DP_SRTP_RTCP_HEADER + DP_SRTP_INDEX, "what SRTCP authenticates besides");

void dp_mb_gcm_message(struct dp_gcm_message *m, const struct dp_mb_session *s, uint8_t *pkt, size_t len)
{
	uint32_t e_index = sh_get_be32(pkt + len - DP_SRTP_INDEX);

	*m = (struct dp_gcm_message){.key = s->rtcp.gcm,
		.data = pkt + DP_SRTP_RTCP_HEADER,
		.len = dp_mb_gcm_rtcp_plain(len) - DP_SRTP_RTCP_HEADER};
	rtcp_aad(m->aad, pkt, e_index);
	dp_mb_gcm_iv(m->iv, s->rtcp.salt, sh_get_be32(pkt + 4), e_index & ~DP_SRTCP_E);
}

int dp_mb_gcm_unprotect_rtcp(struct dp_mb_engine *e, const struct dp_mb_session *s, uint8_t *pkt, size_t *len)
{
	const union dp_mb_schedule *key = dp_mb_expand(e, s, &s->rtcp);
	uint8_t aad[DP_SRTP_RTCP_HEADER + DP_SRTP_INDEX];
	size_t plain = dp_mb_gcm_rtcp_plain(*len);
	uint32_t e_index = sh_get_be32(pkt + *len - DP_SRTP_INDEX);

	rtcp_aad(aad, pkt, e_index);
	dp_mb_gcm_iv(e->iv[0], s->rtcp.salt, sh_get_be32(pkt + 4), e_index & ~DP_SRTCP_E);
	int err = decrypt(e, s, &key->gcm, pkt + DP_SRTP_RTCP_HEADER, plain - DP_SRTP_RTCP_HEADER, e->iv[0],
		aad, sizeof(aad));
	if (err == 0)
		*len = plain;
	return err;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Implements AES-CM with HMAC-SHA1-80 (RFC 3711) for the ipsec-mb engine. */

#include <errno.h>

#include <openssl/crypto.h>

#include "dataplane/srtp/ipsec_mb.h"
#include "shared/bytes.h"

enum { TAG = 10 }; /* bytes of HMAC-SHA1's 20 (RFC 3711, 8.2) */

/*
 * A batch is one burst of ciphers, then one burst of hashes over the same jobs, which is the
 * fastest interface of the library.
 */
void dp_mb_cm_init(struct dp_mb_engine *e)
{
	for (unsigned i = 0; i < DP_MB_BATCH; i++) {
		IMB_JOB *j = &e->job[i];
		j->cipher_mode = IMB_CIPHER_CNTR;
		j->cipher_direction = IMB_DIR_ENCRYPT;
		j->chain_order = IMB_ORDER_CIPHER_HASH;
		j->hash_alg = IMB_AUTH_HMAC_SHA_1;
		j->key_len_in_bytes = IMB_KEY_128_BYTES;
		j->iv = e->iv[i];
		j->iv_len_in_bytes = sizeof(e->iv[i]);
		/* not into the packet: the library supports only tags of 12 and 20 bytes */
		j->auth_tag_output = e->digest[i];
		j->auth_tag_output_len_in_bytes = sizeof(e->digest[i]);
	}
}

/*
 * RFC 3711, 4.1.1: salt * 2^16 xor SSRC * 2^64 xor index * 2^16. The low 16 bits are the block
 * counter.
 */
static void make_iv(uint8_t iv[16], const uint8_t salt[16], uint32_t ssrc, uint64_t index)
{
	uint64_t high, low;

	memcpy(&high, salt, 8);
	memcpy(&low, salt + 8, 8);
	high ^= __builtin_bswap64(ssrc);
	low ^= __builtin_bswap64(index << 16);
	memcpy(iv, &high, 8);
	memcpy(iv + 8, &low, 8);
}

static void stage_cipher(struct dp_mb_engine *e, unsigned i, const union dp_mb_schedule *key, uint8_t *dst,
	const uint8_t *src, size_t len)
{
	IMB_JOB *j = &e->job[i];

	j->enc_keys = key->aes;
	j->src = len != 0 ? src : e->nothing; /* a burst refuses the length 0 */
	j->dst = len != 0 ? dst : e->nothing;
	j->msg_len_to_cipher_in_bytes = len != 0 ? len : 1;
}

static void stage_hash(struct dp_mb_engine *e, unsigned i, const struct dp_mb_keys *keys, const uint8_t *msg,
	size_t len)
{
	IMB_JOB *j = &e->job[i];

	j->src = msg;
	j->msg_len_to_hash_in_bytes = len;
	j->u.HMAC._hashed_auth_key_xor_ipad = keys->cm.ipad;
	j->u.HMAC._hashed_auth_key_xor_opad = keys->cm.opad;
}

static bool run_cipher(struct dp_mb_engine *e, unsigned n)
{
	return IMB_SUBMIT_CIPHER_BURST(e->mgr, e->job, n, IMB_CIPHER_CNTR, IMB_DIR_ENCRYPT,
		       IMB_KEY_128_BYTES) == n;
}

static bool run_hash(struct dp_mb_engine *e, unsigned n)
{
	return IMB_SUBMIT_HASH_BURST(n < DP_MB_FEW ? e->few : e->mgr, e->job, n, IMB_AUTH_HMAC_SHA_1) == n;
}

/*
 * The cipher reads the payloads of several packets at the same time, so a patched one, which jobs
 * may share, is copied first.
 */
static const uint8_t *source_of(const struct dp_srtp_job *j)
{
	uint8_t *copy = j->dst + j->hdr_len;

	if (!j->patch_len)
		return j->payload;
	memmove(copy, j->payload, j->payload_len);
	dp_srtp_patch(j, copy);
	return copy;
}

void dp_mb_cm_protect(struct dp_mb_engine *e, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		struct dp_srtp_job *j = e->cm[i];
		const struct dp_mb_out *out = (const struct dp_mb_out *)j->session;
		uint64_t index = (uint64_t)j->roc << 16 | sh_get_be16(j->dst + 2);
		make_iv(e->iv[i], out->s.rtp.salt, sh_get_be32(j->dst + 8), index);
		stage_cipher(e, i, &out->rtp, j->dst + j->hdr_len, source_of(j), j->payload_len);
	}
	if (!run_cipher(e, n))
		return;

	/* the hash covers packet || ROC; the tag then overwrites the ROC (RFC 3711, 4.2) */
	for (unsigned i = 0; i < n; i++) {
		struct dp_srtp_job *j = e->cm[i];
		size_t len = (size_t)j->hdr_len + j->payload_len;
		sh_put_be32(j->dst + len, j->roc);
		stage_hash(e, i, &((const struct dp_mb_session *)j->session)->rtp, j->dst, len + DP_SRTP_ROC);
	}
	if (!run_hash(e, n))
		return;

	for (unsigned i = 0; i < n; i++) {
		struct dp_srtp_job *j = e->cm[i];
		size_t len = (size_t)j->hdr_len + j->payload_len;
		memcpy(j->dst + len, e->digest[i], TAG);
		j->out_len = (uint16_t)(len + TAG);
	}
}

static bool cipher_one(struct dp_mb_engine *e, const struct dp_mb_session *s, const struct dp_mb_keys *keys,
	uint8_t *data, size_t len, uint32_t ssrc, uint64_t index)
{
	make_iv(e->iv[0], keys->salt, ssrc, index);
	stage_cipher(e, 0, dp_mb_expand(e, s, keys), data, data, len);
	return run_cipher(e, 1);
}

int dp_mb_cm_unprotect_rtp(struct dp_mb_engine *e, const struct dp_mb_session *s, uint8_t *pkt, size_t *len,
	size_t hdr_len, uint64_t index)
{
	size_t plain = *len - TAG;
	uint8_t tag[TAG];

	memcpy(tag, pkt + plain, TAG);
	sh_put_be32(pkt + plain, (uint32_t)(index >> 16));
	stage_hash(e, 0, &s->rtp, pkt, plain + DP_SRTP_ROC);
	if (!run_hash(e, 1) || CRYPTO_memcmp(tag, e->digest[0], TAG) != 0 ||
		!cipher_one(e, s, &s->rtp, pkt + hdr_len, plain - hdr_len, sh_get_be32(pkt + 8), index))
		return EBADMSG;
	*len = plain;
	return 0;
}

int dp_mb_cm_protect_rtcp(struct dp_mb_engine *e, const struct dp_mb_session *s, uint8_t *pkt, size_t *len,
	uint32_t e_index)
{
	size_t hashed = *len + DP_SRTP_INDEX;

	if (!cipher_one(e, s, &s->rtcp, pkt + DP_SRTP_RTCP_HEADER, *len - DP_SRTP_RTCP_HEADER,
		    sh_get_be32(pkt + 4), e_index & ~DP_SRTCP_E))
		return EINVAL;
	sh_put_be32(pkt + *len, e_index);
	stage_hash(e, 0, &s->rtcp, pkt, hashed);
	if (!run_hash(e, 1))
		return EINVAL;
	memcpy(pkt + hashed, e->digest[0], TAG);
	*len = hashed + TAG;
	return 0;
}

int dp_mb_cm_unprotect_rtcp(struct dp_mb_engine *e, const struct dp_mb_session *s, uint8_t *pkt, size_t *len)
{
	size_t hashed = *len - TAG, plain = hashed - DP_SRTP_INDEX;
	uint32_t index = sh_get_be32(pkt + plain) & ~DP_SRTCP_E;

	stage_hash(e, 0, &s->rtcp, pkt, hashed);
	if (!run_hash(e, 1) || CRYPTO_memcmp(pkt + hashed, e->digest[0], TAG) != 0 ||
		!cipher_one(e, s, &s->rtcp, pkt + DP_SRTP_RTCP_HEADER, plain - DP_SRTP_RTCP_HEADER,
			sh_get_be32(pkt + 4), index))
		return EBADMSG;
	*len = plain;
	return 0;
}

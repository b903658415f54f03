/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "dataplane/srtp/ipsec_mb.h"

#include "shared/bytes.h"

/* ipsec-mb 1.3 crashes in its emulation when AES-NI is missing. */
bool dp_srtp_mb_available(void)
{
	return __builtin_cpu_supports("sse4.2") && __builtin_cpu_supports("aes") &&
	       __builtin_cpu_supports("pclmul");
}

static const struct dp_srtp_ops ops;

static bool has_sha_ni(const IMB_MGR *mgr)
{
	return (mgr->features & IMB_FEATURE_SHANI) != 0;
}

/* The library uses VAES with AVX-512 only together with all features of IMB_CPUFLAGS_AVX512_T2. */
static bool has_avx512_vaes(const IMB_MGR *mgr)
{
	return mgr->used_arch == IMB_ARCH_AVX512 &&
	       (mgr->features & IMB_CPUFLAGS_AVX512_T2) == IMB_CPUFLAGS_AVX512_T2;
}

/* The code for outgoing RTP that is the fastest beside this implementation of ipsec-mb. */
static enum dp_mb_gcm_code gcm_code(const IMB_MGR *mgr)
{
	if (has_avx512_vaes(mgr))
		return dp_gcm_avx512_available() ? DP_MB_GCM_AVX512 : DP_MB_GCM_LIBRARY;
	return dp_gcm_available() ? DP_MB_GCM_VAES : DP_MB_GCM_LIBRARY;
}

/*
 * Returns how many bytes of an expanded AES-GCM key this CPU's code reads. ipsec-mb uses 48 powers
 * of the hash key with VAES and AVX-512, otherwise 8, and without AVX2 also the sums of their
 * halves. For struct dp_gcm_key it is what AES-128 reads, because the CPU's own prefetcher fetches
 * the one further cache line of AES-256.
 */
static size_t gcm_used(const IMB_MGR *mgr, enum dp_mb_gcm_code code)
{
	const struct gcm_key_data *k = NULL;

	if (code != DP_MB_GCM_LIBRARY)
		return offsetof(struct dp_gcm_key, round[DP_GCM_AES128_ROUNDS + 1]);
	if (has_avx512_vaes(mgr))
		return offsetof(struct gcm_key_data, ghash_keys) + sizeof(k->ghash_keys.vaes_avx512);
	if (mgr->used_arch == IMB_ARCH_AVX512 || mgr->used_arch == IMB_ARCH_AVX2)
		return offsetof(struct gcm_key_data, ghash_keys) + sizeof(k->ghash_keys.avx2_avx512);
	return offsetof(struct gcm_key_data, ghash_keys) + sizeof(k->ghash_keys.sse_avx);
}

static const char *code_name(const struct dp_mb_engine *e)
{
	switch (e->mgr->used_arch) {
	case IMB_ARCH_AVX512:
		if (e->gcm_code == DP_MB_GCM_AVX512)
			return "AVX-512, own GCM by VAES";
		return has_avx512_vaes(e->mgr) ? "AVX-512, GCM by VAES" : "AVX-512";
	case IMB_ARCH_AVX2:
		return e->gcm_code == DP_MB_GCM_VAES ? "AVX2, own GCM by VAES" : "AVX2";
#if DP_MB_HAS_AVX
	case IMB_ARCH_AVX:
		return "AVX";
#endif
	default:
		return "SSE";
	}
}

static void destroy(struct dp_mb_engine *e)
{
	if (e->few && e->few != e->mgr)
		free_mb_mgr(e->few);
	if (e->mgr)
		free_mb_mgr(e->mgr);
	explicit_bzero(e, sizeof(*e));
	free(e);
}

static void mb_free(struct dp_srtp_engine *e)
{
	destroy((struct dp_mb_engine *)e);
}

struct dp_srtp_engine *dp_mb_new(void (*init)(IMB_MGR *mgr), uint64_t flags, bool own)
{
	struct dp_mb_engine *e = aligned_alloc(64, sizeof(*e));
	if (!e)
		return NULL;
	memset(e, 0, sizeof(*e));
	e->base.ops = &ops;

	e->mgr = alloc_mb_mgr(flags);
	if (!e->mgr)
		goto no_memory;
	init(e->mgr);
	if (imb_get_errno(e->mgr) != 0) {
		destroy(e);
		errno = ENOTSUP;
		return NULL;
	}
	/*
	 * The AVX2 and AVX-512 code computes SHA-1 in 8 and 16 lanes, which is slow for few
	 * messages. The SSE code uses SHA-NI.
	 */
	e->few = e->mgr;
	if (has_sha_ni(e->mgr) && e->mgr->used_arch != IMB_ARCH_SSE) {
		e->few = alloc_mb_mgr(flags);
		if (!e->few)
			goto no_memory;
		init_mb_mgr_sse(e->few);
	}
	e->gcm_code = own ? gcm_code(e->mgr) : DP_MB_GCM_LIBRARY;
	e->gcm_used = gcm_used(e->mgr, e->gcm_code);
	e->base.code = code_name(e);
	dp_mb_cm_init(e);
	return &e->base;

no_memory:
	destroy(e);
	errno = ENOMEM;
	return NULL;
}

static void init_best(IMB_MGR *mgr)
{
	init_mb_mgr_auto(mgr, NULL);
}

struct dp_srtp_engine *dp_srtp_mb_new(void)
{
	return dp_mb_new(init_best, 0, true);
}

/* Computes the state of SHA-1 after its first block, the padded key xor `pad` (RFC 2104). */
static void hmac_start(struct dp_mb_engine *e, const uint8_t key[DP_SRTP_AUTH_KEY], uint8_t pad,
	uint8_t out[20])
{
	uint8_t block[64];
	memset(block, pad, sizeof(block));
	for (unsigned i = 0; i < DP_SRTP_AUTH_KEY; i++)
		block[i] ^= key[i];
	IMB_SHA1_ONE_BLOCK(e->mgr, block, out);
	explicit_bzero(block, sizeof(block));
}

static void set_keys(struct dp_mb_engine *e, struct dp_mb_session *s, struct dp_mb_keys *to,
	const struct dp_srtp_stream_keys *from)
{
	memcpy(to->salt, from->salt, sizeof(from->salt));
	if (dp_mb_is_gcm(s)) {
		memcpy(to->gcm, from->key, sizeof(to->gcm));
	} else {
		memcpy(to->cm.aes, from->key, sizeof(to->cm.aes));
		hmac_start(e, from->auth, 0x36, to->cm.ipad);
		hmac_start(e, from->auth, 0x5c, to->cm.opad);
	}
}

static void expand(struct dp_mb_engine *e, const struct dp_mb_session *s, const struct dp_mb_keys *keys,
	union dp_mb_schedule *out)
{
	switch (s->base.profile) {
	case SH_SRTP_AEAD_AES_128_GCM:
		IMB_AES128_GCM_PRE(e->mgr, keys->gcm, &out->gcm);
		break;
	case SH_SRTP_AEAD_AES_256_GCM:
		IMB_AES256_GCM_PRE(e->mgr, keys->gcm, &out->gcm);
		break;
	default:
		IMB_AES_KEYEXP_128(e->mgr, keys->cm.aes, out->aes, e->round_keys_unused);
	}
}

/* Expands the key that encrypts outgoing RTP. */
static void expand_out(struct dp_mb_engine *e, const struct dp_mb_session *s, union dp_mb_schedule *out)
{
	if (e->gcm_code == DP_MB_GCM_LIBRARY || !dp_mb_is_gcm(s)) {
		expand(e, s, &s->rtp, out);
		return;
	}
	if (s->base.profile == SH_SRTP_AEAD_AES_128_GCM)
		IMB_AES_KEYEXP_128(e->mgr, s->rtp.gcm, out->own.round, e->round_keys_unused);
	else
		IMB_AES_KEYEXP_256(e->mgr, s->rtp.gcm, out->own.round, e->round_keys_unused);
	dp_gcm_hash_key(&out->own, dp_mb_gcm_rounds(s));
}

const union dp_mb_schedule *dp_mb_expand(struct dp_mb_engine *e, const struct dp_mb_session *s,
	const struct dp_mb_keys *keys)
{
	if (e->expanded != keys) {
		expand(e, s, keys, &e->schedule);
		e->expanded = keys;
	}
	return &e->schedule;
}

/*
 * Wipes the expanded key. The cache compares addresses of keys, and the address of this session may
 * have belonged to another session, or may do so later.
 */
static void forget_expanded(struct dp_mb_engine *e)
{
	e->expanded = NULL;
	explicit_bzero(&e->schedule, sizeof(e->schedule));
	explicit_bzero(e->round_keys_unused, sizeof(e->round_keys_unused));
}

void dp_mb_open(struct dp_mb_engine *e, struct dp_mb_session *s, const struct dp_srtp_derived *derived)
{
	set_keys(e, s, &s->rtp, &derived->rtp);
	set_keys(e, s, &s->rtcp, &derived->rtcp);
	if (s->base.dir == DP_SRTP_OUT)
		expand_out(e, s, &((struct dp_mb_out *)s)->rtp);
	forget_expanded(e);
}

static int mb_open(struct dp_srtp_engine *e, struct dp_srtp_session *s, const struct dp_srtp_keys *keys)
{
	struct dp_srtp_derived derived;

	int err = dp_srtp_derive(&derived, keys);
	if (err == 0)
		dp_mb_open((struct dp_mb_engine *)e, (struct dp_mb_session *)s, &derived);
	explicit_bzero(&derived, sizeof(derived));
	return err;
}

static_assert(sizeof(struct dp_mb_keys) == DP_SRTP_SAVED_KEYS, "the keys fit");

static void mb_save(const struct dp_srtp_session *session, struct dp_srtp_counters *out)
{
	const struct dp_mb_session *s = (const struct dp_mb_session *)session;

	out->rtcp_index = s->rtcp_index;
	memcpy(out->rtp, &s->rtp, sizeof(s->rtp));
	memcpy(out->rtcp, &s->rtcp, sizeof(s->rtcp));
}

static void mb_reopen(struct dp_srtp_engine *base, struct dp_srtp_session *session,
	const struct dp_srtp_counters *in)
{
	struct dp_mb_engine *e = (struct dp_mb_engine *)base;
	struct dp_mb_session *s = (struct dp_mb_session *)session;

	s->rtcp_index = in->rtcp_index;
	memcpy(&s->rtp, in->rtp, sizeof(s->rtp));
	memcpy(&s->rtcp, in->rtcp, sizeof(s->rtcp));
	if (s->base.dir == DP_SRTP_OUT)
		expand_out(e, s, &((struct dp_mb_out *)s)->rtp);
	forget_expanded(e);
}

static void mb_close(struct dp_srtp_engine *e, struct dp_srtp_session *s)
{
	forget_expanded((struct dp_mb_engine *)e);
}

static bool job_valid(const struct dp_srtp_job *j)
{
	return j->session->dir == DP_SRTP_OUT && j->session->tag_len != 0 && j->hdr_len >= 12 &&
	       (uint32_t)j->hdr_len + j->payload_len + DP_SRTP_RTP_OVERHEAD <= DP_SRTP_PACKET_MAX;
}

/*
 * The headers have just been written in small pieces. Reading all of them before the first
 * encryption gives these stores time to complete; otherwise each load would stall.
 */
static void protect_batch(struct dp_mb_engine *e, struct dp_srtp_job *jobs, unsigned n)
{
	unsigned gcm = 0, cm = 0;

	for (unsigned i = 0; i < n; i++) {
		struct dp_srtp_job *j = &jobs[i];
		if (i + 4 < n)
			__builtin_prefetch(jobs[i + 4].session);
		j->out_len = 0;
		if (!job_valid(j))
			continue;
		if (dp_mb_is_gcm((const struct dp_mb_session *)j->session)) {
			if (gcm == 0)
				dp_mb_prefetch(j, e->gcm_used);
			dp_mb_gcm_stage(e->iv[gcm], j);
			e->gcm[gcm++] = j;
		} else {
			e->cm[cm++] = j;
		}
	}
	if (gcm > 0)
		dp_mb_gcm_protect(e, gcm);
	if (cm > 0)
		dp_mb_cm_protect(e, cm);
}

static void mb_protect_rtp(struct dp_srtp_engine *e, struct dp_srtp_job *jobs, unsigned n)
{
	for (unsigned i = 0; i < n; i += DP_MB_BATCH)
		protect_batch((struct dp_mb_engine *)e, jobs + i, n - i < DP_MB_BATCH ? n - i : DP_MB_BATCH);
}

static int mb_protect_rtcp(struct dp_srtp_engine *base, struct dp_srtp_session *session, uint8_t *pkt,
	size_t *len)
{
	struct dp_mb_engine *e = (struct dp_mb_engine *)base;
	struct dp_mb_session *s = (struct dp_mb_session *)session;

	if (s->rtcp_index > DP_SRTCP_INDEX_MAX)
		return EOVERFLOW;
	uint32_t e_index = DP_SRTCP_E | s->rtcp_index++;
	return dp_mb_is_gcm(s) ? dp_mb_gcm_protect_rtcp(e, s, pkt, len, e_index)
			       : dp_mb_cm_protect_rtcp(e, s, pkt, len, e_index);
}

static const struct dp_srtp_ops ops = {
	.kind = DP_SRTP_IPSEC_MB,
	.name = "ipsec-mb",
	.session_size = {[DP_SRTP_IN] = sizeof(struct dp_mb_in), [DP_SRTP_OUT] = sizeof(struct dp_mb_out)},
	.free = mb_free,
	.open = mb_open,
	.inbound = dp_mb_inbound,
	.save = mb_save,
	.reopen = mb_reopen,
	.close = mb_close,
	.protect_rtp = mb_protect_rtp,
	.unprotect_rtp = dp_mb_unprotect_rtp,
	.resembles = dp_mb_resembles,
	.prefetch_rtcp = dp_mb_prefetch_rtcp,
	.protect_rtcp = mb_protect_rtcp,
	.unprotect_rtcp = dp_mb_unprotect_rtcp,
};

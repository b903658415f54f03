/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_DATAPLANE_SRTP_IPSEC_MB_H
#define SPATE_DATAPLANE_SRTP_IPSEC_MB_H

/*
 * Declares the internals of the ipsec-mb engine.
 *
 * Only the key that encrypts RTP is stored in expanded form in the session, because it is used for
 * every packet to a viewer. The other keys are stored unexpanded, and the engine expands a key when
 * it differs from the one used last (some 200 cycles). A viewer therefore needs 2 KiB of memory and
 * not 5.
 */

#include <assert.h>
#include <stddef.h>

/* The library's old names clash with OpenSSL's. */
#define NO_COMPAT_IMB_API_053
#include <intel-ipsec-mb.h>

/* Version 2.0 has no code for AVX without AVX2 any more. */
#define DP_MB_HAS_AVX (IMB_VERSION_NUM < 0x20000)

#include "dataplane/srtp/gcm_avx512.h"
#include "dataplane/srtp/internal.h"
#include "dataplane/srtp/kdf.h"
#include "dataplane/srtp/replay.h"
#include "shared/bytes.h"

/* The session keys of RTP or of RTCP in one direction. */
struct dp_mb_keys {
	uint8_t salt[16]; /* padded with zeros */
	union {
		struct {
			/* the state of SHA-1 after HMAC's inner and outer key block */
			uint8_t ipad[20], opad[20];
			uint8_t aes[16];
		} cm;
		uint8_t gcm[32];
	};
};

/* An expanded key. */
union dp_mb_schedule {
	struct gcm_key_data gcm;
	struct dp_gcm_key own; /* outgoing RTP, unless DP_MB_GCM_LIBRARY */
	uint8_t aes[11 * 16]; /* round keys */
} __attribute__((aligned(64)));

struct dp_mb_session {
	struct dp_srtp_session base;
	uint32_t rtcp_index; /* DP_SRTP_OUT: index of the next SRTCP packet */
	struct dp_mb_keys rtp, rtcp;
};
static_assert(offsetof(struct dp_mb_session, rtp.cm.aes) <= 64, "what a packet needs is one cache line");

struct dp_mb_out {
	struct dp_mb_session s;
	union dp_mb_schedule rtp;
};

struct dp_mb_in {
	struct dp_mb_session s;
	struct dp_srtp_inbound in;
} __attribute__((aligned(64)));

/* By so many bytes an expanded AES-GCM key is larger than ipsec-mb 1.3's: 256 since 1.4. */
#define DP_MB_KEY_GROWTH (sizeof(struct gcm_key_data) - 1024)
static_assert(sizeof(struct dp_mb_out) + sizeof(struct dp_mb_in) <= DP_SRTP_SESSIONS_MAX + DP_MB_KEY_GROWTH,
	"memory of one viewer");

enum { DP_MB_BATCH = 64 }; /* jobs that are staged together */

/* For fewer messages than this, SHA-NI is faster than the lanes of the multi-buffer code. */
enum { DP_MB_FEW = 8 };

struct dp_gcm_message;

/* Encrypts outgoing RTP by AES-GCM. */
enum dp_mb_gcm_code {
	DP_MB_GCM_LIBRARY, /* ipsec-mb */
	DP_MB_GCM_VAES, /* gcm_vaes.c */
	DP_MB_GCM_AVX512, /* gcm_avx512.c */
};

struct dp_mb_engine {
	struct dp_srtp_engine base;
	IMB_MGR *mgr;
	IMB_MGR *few; /* for fewer than DP_MB_FEW hashes; may equal mgr */
	enum dp_mb_gcm_code gcm_code;
	size_t gcm_used; /* bytes of an expanded AES-GCM key that this CPU's code reads */

	const struct dp_mb_keys *expanded; /* the keys expanded in `schedule`; NULL: none */
	union dp_mb_schedule schedule;
	/* The decryption round keys that the library also computes. CTR does not need them. */
	uint8_t round_keys_unused[15 * 16] __attribute__((aligned(16)));
	struct gcm_context_data ctx;

	/* staging; element i belongs to packet i of a batch */
	uint8_t iv[DP_MB_BATCH][16] __attribute__((aligned(64)));
	uint8_t digest[DP_MB_BATCH][12];
	struct dp_gcm_packet packet[2]; /* DP_MB_GCM_AVX512: the packets that the last calls named */
	struct dp_srtp_job *gcm[DP_MB_BATCH], *cm[DP_MB_BATCH];
	IMB_JOB job[DP_MB_BATCH];
	uint8_t nothing[16]; /* is encrypted in place of an empty payload */
};

static inline bool dp_mb_is_gcm(const struct dp_mb_session *s)
{
	return s->base.profile != SH_SRTP_AES128_CM_SHA1_80;
}

/*
 * Creates an engine on the ipsec-mb implementation that `init` (init_mb_mgr_sse() etc.) selects,
 * without the features that `flags` (IMB_FLAG_...) disables. `own`: the AES-GCM of this folder
 * encrypts outgoing RTP if this CPU runs the one that goes with the implementation. NULL with errno
 * set; ENOTSUP: this CPU cannot run the implementation.
 */
struct dp_srtp_engine *dp_mb_new(void (*init)(IMB_MGR *mgr), uint64_t flags, bool own);

static inline unsigned dp_mb_gcm_rounds(const struct dp_mb_session *s)
{
	return s->base.profile == SH_SRTP_AEAD_AES_128_GCM ? DP_GCM_AES128_ROUNDS : DP_GCM_AES256_ROUNDS;
}

/* Prefetches the first `bytes` of the expanded key that will encrypt the packet of `job`. */
static inline void dp_mb_prefetch(const struct dp_srtp_job *job, size_t bytes)
{
	const uint8_t *key = (const uint8_t *)&((const struct dp_mb_out *)job->session)->rtp;

	for (size_t at = 0; at < bytes; at += 64)
		__builtin_prefetch(key + at);
}

/* Completes dp_srtp_open() after dp_srtp_session_init(), with the derived session keys. */
void dp_mb_open(struct dp_mb_engine *e, struct dp_mb_session *s, const struct dp_srtp_derived *derived);

/* Expands `keys` into e->schedule unless they are there already. Valid until the next call. */
const union dp_mb_schedule *dp_mb_expand(struct dp_mb_engine *e, const struct dp_mb_session *s,
	const struct dp_mb_keys *keys);

/* The inbound half of struct dp_srtp_ops (ipsec_mb_in.c). */
struct dp_srtp_inbound *dp_mb_inbound(struct dp_srtp_session *s);
int dp_mb_unprotect_rtp(struct dp_srtp_engine *e, struct dp_srtp_session *s, uint8_t *pkt, size_t *len,
	size_t hdr_len);
bool dp_mb_resembles(const struct dp_srtp_session *s, const uint8_t *pkt, size_t len, bool rtcp);
void dp_mb_prefetch_rtcp(const struct dp_srtp_session *s);
void dp_mb_unprotect_rtcp(struct dp_srtp_engine *e, struct dp_srtp_rtcp *p, unsigned n);

/* Sets the constant fields of e->job[]. */
void dp_mb_cm_init(struct dp_mb_engine *e);

/*
 * AES-GCM (RFC 7714, 8.1 and 9.1): the IV is (00 00 || SSRC || 48-bit index) xor salt. The index is
 * ROC || SEQ for RTP and the SRTCP index for RTCP.
 */
static inline void dp_mb_gcm_iv(uint8_t iv[16], const uint8_t salt[16], uint32_t ssrc, uint64_t index)
{
	uint64_t high = (uint64_t)ssrc << 16 | index >> 32;
	uint32_t low = (uint32_t)index;
	uint64_t salt_high;
	uint32_t salt_low;

	memcpy(&salt_high, salt, 8);
	memcpy(&salt_low, salt + 8, 4);
	high = __builtin_bswap64(high) ^ salt_high;
	low = __builtin_bswap32(low) ^ salt_low;
	memcpy(iv, &high, 8);
	memcpy(iv + 8, &low, 4);
}

/* The same for an RTP job. */
static inline void dp_mb_gcm_stage(uint8_t iv[16], const struct dp_srtp_job *job)
{
	const struct dp_mb_session *s = (const struct dp_mb_session *)job->session;
	uint64_t index = (uint64_t)job->roc << 16 | sh_get_be16(job->dst + 2);

	dp_mb_gcm_iv(iv, s->rtp.salt, sh_get_be32(job->dst + 8), index);
}

/* Protects the n <= DP_MB_BATCH jobs of e->gcm[], whose IVs are in e->iv[]. */
void dp_mb_gcm_protect(struct dp_mb_engine *e, unsigned n);
/*
 * In place. `index` is ROC || SEQ, `e_index` is E || SRTCP index. Returns 0 and updates *len, or
 * EBADMSG; the content of the packet is then unspecified.
 */
int dp_mb_gcm_unprotect_rtp(struct dp_mb_engine *e, const struct dp_mb_session *s, uint8_t *pkt, size_t *len,
	size_t hdr_len, uint64_t index);
int dp_mb_gcm_protect_rtcp(struct dp_mb_engine *e, const struct dp_mb_session *s, uint8_t *pkt, size_t *len,
	uint32_t e_index);
int dp_mb_gcm_unprotect_rtcp(struct dp_mb_engine *e, const struct dp_mb_session *s, uint8_t *pkt,
	size_t *len);
/* Whether gcm_each.c opens an SRTCP packet of `len` bytes, and the message that it opens. */
bool dp_mb_gcm_is_short(const struct dp_mb_session *s, size_t len);
void dp_mb_gcm_message(struct dp_gcm_message *m, const struct dp_mb_session *s, uint8_t *pkt, size_t len);
/* The length of the plain packet in an SRTCP packet of `len` bytes. */
size_t dp_mb_gcm_rtcp_plain(size_t len);

/*
 * Likewise for AES-CM with HMAC-SHA1-80 (RFC 3711) and the jobs of e->cm[]. Protecting RTCP returns
 * EINVAL if the library fails.
 */
void dp_mb_cm_protect(struct dp_mb_engine *e, unsigned n);
int dp_mb_cm_unprotect_rtp(struct dp_mb_engine *e, const struct dp_mb_session *s, uint8_t *pkt, size_t *len,
	size_t hdr_len, uint64_t index);
int dp_mb_cm_protect_rtcp(struct dp_mb_engine *e, const struct dp_mb_session *s, uint8_t *pkt, size_t *len,
	uint32_t e_index);
int dp_mb_cm_unprotect_rtcp(struct dp_mb_engine *e, const struct dp_mb_session *s, uint8_t *pkt, size_t *len);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_DATAPLANE_SRTP_IPSEC_MB_H
#define SPATE_DATAPLANE_SRTP_IPSEC_MB_H

/*
 * Inside the ipsec-mb engine.
 *
 * Only what encrypts RTP keeps its key expanded in the session: it is used for every
 * viewer packet. The others keep the key alone, and the engine expands it when it meets
 * another one than the last time (some 200 cycles), so that a viewer costs 3 KiB and
 * not 6.
 */

#include <assert.h>
#include <stddef.h>

/* The library's old names clash with those of OpenSSL. */
#define NO_COMPAT_IMB_API_053
#include <intel-ipsec-mb.h>

#include "dataplane/srtp/gcm_vaes.h"
#include "dataplane/srtp/internal.h"
#include "dataplane/srtp/kdf.h"
#include "dataplane/srtp/replay.h"

/* One direction's RTP or RTCP. */
struct dp_mb_keys {
	uint8_t salt[16]; /* followed by zeros */
	union {
		struct {
			/* SHA-1 over the key's inner and outer block: where HMAC goes on */
			uint8_t ipad[20], opad[20];
			uint8_t aes[16];
		} cm;
		uint8_t gcm[32];
	};
};

/* An expanded key. */
union dp_mb_schedule {
	struct gcm_key_data gcm;
	struct dp_gcm_key vaes; /* RTP's, where engine->vaes */
	uint8_t aes[11 * 16]; /* round keys */
} __attribute__((aligned(64)));

struct dp_mb_session {
	struct dp_srtp_session base;
	uint32_t rtcp_index; /* OUT: of the next SRTCP packet */
	struct dp_mb_keys rtp, rtcp;
};
static_assert(offsetof(struct dp_mb_session, rtp.cm.aes) <= 64, "what a packet needs is one cache line");

struct dp_mb_out {
	struct dp_mb_session s;
	union dp_mb_schedule rtp;
};

struct dp_mb_in {
	struct dp_mb_session s;
	struct dp_srtp_keep keep;
	struct dp_replay_table rtp, rtcp;
} __attribute__((aligned(64)));

static_assert(sizeof(struct dp_mb_out) + sizeof(struct dp_mb_in) <= DP_SRTP_SESSIONS_MAX,
	"memory of one viewer");

enum { DP_MB_BATCH = 64 }; /* jobs staged at a time */

/* Below this many messages SHA-NI beats the lanes of the multi-buffer code. */
enum { DP_MB_FEW = 8 };

struct dp_mb_engine {
	struct dp_srtp_engine base;
	IMB_MGR *mgr;
	IMB_MGR *few; /* for fewer than DP_MB_FEW hashes; may be mgr */
	bool vaes; /* outgoing RTP's AES-GCM is gcm_vaes.c's */
	size_t gcm_used; /* of an expanded AES-GCM key, the bytes that this CPU's code reads */

	const struct dp_mb_keys *expanded; /* whose key `schedule` is; NULL: none */
	union dp_mb_schedule schedule;
	uint8_t round_keys_unused[15 * 16] __attribute__((aligned(16))); /* for decryption; CTR needs none */
	struct gcm_context_data ctx;

	/* staging; slot i belongs to one packet of a batch */
	uint8_t iv[DP_MB_BATCH][16] __attribute__((aligned(64)));
	uint8_t digest[DP_MB_BATCH][12];
	struct dp_srtp_job *gcm[DP_MB_BATCH], *cm[DP_MB_BATCH];
	IMB_JOB job[DP_MB_BATCH];
	uint8_t nothing[16]; /* what a packet without payload enciphers instead */
};

static inline bool dp_mb_is_gcm(const struct dp_mb_session *s)
{
	return s->base.profile != SH_SRTP_AES128_CM_SHA1_80;
}

/*
 * An engine on the implementation that `init` (init_mb_mgr_sse() and its like) chooses, without what
 * `flags` (IMB_FLAG_...) leaves out. `vaes`: with gcm_vaes.c, where this CPU can run it and that
 * implementation does not use the same instructions with AVX-512.
 * NULL with errno; ENOTSUP: this CPU cannot run it.
 */
struct dp_srtp_engine *dp_mb_new(void (*init)(IMB_MGR *mgr), uint64_t flags, bool vaes);

static inline unsigned dp_mb_gcm_rounds(const struct dp_mb_session *s)
{
	return s->base.profile == SH_SRTP_AEAD_AES_128_GCM ? DP_GCM_AES128_ROUNDS : DP_GCM_AES256_ROUNDS;
}

/* Fetches the first `bytes` of the expanded key that a packet is about to be encrypted with. */
static inline void dp_mb_prefetch(const struct dp_srtp_job *job, size_t bytes)
{
	const uint8_t *key = (const uint8_t *)&((const struct dp_mb_out *)job->session)->rtp;

	for (size_t at = 0; at < bytes; at += 64)
		__builtin_prefetch(key + at);
}

/* The rest of dp_srtp_open(), from session keys, behind dp_srtp_session_init(). */
void dp_mb_open(struct dp_mb_engine *e, struct dp_mb_session *s, const struct dp_srtp_derived *derived,
	unsigned limit);

/* Expands `keys` into e->schedule, if they are not there already. */
const union dp_mb_schedule *dp_mb_expand(struct dp_mb_engine *e, const struct dp_mb_session *s,
	const struct dp_mb_keys *keys);

/* Constant fields of e->job[]. */
void dp_mb_cm_init(struct dp_mb_engine *e);

/* AES-GCM (RFC 7714). The IVs of n <= DP_MB_BATCH jobs, then the jobs of e->gcm[]. */
void dp_mb_gcm_stage(uint8_t iv[16], const struct dp_srtp_job *job);
void dp_mb_gcm_protect(struct dp_mb_engine *e, unsigned n);
/* `index`: ROC || SEQ, or E||index. 0 or EBADMSG, and then the packet is spoilt. */
int dp_mb_gcm_unprotect_rtp(struct dp_mb_engine *e, const struct dp_mb_session *s, uint8_t *pkt, size_t *len,
	size_t hdr_len, uint64_t index);
int dp_mb_gcm_protect_rtcp(struct dp_mb_engine *e, const struct dp_mb_session *s, uint8_t *pkt, size_t *len,
	uint32_t e_index);
int dp_mb_gcm_unprotect_rtcp(struct dp_mb_engine *e, const struct dp_mb_session *s, uint8_t *pkt,
	size_t *len);

/* AES-CM with HMAC-SHA1-80 (RFC 3711): the jobs of e->cm[], and as above. */
void dp_mb_cm_protect(struct dp_mb_engine *e, unsigned n);
int dp_mb_cm_unprotect_rtp(struct dp_mb_engine *e, const struct dp_mb_session *s, uint8_t *pkt, size_t *len,
	size_t hdr_len, uint64_t index);
int dp_mb_cm_protect_rtcp(struct dp_mb_engine *e, const struct dp_mb_session *s, uint8_t *pkt, size_t *len,
	uint32_t e_index);
int dp_mb_cm_unprotect_rtcp(struct dp_mb_engine *e, const struct dp_mb_session *s, uint8_t *pkt, size_t *len);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_DATAPLANE_SRTP_H
#define SPATE_DATAPLANE_SRTP_H

/*
 * SRTP and SRTCP (RFC 3711, RFC 7714) behind one interface with two engines: ipsec-mb
 * (fast; needs AES-NI) and libsrtp2 (portable; the oracle in the tests). Pure C, no
 * DPDK. An engine belongs to one thread; so do the sessions opened with it.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum dp_srtp_kind { DP_SRTP_IPSEC_MB = 1, DP_SRTP_LIBSRTP2 = 2 };
enum dp_srtp_dir { DP_SRTP_IN, DP_SRTP_OUT };

enum {
	DP_SRTP_TAG_MAX = 16,
	DP_SRTP_RTP_OVERHEAD = 16, /* what protecting RTP adds at most */
	DP_SRTP_RTCP_OVERHEAD = 20, /* tag and E||index */
	DP_SRTP_SESSIONS_MAX = 3264, /* bytes of both sessions of a transport, of any engine */
	DP_SRTP_SSRC_MAX = 32, /* inbound SSRCs one session follows, RTP and RTCP each */
};

struct dp_srtp_keys {
	uint16_t profile; /* enum sh_srtp_profile */
	uint8_t key[32];
	uint8_t salt[14];
};

struct dp_srtp_engine;
struct dp_srtp_session; /* opaque; dp_srtp_session_size() bytes, 64-byte aligned, caller's memory */

/* Whether this CPU can run it. libsrtp2 always can. */
bool dp_srtp_available(enum dp_srtp_kind kind);

/* NULL with errno when it can't be had. */
struct dp_srtp_engine *dp_srtp_engine_new(enum dp_srtp_kind kind);
void dp_srtp_engine_free(struct dp_srtp_engine *e);
const char *dp_srtp_engine_name(const struct dp_srtp_engine *e);
/* Which of its code this CPU runs: "AVX2, GCM by VAES" and its like; for people. */
const char *dp_srtp_engine_code(const struct dp_srtp_engine *e);

/* Bytes of a session of that direction, a multiple of 64. */
size_t dp_srtp_session_size(const struct dp_srtp_engine *e, enum dp_srtp_dir dir);

/*
 * Derives the session keys (RFC 3711, 4.3; RFC 6188 for 256 bits). `ssrc_limit` bounds
 * the SSRCs an inbound session makes state for (at most DP_SRTP_SSRC_MAX).
 * 0, EINVAL (profile), ENOMEM. Not for the packet path.
 */
int dp_srtp_open(struct dp_srtp_engine *e, struct dp_srtp_session *s, enum dp_srtp_dir dir,
	const struct dp_srtp_keys *keys, unsigned ssrc_limit);
/*
 * Which SSRCs an inbound session goes on following once it has as many as it may. The place of one
 * that is not `in_use` goes to a new one that has authenticated; of several it is that of the longest unused.
 * What is forgotten with it are its ROC, which starts at 0 should it come again, and its replay window: its
 * first 65,536 RTP packets, and all SRTCP, could be accepted once more, so that only what belongs to nobody may be
 * called unused. `in_use` runs within unprotect, `arg` lives as long as the session. Without this all
 * are kept, and new ones are refused.
 */
void dp_srtp_keep(struct dp_srtp_engine *e, struct dp_srtp_session *s,
	bool (*in_use)(const void *arg, uint32_t ssrc), const void *arg);
/* Wipes every key. */
void dp_srtp_close(struct dp_srtp_engine *e, struct dp_srtp_session *s);

/*
 * One outgoing RTP packet. The plain header (with CSRCs and extension) stands at `dst`
 * already; the payload is read from `payload` and its ciphertext and the tag are
 * written behind the header. `payload` may be dst + hdr_len (in place), and else does
 * not overlap dst. The caller counts the ROC: packets of one SSRC carry strictly
 * new (roc, seq) pairs, never one twice with different content.
 */
struct dp_srtp_job {
	struct dp_srtp_session *session;
	uint8_t *dst; /* room for hdr_len + payload_len + DP_SRTP_RTP_OVERHEAD */
	const uint8_t *payload;
	uint16_t hdr_len, payload_len;
	uint32_t roc;
	uint16_t out_len; /* out: bytes at dst; 0 when it failed */
};

/* Protects n packets, of any sessions of this engine, in any order. */
void dp_srtp_protect_rtp(struct dp_srtp_engine *e, struct dp_srtp_job *jobs, unsigned n);

/*
 * In place. Authenticates before any state changes; replay window of 128 packets
 * (RFC 3711, 3.3.2), ROC estimated per SSRC (3.3.1), started at 0.
 * 0 with *len shortened; EBADMSG (authentication), EALREADY (replayed or older than the
 * window), EINVAL (malformed or too short), ENOSPC (ssrc_limit, all in use). On an error *len stays and
 * what pkt holds is unspecified.
 * `hdr_len`: of the RTP header with CSRCs and extension.
 */
int dp_srtp_unprotect_rtp(struct dp_srtp_engine *e, struct dp_srtp_session *s, uint8_t *pkt, size_t *len,
	size_t hdr_len);

/*
 * In place; the session counts the SRTCP index, one for all SSRCs. `cap` is the room at
 * pkt. 0 with *len grown by up to DP_SRTP_RTCP_OVERHEAD; EINVAL, ENOBUFS, EOVERFLOW
 * (index used up).
 */
int dp_srtp_protect_rtcp(struct dp_srtp_engine *e, struct dp_srtp_session *s, uint8_t *pkt, size_t *len,
	size_t cap);

/* In place, errors as dp_srtp_unprotect_rtp. Unencrypted SRTCP (E = 0) is refused. */
int dp_srtp_unprotect_rtcp(struct dp_srtp_engine *e, struct dp_srtp_session *s, uint8_t *pkt, size_t *len);

#endif

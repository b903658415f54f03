/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_DATAPLANE_SRTP_SRTP_H
#define SPATE_DATAPLANE_SRTP_SRTP_H

/*
 * Protects and unprotects SRTP and SRTCP (RFC 3711, RFC 7714) with one of two engines: ipsec-mb
 * (fast; needs AES-NI) or libsrtp2 (portable; the oracle in the tests). Pure C, no DPDK. An engine
 * and the sessions opened with it belong to one thread.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

enum dp_srtp_kind { DP_SRTP_IPSEC_MB = 1, DP_SRTP_LIBSRTP2 = 2 };
enum dp_srtp_dir { DP_SRTP_IN, DP_SRTP_OUT };

enum {
	DP_SRTP_TAG_MAX = 16,
	DP_SRTP_RTP_OVERHEAD = 16, /* bytes that protecting RTP adds at most */
	DP_SRTP_RTCP_OVERHEAD = 20, /* likewise for RTCP: tag and E || index */
	DP_SRTP_SESSIONS_MAX = 1984, /* bytes of both sessions of a transport, of any engine */
	/* SSRCs for which an inbound session keeps state, for RTP and for RTCP each: */
	DP_SRTP_SSRCS = 8, /* in its own memory */
	DP_SRTP_BLOCK_SSRCS = 32, /* in each block (dp_srtp_pool()), */
	DP_SRTP_BLOCK_SIZE = 960, /* which has so many bytes */
	DP_SRTP_SSRC_MAX = 1024, /* at most */
	DP_SRTP_WINDOW = 1024, /* packets in the replay window of an SSRC that is kept */
	DP_SRTP_RTCP_GROUP = 4, /* SRTCP packets that are best unprotected together */
};

struct dp_srtp_keys {
	uint16_t profile; /* enum sh_srtp_profile */
	uint8_t key[32];
	uint8_t salt[14];
};

struct dp_srtp_engine;
/* Opaque. The caller provides dp_srtp_session_size() bytes with an alignment of 64 bytes. */
struct dp_srtp_session;

/* Whether this CPU can run an engine. libsrtp2 runs on every CPU. */
bool dp_srtp_available(enum dp_srtp_kind kind);

/* Creates an engine; NULL with errno set: failed. dp_srtp_engine_free() frees it. */
struct dp_srtp_engine *dp_srtp_engine_new(enum dp_srtp_kind kind);
void dp_srtp_engine_free(struct dp_srtp_engine *e);
const char *dp_srtp_engine_name(const struct dp_srtp_engine *e);
/* Returns which of the engine's code this CPU runs, for the operator: "AVX2, own GCM by VAES". */
const char *dp_srtp_engine_code(const struct dp_srtp_engine *e);

/*
 * Where inbound sessions get memory for more than DP_SRTP_SSRCS SSRCs: blocks of DP_SRTP_BLOCK_SIZE
 * bytes, aligned to 64. Sessions give all of them back. `take` returns NULL if there is none.
 */
struct dp_srtp_blocks {
	void *(*take)(void *arg);
	void (*give)(void *arg, void *block);
	void *arg;
};
/* Without this call, and with an empty pool, sessions keep state for DP_SRTP_SSRCS SSRCs. */
void dp_srtp_pool(struct dp_srtp_engine *e, const struct dp_srtp_blocks *pool);

/* Returns the size of a session of this direction in bytes, a multiple of 64. */
size_t dp_srtp_session_size(const struct dp_srtp_engine *e, enum dp_srtp_dir dir);

/*
 * Opens a session: derives its keys (RFC 3711, 4.3; RFC 6188 for 256 bits). `ssrc_limit` bounds the
 * SSRCs for which an inbound session keeps state (at most DP_SRTP_SSRC_MAX); it begins with room
 * for at most DP_SRTP_SSRCS. Returns 0, EINVAL (profile) or ENOMEM. Not for the packet path.
 */
int dp_srtp_open(struct dp_srtp_engine *e, struct dp_srtp_session *s, enum dp_srtp_dir dir,
	const struct dp_srtp_keys *keys, unsigned ssrc_limit);
/*
 * Tells an inbound session that packets of so many SSRCs are expected in RTP and in RTCP. It takes
 * blocks for them as far as its limit allows, and gives back blocks that are not needed any more.
 * Nothing else makes a session's memory grow. What is known of SSRCs that are kept is never lost by
 * this; of the others, those that find no place are forgotten as if they had been replaced. 0, or
 * ENOSPC: the pool has too few blocks, and nothing is lost. Not for the packet path.
 */
int dp_srtp_expect(struct dp_srtp_engine *e, struct dp_srtp_session *s, unsigned rtp, unsigned rtcp);
/*
 * The long replay window of one SSRC's RTP packets (RFC 3711, 3.3.2), in memory of the caller. The
 * caller zeroes it before the first use; only the engine reads and writes it. It may be given to
 * another SSRC: the engine notices, and starts it over.
 */
struct dp_srtp_window {
	bool begun;
	uint32_t ssrc;
	uint64_t highest; /* highest packet index accepted */
	uint64_t seen[DP_SRTP_WINDOW / 64]; /* bit `index % DP_SRTP_WINDOW`: `index` was accepted */
};

/*
 * Tells an inbound session which SSRCs must be kept: those for which `window` returns a window. Of
 * the others, a full session replaces the one that was not used for longest by a new one that has
 * authenticated. Its ROC and replay window are lost: if it returns, its ROC starts at 0, and its
 * first 65,536 RTP packets and all its SRTCP packets could be replayed once. So `window` returns
 * one for every SSRC whose packets have an effect. It is called during unprotecting; `arg` must
 * live as long as the session. Without this call all SSRCs are kept with a window of 128 packets,
 * and new ones are refused.
 */
void dp_srtp_keep(struct dp_srtp_engine *e, struct dp_srtp_session *s,
	struct dp_srtp_window *(*window)(const void *arg, uint32_t ssrc), const void *arg);
/* Closes a session and wipes its keys. NULL and closed sessions are ignored. */
void dp_srtp_close(struct dp_srtp_engine *e, struct dp_srtp_session *s);

enum { DP_SRTP_PATCH_MAX = 4 };

/*
 * One outgoing RTP packet. Its unencrypted header (with CSRCs and extension) is at `dst` already.
 * The payload is read from `payload`; its ciphertext and the tag are written behind the header.
 * `payload` may be dst + hdr_len (in place); otherwise it must not overlap dst. The caller counts
 * the ROC. Per SSRC, a (roc, seq) pair must never be used twice with different content.
 *
 * With a patch, some bytes of the payload are replaced before it is encrypted. The memory at
 * `payload` is then writable and belongs to this thread; several jobs may share it, each with a
 * patch of its own at the same place.
 */
struct dp_srtp_job {
	struct dp_srtp_session *session;
	uint8_t *dst; /* hdr_len + payload_len + DP_SRTP_RTP_OVERHEAD bytes */
	const uint8_t *payload;
	uint16_t hdr_len, payload_len;
	uint32_t roc;
	uint16_t out_len; /* result: bytes at dst; 0: failed */
	uint8_t patch_at, patch_len; /* offset in the payload, and length; 0: no patch */
	uint8_t patch[DP_SRTP_PATCH_MAX];
};
_Static_assert(sizeof(struct dp_srtp_job) == 40, "the patch fits into what was padding");

/* Writes the job's patch to its payload at `payload`. */
static inline void dp_srtp_patch(const struct dp_srtp_job *j, uint8_t *payload)
{
	if (j->patch_len == DP_SRTP_PATCH_MAX) {
		memcpy(payload + j->patch_at, j->patch, DP_SRTP_PATCH_MAX);
		return;
	}
	for (unsigned i = 0; i < j->patch_len; i++)
		payload[j->patch_at + i] = j->patch[i];
}

/* Protects n packets of any sessions of this engine, in any order. */
void dp_srtp_protect_rtp(struct dp_srtp_engine *e, struct dp_srtp_job *jobs, unsigned n);

/*
 * Unprotects an RTP packet in place. `hdr_len` is the length of the RTP header with CSRCs and
 * extension. The packet is authenticated before any state changes. The replay window is
 * DP_SRTP_WINDOW packets for an SSRC that is kept (dp_srtp_keep()), because a retransmission under
 * its own sequence number comes long after its successors, and at least 128 for others (RFC 3711,
 * 3.3.2). The ROC is estimated per SSRC (3.3.1) and starts at 0.
 *
 * Returns 0 with *len shortened, or EBADMSG (authentication), EALREADY (replayed or older than the
 * window), EINVAL (malformed or too short), ENOSPC (all its SSRCs are kept). On an
 * error *len is unchanged and the content of the packet is unspecified.
 */
int dp_srtp_unprotect_rtp(struct dp_srtp_engine *e, struct dp_srtp_session *s, uint8_t *pkt, size_t *len,
	size_t hdr_len);

/*
 * Whether a packet looks like the peer's before it is authenticated: its SSRC is kept or was
 * authentic before, and an SRTCP index is near the highest so far (ipsec-mb only). Somebody who
 * does not read the peer's packets does not know these. Not an answer about malformed packets: for
 * them it is true. Changes nothing.
 */
bool dp_srtp_resembles(struct dp_srtp_engine *e, const struct dp_srtp_session *s, const uint8_t *pkt,
	size_t len, bool rtcp);

/* Prefetches what unprotecting a packet of RTCP needs of the session, which may be NULL. */
void dp_srtp_prefetch_rtcp(const struct dp_srtp_engine *e, const struct dp_srtp_session *s);

/*
 * Protects a compound RTCP packet in place. The session counts the SRTCP index, one for all SSRCs.
 * `cap` is the size of the buffer at `pkt`. Returns 0 with *len grown by up to
 * DP_SRTP_RTCP_OVERHEAD, EINVAL, ENOBUFS, or EOVERFLOW (index exhausted).
 */
int dp_srtp_protect_rtcp(struct dp_srtp_engine *e, struct dp_srtp_session *s, uint8_t *pkt, size_t *len,
	size_t cap);

/* A received SRTCP packet. */
struct dp_srtp_rtcp {
	struct dp_srtp_session *session;
	uint8_t *pkt;
	size_t len; /* becomes shorter when it is unprotected */
	int error; /* result: 0, or as of dp_srtp_unprotect_rtp() */
};
/*
 * Unprotects n SRTCP packets of any sessions of this engine, in place. Packets of viewers come in
 * bursts in which each has a key of its own: some are processed at a time. An unencrypted packet
 * (E flag 0) is refused with EINVAL.
 */
void dp_srtp_unprotect_rtcp_burst(struct dp_srtp_engine *e, struct dp_srtp_rtcp *packets, unsigned n);

/* Likewise for one packet; returns its error. */
int dp_srtp_unprotect_rtcp(struct dp_srtp_engine *e, struct dp_srtp_session *s, uint8_t *pkt, size_t *len);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_DATAPLANE_SRTP_INTERNAL_H
#define SPATE_DATAPLANE_SRTP_INTERNAL_H

/*
 * Declares what srtp.c and the two engines share. Every engine begins with struct dp_srtp_engine,
 * every session with struct dp_srtp_session. srtp.c checks lengths, headers and directions before
 * an engine sees a packet, except for dp_srtp_protect_rtp(), where the engine checks each job.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "dataplane/srtp/srtp.h"
#include "shared/ids.h"

enum {
	DP_SRTP_RTCP_HEADER = 8, /* never encrypted (RFC 3711, 3.4) */
	DP_SRTP_INDEX = 4, /* E || index of SRTCP */
	DP_SRTP_ROC = 4,
	DP_SRTP_PACKET_MAX = 0xff00, /* ipsec-mb's lengths are 16 bits, padding included */
};

#define DP_SRTCP_E         0x80000000u
#define DP_SRTCP_INDEX_MAX 0x7fffffffu

struct dp_srtp_profile {
	uint16_t id; /* enum sh_srtp_profile */
	bool aead;
	uint8_t key_len, salt_len, tag_len;
};

/* Returns the parameters of a profile; NULL: not supported. */
const struct dp_srtp_profile *dp_srtp_profile(uint16_t id);

struct dp_srtp_session {
	uint16_t profile;
	uint8_t dir; /* enum dp_srtp_dir */
	uint8_t tag_len; /* 0: not open */
};

/* The arguments of dp_srtp_keep(), in every inbound session. */
struct dp_srtp_keep {
	struct dp_srtp_window *(*window)(const void *arg, uint32_t ssrc); /* NULL: all are kept */
	const void *arg;
};

struct dp_srtp_inbound;
struct dp_ssrc_table;

enum { DP_SRTP_SAVED_KEYS = 72 }; /* bytes of the session keys of RTP, or of RTCP */

/* What an engine adds to a saved session (save.c). */
struct dp_srtp_counters {
	uint32_t rtcp_index; /* of the next SRTCP packet that is sent */
	uint8_t rtp[DP_SRTP_SAVED_KEYS], rtcp[DP_SRTP_SAVED_KEYS];
};

struct dp_srtp_ops {
	enum dp_srtp_kind kind;
	const char *name;
	size_t session_size[2]; /* by enum dp_srtp_dir */
	void (*free)(struct dp_srtp_engine *e);
	/* The session is zeroed except for its common fields. */
	int (*open)(struct dp_srtp_engine *e, struct dp_srtp_session *s, const struct dp_srtp_keys *keys);
	struct dp_srtp_inbound *(*inbound)(struct dp_srtp_session *s);
	/* NULL, or what to do when an SSRC leaves a table. */
	void (*forget)(struct dp_srtp_session *s, const struct dp_ssrc_table *t, uint32_t ssrc);
	/* NULL: sessions of this engine cannot be saved. The caller wipes `out`. */
	void (*save)(const struct dp_srtp_session *s, struct dp_srtp_counters *out);
	/* As `open`, with what `save` has written. */
	void (*reopen)(struct dp_srtp_engine *e, struct dp_srtp_session *s,
		const struct dp_srtp_counters *in);
	/* The caller wipes the session's memory. */
	void (*close)(struct dp_srtp_engine *e, struct dp_srtp_session *s);
	void (*protect_rtp)(struct dp_srtp_engine *e, struct dp_srtp_job *jobs, unsigned n);
	int (*unprotect_rtp)(struct dp_srtp_engine *e, struct dp_srtp_session *s, uint8_t *pkt, size_t *len,
		size_t hdr_len);
	bool (*resembles)(const struct dp_srtp_session *s, const uint8_t *pkt, size_t len, bool rtcp);
	void (*prefetch_rtcp)(const struct dp_srtp_session *s); /* NULL: nothing to prefetch */
	int (*protect_rtcp)(struct dp_srtp_engine *e, struct dp_srtp_session *s, uint8_t *pkt, size_t *len);
	/* Packets that have an error already are left alone. */
	void (*unprotect_rtcp)(struct dp_srtp_engine *e, struct dp_srtp_rtcp *packets, unsigned n);
};

struct dp_srtp_engine {
	const struct dp_srtp_ops *ops;
	const char *code; /* see dp_srtp_engine_code() */
	struct dp_srtp_blocks pool; /* `take` NULL: none */
};

/* Creates an engine; NULL with errno set: failed. */
struct dp_srtp_engine *dp_srtp_mb_new(void);
struct dp_srtp_engine *dp_srtp_libsrtp2_new(void);
bool dp_srtp_mb_available(void);

/* Fills in the common fields of a session and zeroes the rest. False: unknown profile. */
bool dp_srtp_session_init(struct dp_srtp_engine *e, struct dp_srtp_session *s, enum dp_srtp_dir dir,
	uint16_t profile);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_DATAPLANE_TABLES_STREAM_H
#define SPATE_DATAPLANE_TABLES_STREAM_H

/* A stream: one encoding of a producer, with the ring of its decrypted packets (tables/stream_ring.h). */

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <rte_common.h>

#include "shared/abi.h"
#include "shared/config.h"
#include "dataplane/rtp/egress.h"
#include "dataplane/rtp/feedback.h"
#include "dataplane/rtp/nack.h"
#include "dataplane/rtp/receive.h"

struct dp_op;
struct dp_transport;
struct dp_worker;
struct rte_mbuf;

/*
 * One decrypted packet of a stream. Written by the owner before `head` passes it. Whole lines: what a reader
 * looks at is never next to what the owner writes then. The first one has all that most packets need, and
 * the mbuf stays the owner's alone.
 */
struct dp_ring_entry {
	const uint8_t *payload; /* of RTP, info.payload_len bytes; in the mbuf */
	struct rte_mbuf *mbuf; /* the decrypted packet; only the owner reads it */
	uint64_t rx_ns;
	uint32_t abs_send_time; /* of its arrival: the same for every viewer and in a retransmission */
	bool restart; /* the first after a pause: viewers restart with a key frame */
	struct dp_rtp_info info;
} __rte_cache_aligned;

/* The oldest packet that a worker may still read; one writer (that worker) and one cache line each. */
struct dp_cursor {
	_Atomic uint64_t at; /* DP_CURSOR_NONE: does not read this stream */
} __rte_cache_aligned;

#define DP_CURSOR_NONE UINT64_MAX

/*
 * One encoding of a producer, and the ring of its decrypted packets, which is also the
 * retransmission cache. The owner appends at `head` and frees below min(cursors); a worker
 * reads [its cursor, head), and keeps its cursor behind what it has sent to its viewers by
 * what it wants to be able to send again.
 */
struct dp_stream {
	sh_id id; /* of the producer */
	uint32_t slot;
	uint32_t owner; /* worker */
	uint32_t mask; /* of ring[] */
	uint32_t window; /* most packets that a reader keeps behind what it has served */
	struct dp_ring_entry *ring; /* this and by_seq: dp_stream_prepare() */
	/* extended number & mask -> low 32 bits of the ring position; readers: all */
	_Atomic uint32_t *by_seq;
	uint8_t kind, codec;
	uint32_t clock_rate;
	char cname[SH_CNAME_MAX];
	uint8_t cname_len;

	_Atomic uint64_t head __rte_cache_aligned; /* writer: owner; readers: all */
	_Atomic uint64_t freed; /* positions below are gone; writer: owner; readers: all */
	_Atomic uint64_t sr_version; /* seqlock of the next three; writer: owner; readers: all */
	_Atomic uint64_t sr_ntp, sr_ns; /* struct dp_sr_clock: dp_stream_clock() */
	_Atomic uint32_t sr_rtp;

	/* writers: all, seldom; reader: owner */
	_Atomic uint32_t keyframe_wanted __rte_cache_aligned;
	_Atomic uint32_t readers; /* bit i: worker i has a cursor; only says whom to wake */

	struct dp_cursor cursor[SH_MAX_WORKERS];

	/* the owner's own */
	struct dp_transport *transport __rte_cache_aligned;
	struct dp_stream *next_on_transport;
	uint64_t reclaimed; /* mbufs below are back in the pool; never ahead of `freed` */
	uint32_t ssrc, rtx_ssrc; /* 0: not known yet */
	uint8_t pt, rtx_pt;
	bool paused, restart; /* restart: the next packet is the first after a pause */
	bool fed; /* has new packets this round */
	bool may_restart; /* the source was silent: its next sequence number may be unrelated */
	uint32_t flags; /* enum sh_producer_flags */
	uint8_t ext_id[SH_EXT_COUNT];
	uint8_t mid_len, rid_len;
	char mid[SH_MID_MAX], rid[SH_RID_MAX];
	struct dp_receive receive;
	struct dp_nack nack;
	struct dp_keyframe_gate gate;
	uint8_t fir_seq;
	uint32_t keyframe_timestamp; /* of the last one: it may start with several packets */
	uint64_t packets, bytes, repaired, duplicates, nacks, plis, keyframes;
	uint64_t last_bytes, bitrate_bps; /* over the last second */
	uint64_t next_rr_ns, next_nack_ns, next_reclaim_ns;
};

/*
 * The agent prepares a slot before it sends PRODUCER_ADD (`socket`: the owner's NUMA node; 0 or ENOMEM),
 * and disposes of it after PRODUCER_DEL was acknowledged.
 */
int dp_stream_prepare(struct dp_stream *s, const struct sh_config *config, uint8_t kind, int socket);
void dp_stream_dispose(struct dp_stream *s);

/* Operations, run on the owning worker. 0 or errno. */
int dp_stream_add(struct dp_worker *w, const struct dp_op *op);
int dp_stream_set(struct dp_worker *w, const struct dp_op *op);
int dp_stream_del(struct dp_worker *w, const struct dp_op *op); /* no reader is left */

/* The source's NTP and RTP time at `now_ns`, which every worker reads; 0: neither is known any more. */
void dp_stream_set_clock(struct dp_stream *s, uint64_t ntp, uint32_t rtp, uint64_t now_ns);
/* A consistent copy of it, for any worker. False: it is just changing. */
bool dp_stream_clock(const struct dp_stream *s, struct dp_sr_clock *out);
/* The source restarted: it goes on with `seq`, unrelated to its earlier numbers. Viewers wait for a key frame. */
void dp_stream_restart(struct dp_stream *s, uint16_t seq);
/* Asks the source for a key frame at the next chance; any worker may call it. */
static inline void dp_stream_want_keyframe(struct dp_stream *s)
{
	atomic_store_explicit(&s->keyframe_wanted, 1, memory_order_relaxed);
}

#endif

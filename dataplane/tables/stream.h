/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_DATAPLANE_TABLES_STREAM_H
#define SPATE_DATAPLANE_TABLES_STREAM_H

/*
 * Defines a stream: one encoding of a producer, with the ring of its decrypted packets
 * (tables/stream_ring.h). Times are CLOCK_MONOTONIC in nanoseconds.
 */

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <rte_common.h>

#include "dataplane/codec/keyframe.h"
#include "dataplane/rtp/egress.h"
#include "dataplane/rtp/feedback.h"
#include "dataplane/rtp/nack.h"
#include "dataplane/rtp/receive.h"
#include "dataplane/rtp/source_clock.h"
#include "dataplane/srtp/srtp.h"
#include "dataplane/tables/encodings.h"
#include "dataplane/tables/key_cache.h"
#include "shared/abi.h"
#include "shared/config.h"

struct dp_layering;
struct dp_op;
struct dp_transport;
struct dp_worker;
struct rte_mbuf;

/*
 * One decrypted packet of a stream. The owner writes it before it advances `head` beyond it. An
 * entry fills whole cache lines, so that a reader never reads a line that the owner is writing. The
 * first line holds all that most packets need.
 */
struct dp_ring_entry {
	const uint8_t *payload; /* RTP payload in the mbuf, info.payload_len bytes */
	struct rte_mbuf *mbuf; /* holds the packet; only the owner uses this pointer */
	uint64_t rx_ns; /* arrival */
	uint32_t abs_send_time; /* of the arrival: the same for every viewer and in retransmissions */
	bool restart; /* first packet after a pause or restart: viewers restart with a key frame */
	struct dp_rtp_info info;
} __rte_cache_aligned;
/* with its word of by_seq[] */
enum { DP_RING_ENTRY_BYTES = sizeof(struct dp_ring_entry) + sizeof(uint32_t) };

/* One worker's cursor, in a cache line of its own. Writer: that worker; reader: the owner. */
struct dp_cursor {
	_Atomic uint64_t at; /* position of the oldest entry it may read; DP_CURSOR_NONE: reads none */
} __rte_cache_aligned;

#define DP_CURSOR_NONE UINT64_MAX
enum { DP_RECENT_STREAMS = 64 };

/*
 * One encoding of a producer, and the ring of its decrypted packets, which is also the cache for
 * retransmissions. Positions in the ring count from 0 and never wrap; `position & mask` is the
 * index in ring[]. The owner appends at `head` and frees the mbufs of entries below the lowest
 * cursor. A worker reads [its cursor, head), and holds its cursor back behind the packets that it
 * has sent, as far as it wants to be able to retransmit them.
 */
struct dp_stream {
	sh_id id; /* id of the producer; 0: the slot is free */
	uint32_t slot;
	uint32_t owner; /* the worker that owns the stream */
	uint32_t mask; /* entries of ring[] and of by_seq[], minus 1 */
	uint32_t window; /* half the ring: the most that a reader keeps for retransmissions */
	struct dp_ring_entry *ring; /* dp_stream_prepare() allocates ring, by_seq and cursor */
	/*
	 * Extended sequence number & mask -> low 32 bits of the position. Writer: owner; readers:
	 * all.
	 */
	_Atomic uint32_t *by_seq;
	struct dp_cursor *cursor; /* one for each worker that exists, by its id */
	uint8_t kind, codec; /* enum sh_kind, enum sh_codec */
	uint32_t clock_rate; /* Hz */
	char cname[SH_CNAME_MAX]; /* not terminated */
	uint8_t cname_len;
	uint8_t encoding; /* index among the encodings of its producer */
	struct dp_layering *layering; /* NULL: viewers have no choice of layers */
	struct dp_stream *lead; /* the first encoding of its producer, perhaps itself */
	struct dp_encodings encodings; /* of the lead */

	/* position of the next entry to write; writer: owner; readers: all */
	_Atomic uint64_t head __rte_cache_aligned;
	_Atomic uint64_t freed; /* the owner may free entries below it; writer: owner; readers: all */
	_Atomic uint64_t sr_version; /* seqlock of the next three fields; writer: owner; readers: all */
	_Atomic uint64_t sr_ntp, sr_ns; /* these and sr_rtp: as in struct dp_sr_clock */
	_Atomic uint32_t sr_rtp;
	_Atomic uint64_t
		keyframe_ns; /* arrival of the newest key frame; 0: none; writer: owner; readers: all */
	/* position of the newest complete key frame that is kept; DP_CURSOR_NONE: none; the same */
	_Atomic uint64_t key;
	_Atomic uint32_t kbps; /* rate of the last second; 0: not known; the same */

	/* Written by any worker, but rarely; read by the owner. */
	_Atomic uint32_t keyframe_wanted __rte_cache_aligned; /* 1: request a key frame */
	/* bit i: worker i has a cursor, or is about to set or has just cleared it (stream_ring.h) */
	_Atomic uint64_t readers;

	/* the owner's alone */
	struct dp_transport *transport __rte_cache_aligned;
	struct dp_stream *next_on_transport;
	struct dp_stream *recent[DP_RECENT_STREAMS]; /* of a transport's first: tables/stream_ssrcs.h */
	uint64_t reclaimed; /* the mbufs of entries below it are back in the pool; at most `freed` */
	uint32_t ssrc, rtx_ssrc; /* 0: not known yet */
	uint32_t old_ssrc, old_rtx_ssrc; /* those before, replaced at rebound_ns (path/binding.c) */
	uint64_t rebound_ns; /* 0: never */
	uint8_t pt, rtx_pt;
	bool paused, restart; /* restart: the next packet is the first after a pause or restart */
	/*
	 * While its audio levels are observed: the producer's id of that extension. 0: nobody asks,
	 * or it has none.
	 */
	uint8_t level_ext;
	bool appended; /* got packets in the burst that is being routed (path/route.c) */
	bool may_restart; /* after a silence or with another SSRC: the next packet may be the first after a restart */
	/* a packet that may be the first after a restart (path/source_restart.h); NULL: none */
	struct rte_mbuf *held;
	uint16_t held_seq; /* its sequence number */
	bool rebound; /* that packet is the first of another SSRC */
	uint32_t flags; /* enum sh_producer_flags */
	uint8_t ext_id[SH_EXT_COUNT]; /* the producer's ids by enum sh_ext; 0: not negotiated */
	uint8_t mid_len, rid_len;
	char mid[SH_MID_MAX], rid[SH_RID_MAX]; /* not terminated */
	struct dp_receive receive;
	struct dp_source_clock clock; /* what dp_stream_publish_clock() publishes */
	struct dp_nack nack;
	struct dp_keyframe_gate gate; /* limits the rate of requests for key frames */
	uint64_t rtt_us; /* last round-trip time to the producer in microseconds; 0: not known */
	uint8_t fir_seq; /* sequence number of the next FIR command (RFC 5104, 4.3.1.1) */
	struct dp_keyframes starts; /* tells where decoders can start */
	struct dp_key_cache cache;
	uint64_t packets, bytes, repaired, duplicates, nacks, plis, keyframes; /* for the statistics */
	uint64_t levels; /* struct sh_producer_stats.audio_levels */
	uint64_t next_levels_ns; /* when they are published next */
	uint64_t malformed_frames; /* packets whose layers could not be read (codec/codec.h) */
	uint64_t last_bytes; /* `bytes` when bitrate_bps was computed */
	uint64_t bitrate_bps; /* mean since the visit before, about one second */
	uint64_t next_rr_ns, next_nack_ns, next_reclaim_ns; /* when each is due */
	/*
	 * Replay windows of ssrc and rtx_ssrc, as long as what a NACK may request. They are here
	 * and not in the SRTP session because only producers need them (start/media_memory.c).
	 */
	struct dp_srtp_window srtp_window, rtx_srtp_window;
};

/*
 * The agent allocates a slot's ring on NUMA node `socket`, the owner's, before it sends
 * PRODUCER_ADD, and frees it after the worker has acknowledged PRODUCER_DEL. Returns 0 or ENOMEM.
 */
int dp_stream_prepare(struct dp_stream *s, const struct sh_config *config, const struct sh_producer_add *p,
	int socket);
void dp_stream_dispose(struct dp_stream *s);

/* Operations, run on the owning worker. 0 or errno. */
int dp_stream_add(struct dp_worker *w, const struct dp_op *op);
int dp_stream_set(struct dp_worker *w, const struct dp_op *op);
int dp_stream_observe(struct dp_worker *w, const struct dp_op *op);
/* All its consumers have been deleted. */
int dp_stream_del(struct dp_worker *w, const struct dp_op *op);

/*
 * Publishes the source's NTP and RTP time at `now_ns` to all workers. All 0: no longer known.
 * Called by the owner.
 */
void dp_stream_set_clock(struct dp_stream *s, uint64_t ntp, uint32_t rtp, uint64_t now_ns);
/* Publishes s->clock, which has changed. */
void dp_stream_publish_clock(struct dp_stream *s);
/* Copies these times consistently, on any worker. False: the owner is changing them; try later. */
bool dp_stream_clock(const struct dp_stream *s, struct dp_sr_clock *out);
/*
 * The source has restarted and continues with `seq`, which is unrelated to its earlier sequence
 * numbers; if it was rebound, with another SSRC. Viewers wait for a key frame.
 */
void dp_stream_restart(struct dp_stream *s, uint16_t seq);
/*
 * Requests a key frame from the source. Any worker may call it; the owner sends one PLI or FIR for
 * all requests that are pending, at a limited rate.
 */
static inline void dp_stream_want_keyframe(struct dp_stream *s)
{
	atomic_store_explicit(&s->keyframe_wanted, 1, memory_order_relaxed);
}

/*
 * A key frame has begun to arrive, or is complete in the ring: it serves all who have asked so far,
 * also those whose request the owner has not looked at yet. Called by the owner.
 */
static inline void dp_stream_keyframe_arrived(struct dp_stream *s)
{
	atomic_store_explicit(&s->keyframe_wanted, 0, memory_order_relaxed);
	dp_keyframe_arrived(&s->gate);
}

#endif

/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_DATAPLANE_TABLE_H
#define SPATE_DATAPLANE_TABLE_H

/*
 * Transports, streams and consumers as the workers see them.
 *
 * Slots of all three are allocated once at start; the agent hands slot numbers out and
 * takes them back. Everything in a slot belongs to the one worker that owns the object
 * (a consumer: the worker of its transport; a stream: the worker of its producer's
 * transport), and changes only on that worker, by operations that arrive in its control
 * ring. What other workers may read is marked so.
 */

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include <rte_common.h>
#include <rte_mbuf.h>

#include "shared/abi.h"
#include "shared/stats.h"
#include "shared/stun.h"
#include "dataplane/rtp/egress.h"
#include "dataplane/rtp/feedback.h"
#include "dataplane/rtp/nack.h"
#include "dataplane/rtp/receive.h"
#include "dataplane/rtp/twcc.h"
#include "dataplane/srtp/srtp.h"

struct dp_consumer;
struct dp_stream;
struct dp_audience_chunk;

enum {
	DP_ENCAP_MAX = 14 + 4 + 40 + 8, /* Ethernet, VLAN, IPv6, UDP */
	DP_ENCAP_ROOM = 80, /* copied in pieces of a fixed size: so many bytes before a payload may change */
	DP_ENCAP_SHORT = 48, /* enough for IPv4 */
};

/* Ethernet, VLAN, IP and UDP of one path, ready to be copied in front of a payload. */
struct dp_encap {
	uint8_t len; /* of all headers */
	uint8_t ip_offset, udp_offset; /* from their start */
	uint8_t family; /* 4 or 6; 0: no path yet */
	uint16_t port; /* DPDK port id */
	uint16_t mtu; /* longest IP packet */
	uint32_t ip_sum; /* IPv4: dp_sum() of the header without length and checksum */
	uint8_t header[DP_ENCAP_ROOM]; /* the last `len` bytes */
};

struct dp_tuple {
	struct sh_path path; /* remote.family 0: free */
	uint64_t seen_ns; /* of the last valid check (plain: RTP packet), or when it was bound */
};

/* In dp_meta: packets to a plain transport's port that are not from its address. */
enum {
	DP_TUPLE_RTCP = 0xfd, /* from the port above it */
	DP_TUPLE_STRANGER = 0xfe, /* from anywhere: its address, once the packet has proved to be valid */
};

struct dp_transport {
	/* egress, read for every viewer packet */
	struct dp_srtp_session *out; /* NULL: no keys yet */
	struct dp_encap encap; /* of the selected tuple */
	bool can_send; /* keys, a selected tuple and fresh consent */
	uint64_t tx_packets, tx_bytes; /* bytes of UDP payload */

	/* ingress and housekeeping */
	sh_id id __rte_cache_aligned;
	uint32_t slot;
	uint32_t worker;
	uint32_t owned_index; /* in the worker's owned[] */
	struct dp_srtp_session *in;
	uint16_t profile;
	bool media_seen, idle;
	bool idle_told; /* the agent has heard of it */
	uint8_t tuple_count, selected; /* selected: index, 0xff none */
	uint64_t rx_packets, rx_bytes;
	uint64_t consent_ns, consent_limit_ns;
	uint64_t remb_bps;
	uint64_t punt_tokens_ns; /* token bucket for what it sends to the control plane */
	uint64_t next_remb_ns, next_path_ns, visited_ns;
	struct dp_consumer *consumers; /* linked by next_on_transport */
	struct dp_stream *streams; /* linked by next_on_transport: it is a producing transport */
	struct dp_twcc *twcc; /* producing transports with the extension; from a pool */
	uint8_t twcc_ext_id;
	uint32_t rtcp_ssrc; /* ours, as sender of feedback */
	uint64_t next_twcc_ns;
	struct dp_transport *ingress_prev, *ingress_next; /* the worker's list of producing transports */

	/* plain transports, whose one address is tuple[0] */
	uint16_t port; /* its own UDP port; 0: a WebRTC transport, all of this is unused */
	uint8_t plain_flags; /* enum sh_plain_flags */
	bool learns; /* its address comes from packets */
	bool asks; /* for its neighbour's MAC, by ARP or ND */
	uint64_t asked_ns, ask_ns; /* the last time, and the next */

	/* ICE */
	struct sh_hmac_sha1 key;
	char ufrag[SH_UFRAG_MAX];
	uint8_t ufrag_len;
	struct dp_tuple tuple[SH_MAX_TUPLES];
};

/* A plain transport without SRTP: what comes and goes is not protected. */
static inline bool dp_transport_unprotected(const struct dp_transport *t)
{
	return t->port && !(t->plain_flags & SH_PLAIN_SRTP);
}

/*
 * One plain packet of a stream. Written by the owner before `head` passes it. Whole lines: what a reader
 * looks at is never next to what the owner writes then. The first one has all that most packets need, and
 * the mbuf stays the owner's alone.
 */
struct dp_slot {
	const uint8_t *payload; /* of RTP, plain.payload_len bytes; in the mbuf */
	struct rte_mbuf *mbuf; /* the plain packet; only the owner looks into it */
	uint64_t rx_ns;
	uint32_t abs_send_time; /* of its arrival: the same for every viewer and when it is sent again */
	bool restart; /* the first after a pause: viewers start anew with a key frame */
	struct dp_plain plain;
} __rte_cache_aligned;

/* The oldest packet that a worker may still read; one writer (that worker) and one cache line each. */
struct dp_cursor {
	_Atomic uint64_t at; /* UINT64_MAX: does not read this stream */
} __rte_cache_aligned;

/*
 * One encoding of a producer, and the ring of its plain packets, which is also the
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
	struct dp_slot *ring; /* this and by_seq: dp_stream_prepare() */
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
	bool anew; /* the source was silent, and may have begun with other numbers */
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

/* What one packet to one viewer needs. */
struct dp_consumer {
	struct dp_transport *transport;
	struct dp_egress egress;
	struct dp_seqmap seq;
	uint64_t at; /* stream position up to which it has been served */
	uint32_t timestamp_offset;
	bool paused, waiting_keyframe;
	uint16_t rtx_seq;
	uint32_t rtx_roc;
	uint64_t packets, bytes;

	/* not per packet */
	sh_id id __rte_cache_aligned;
	uint32_t slot;
	struct dp_audience_chunk *chunk; /* where it stands in its stream's audience */
	uint32_t index;
	struct dp_stream *stream;
	struct dp_consumer *next_on_transport;
	uint32_t flags; /* enum sh_consumer_flags */
	uint64_t rtx_packets, nacks, plis;
	uint64_t rtx_window_ns; /* since when rtx_in_window counts what NACKs have named */
	uint32_t rtx_in_window;
	uint32_t reported_lost, reported_jitter;
	uint8_t reported_fraction;
	uint8_t port; /* index of the one in whose audience it is */
	uint64_t rtt_us;
	uint64_t sr_ntp_sent; /* of the last SR, and when it left */
	uint64_t sr_sent_ns, next_sr_ns;
	uint64_t last_bytes, bitrate_bps;
};

#endif

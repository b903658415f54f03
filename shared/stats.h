/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_SHARED_STATS_H
#define SPATE_SHARED_STATS_H

/*
 * Defines the statistics memfd, which the data plane writes and all others map read-only.
 *
 * Each worker writes its own page. An object's slot is written by the worker that owns the object,
 * about once a second. Every counter is a naturally aligned 64-bit word, so that a reader never
 * sees a torn value. A slot is in use while its id is not 0. To copy a slot, read the id, the
 * fields, and the id again; the copy is valid if both ids are equal (stats_slot.h).
 */

#include <assert.h>
#include <stdint.h>

#include "shared/drop.h"
#include "shared/ids.h"
#include "shared/latency.h"
#include "shared/loss.h"
#include "shared/port_stats.h"

#define SH_STATS_MAGIC   0x53544154u
#define SH_STATS_VERSION 10u

struct sh_stats_header {
	uint32_t magic, version;
	uint64_t instance;
	uint64_t started_ns; /* CLOCK_REALTIME when the process started */
	uint64_t tick_ns; /* CLOCK_MONOTONIC; writer: agent, every 100 ms */
	uint32_t control_connected; /* writer: agent */
	uint32_t workers;
	uint32_t transports, producers, consumers; /* number of slots */
	uint32_t ports;
	uint32_t worker_offset, port_offset, transport_offset, producer_offset, consumer_offset;
	uint32_t worker_size, port_size, transport_size, producer_size, consumer_size;
	uint32_t mbuf_total, mbuf_free; /* writer: agent */
	uint32_t transports_used, producers_used, consumers_used; /* writer: agent */
	uint32_t notices; /* number of struct sh_notice (port_stats.h) */
	uint32_t notice_offset, notice_size;
	uint64_t tsc_hz; /* unit of busy_cycles */
	uint64_t events_lost; /* events that the control plane was too slow to read; writer: agent */
	uint64_t log_lost; /* lines of the data plane's log that were lost; writer: agent */
	uint64_t reserved[5];
};
static_assert(sizeof(struct sh_stats_header) == 192, "ABI");

/* writer: the worker; readers: all */
struct sh_worker_stats {
	uint64_t rx_packets, rx_bytes; /* IP packets, bytes as the device counts them */
	uint64_t tx_packets, tx_bytes;
	uint64_t loops, busy_loops; /* iterations of the poll loop; those that found work */
	uint64_t punted, injected;
	uint64_t handed_off, handed_in;
	uint64_t stun_answered;
	uint64_t arp_answered, nd_answered, icmp_answered;
	uint64_t rtp_in, rtcp_in;
	uint64_t rtp_out, rtcp_out, rtx_out;
	uint64_t nack_in, nack_out, pli_in, fir_in, pli_out;
	uint64_t rtx_missed; /* requested, but no longer in the stream ring */
	uint64_t twcc_out, remb_out, rr_out, sr_out;
	uint64_t tx_waits; /* bursts that the TX ring did not take whole */
	uint64_t drop[64]; /* dropped packets by enum sh_drop */
	uint32_t cpu; /* CPU on which the worker last ran */
	uint32_t udp_port;
	uint32_t engine; /* 1: ipsec-mb, 2: libsrtp2 */
	uint32_t transports, consumers, streams; /* objects that the worker owns now */
	uint64_t busy_cycles; /* TSC cycles of the busy loops */
	/* The fan-out stopped because a TX queue was full, and continued in a later iteration. */
	uint64_t fanout_waits;
	/* Video was sent before audio, because audio had taken all of the TX queue for too long. */
	uint64_t video_first;
	/* The packets to viewers in drop[SH_DROP_TX_AGE], by kind. */
	uint64_t aged_audio, aged_video;
	struct sh_latency latency; /* packets to viewers, RX to TX, without retransmissions */
	uint64_t keyframe_limited; /* viewers' requests for key frames beyond their budgets */
	uint64_t stun_refused; /* checks answered with an error */
	uint64_t rtcp_cut; /* RTCP packets whose rest was ignored, because too many SSRCs were unknown */
	/* Received fragments that were kept, the datagrams that they completed, and those that did not. */
	uint64_t fragments_in, fragments_joined, fragments_expired, fragments_refused;
	uint64_t fragments_out; /* fragments sent, because a packet did not fit its path's MTU */
	uint64_t path_mtu_changes; /* a path's MTU was learnt, or expired */
	uint64_t padding_out; /* packets of padding to viewers, which probe for bandwidth */
	/* By pass over the viewers of a stream: from the RX of its oldest packet to its end. */
	struct sh_latency pass_lateness;
	uint64_t catch_ups; /* viewers who began with a key frame of the ring */
	uint64_t catch_up_out; /* packets sent to them until they had caught up */
	/*
	 * Of all viewers' packets: missing when they were due, sent and lost behind the server, and
	 * those of the latter that a retransmission has repaired (struct sh_consumer_stats).
	 */
	uint64_t viewer_lost_before, viewer_lost_after, viewer_repaired;
	uint64_t malformed_frames; /* packets of layered producers whose layers could not be read */
	uint64_t neighbor_answers; /* answers of neighbors, and messages about the MTU of a path */
	uint64_t to_kernel, from_kernel; /* frames of the exception path (path/exception.c) */
	uint64_t reserved[7];
};
static_assert(SH_DROP_COUNT <= 64, "drop[] is too small");
static_assert(sizeof(struct sh_worker_stats) % 64 == 0, "a page is whole cache lines");

/*
 * The next three are object slots. Writer: the owning worker; it sets the id and the ids of related
 * objects when it adds the object.
 */
enum sh_transport_state {
	SH_TRANSPORT_NEW,
	SH_TRANSPORT_BOUND, /* a tuple is bound */
	SH_TRANSPORT_KEYED, /* there are SRTP keys */
	SH_TRANSPORT_MEDIA, /* media was received */
	SH_TRANSPORT_IDLE, /* consent has expired */
};

struct sh_transport_stats {
	sh_id id;
	uint32_t worker;
	uint32_t state; /* enum sh_transport_state */
	uint32_t profile; /* enum sh_srtp_profile; 0: none yet */
	uint32_t tuples;
	uint8_t remote_ip[16];
	uint16_t remote_port;
	uint8_t remote_family; /* 4 or 6 */
	uint8_t unproven; /* 1: the peer has not shown that it receives there; little is sent */
	uint8_t pad[4];
	uint64_t rx_packets, rx_bytes, tx_packets, tx_bytes;
	uint64_t consent_ns; /* CLOCK_MONOTONIC of the last valid connectivity check */
	uint64_t available_bps; /* the peer's REMB; 0: unknown */
};

/* A spatial layer of a stream with several. */
struct sh_layer_stats {
	uint16_t width, height; /* 0: not known */
	uint32_t kbps; /* of what its viewers are sent, mean of about a second */
};

/* One encoding of a producer. */
struct sh_producer_stats {
	sh_id id;
	sh_id transport;
	uint32_t ssrc, rtx_ssrc;
	uint64_t packets, bytes;
	uint64_t packets_lost, packets_repaired;
	uint64_t packets_duplicate; /* without RTX, by which browsers also probe for bandwidth */
	uint64_t nacks, plis; /* NACKs and PLIs sent to the producer */
	uint64_t keyframes;
	uint64_t jitter; /* in units of the RTP clock */
	uint64_t rtt_us;
	uint64_t bitrate_bps; /* over the last second */
	uint64_t fraction_lost; /* in the last report, 0..255 */
	uint32_t width, height; /* of its pictures, if viewers can choose among layers; 0: not known */
	uint32_t spatial; /* its rank among the encodings of the producer, 0 is the smallest */
	uint32_t active; /* 1: it is being sent */
	/*
	 * While the producer is observed: the number of its packets with an audio level (RFC 6464)
	 * in the high 32 bits, the sum of these levels in −dBov in the low ones. Both wrap. Written
	 * every 100 ms while packets arrive.
	 */
	uint64_t audio_levels;
	uint64_t malformed_frames; /* packets whose layers could not be read */
	uint32_t layers; /* spatial layers within the encoding; 0: viewers have no choice */
	uint32_t layers_active; /* bit s: layer s is being sent */
	struct sh_layer_stats layer[SH_MAX_LAYERS]; /* the first `layers` are valid, if there are several */
};

struct sh_consumer_stats {
	sh_id id;
	sh_id transport;
	sh_id producer;
	uint32_t ssrc, rtx_ssrc;
	uint64_t packets, bytes; /* sent; bytes of RTP payload */
	uint64_t packets_lost, fraction_lost; /* reported by the viewer */
	uint64_t nacks, plis, rtx_packets; /* received from the viewer; retransmitted */
	uint64_t jitter, rtt_us, bitrate_bps;
	uint32_t paused, waiting_keyframe;
	/*
	 * Where its packets were lost (docs/packet-path.md): before the server, in it by enum
	 * sh_loss, and behind it, of which some were repaired by retransmissions.
	 */
	uint32_t lost_before, lost_after, repaired, pad;
	uint32_t dropped[SH_LOSS_COUNT];
};
static_assert(sizeof(struct sh_consumer_stats) % 8 == 0, "whole words");

#endif

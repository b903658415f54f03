/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_DATAPLANE_TABLES_CONSUMER_H
#define SPATE_DATAPLANE_TABLES_CONSUMER_H

/*
 * Defines a consumer: a viewer's subscription to a stream, owned by the worker of the viewer's
 * transport. Times are CLOCK_MONOTONIC in nanoseconds.
 */

#include <stdbool.h>
#include <stdint.h>

#include <rte_common.h>

#include "dataplane/rtp/egress.h"
#include "dataplane/rtp/feedback.h"
#include "dataplane/rtp/loss.h"
#include "dataplane/tables/catch_up.h"
#include "shared/abi.h"

struct dp_audience_chunk;
struct dp_continuation;
struct dp_op;
struct dp_selection;
struct dp_stream;
struct dp_transport;
struct dp_worker;

struct dp_consumer {
	/*
	 * read or written for every packet: exactly two cache lines, which the fan-out prefetches
	 */
	struct dp_transport *transport;
	struct dp_egress egress; /* header template */
	struct dp_seqmap seq; /* the producer's sequence numbers to the consumer's */
	uint64_t at; /* ring position up to which it has been served */
	uint32_t timestamp_offset; /* added to the producer's RTP timestamps */
	bool paused;
	bool waiting_keyframe; /* packets are skipped until one at which a decoder can start */
	bool catching_up; /* passes leave it out (tables/catch_up.h) */
	uint8_t port_index; /* the port of its audience; index in struct dp_ports */
	struct dp_selection *selection; /* NULL: there are no layers to select, or it is a pipe */
	uint64_t packets, bytes; /* sent, without retransmissions; bytes of RTP payload */

	/* not needed for every packet */
	sh_id id __rte_cache_aligned; /* 0: the slot is free */
	uint32_t slot;
	uint32_t rtx_roc; /* SRTP rollover counter of the RTX SSRC */
	struct dp_audience_chunk *chunk; /* of its audience, that holds it at `index` */
	struct dp_stream *stream; /* one encoding of the producer */
	struct dp_catch_up *catch_up; /* NULL: it does not catch up, and has not lately */
	struct dp_continuation *continuation; /* NULL: its SSRCs do not return */
	struct dp_consumer *next_on_transport;
	struct dp_consumer *next_by_ssrc; /* in its chain of tables/consumer_ssrcs.h */
	uint32_t flags; /* enum sh_consumer_flags */
	uint32_t rtt_us; /* last round-trip time in microseconds; 0: not known */
	uint32_t rtx_packets, nacks, plis; /* retransmissions sent; NACK, and PLI or FIR, received */
	uint32_t rtx_in_window; /* sequence numbers that NACKs named since rtx_window_ns; path/retransmit.c */
	uint64_t rtx_window_ns; /* begin of the interval of rtx_in_window */
	uint32_t reported_jitter; /* in the last receiver report, in RTP ticks */
	uint32_t acknowledged; /* the highest sequence number that a report of the viewer has named */
	uint16_t rtx_seq; /* next sequence number of the RTX SSRC */
	uint8_t index; /* in `chunk` */
	uint8_t reported_fraction; /* fraction lost in that report, in 1/256 */
	uint64_t sr_ntp_sent; /* NTP timestamp of the last sender report */
	uint64_t sr_sent_ns, next_sr_ns; /* when it was sent, and when the next is due */
	uint32_t sr_packets; /* `packets` in it, modulo 2^32 */
	/* the viewer's last RRTR (RFC 3611, 4.4), which the next SR answers by DLRR: */
	uint32_t rrtr_ssrc; /* SSRC of its sender */
	uint64_t rrtr_ns; /* its arrival; 0: none, or it was answered */
	uint32_t rrtr_lrr; /* the middle 32 bits of its NTP time */
	struct dp_loss loss; /* where its packets were lost */
	uint64_t last_bytes; /* `bytes` when bitrate_bps was computed */
	uint64_t bitrate_bps; /* mean since the visit before, about one second */
	struct dp_keyframe_budget keyframes; /* limits its requests for key frames */
};

/* Whether another node reads its stream as it is in the ring. */
static inline bool dp_consumer_is_pipe(const struct dp_consumer *c)
{
	return c->flags & SH_CONSUMER_PIPE;
}

/* What the fan-out has done for it, as its ledger needs it. */
static inline struct dp_loss_sent dp_consumer_sent(const struct dp_consumer *c)
{
	return (struct dp_loss_sent){
		.next = c->seq.next,
		.packets = c->packets,
		.late = c->seq.late,
		.resent = c->rtx_packets,
	};
}

/*
 * Operations, run on the owning worker. Return 0 or errno; EEXIST: the SSRCs do not
 * follow all those that the transport's consumers, also deleted ones, have used (shared/abi.h), and
 * are none that a deleted one has left to go on with.
 */
int dp_consumer_add(struct dp_worker *w, const struct dp_op *op);
int dp_consumer_set(struct dp_worker *w, const struct dp_op *op);
int dp_consumer_del(struct dp_worker *w, const struct dp_op *op);
/*
 * A receiver report names `highest`, the highest sequence number that the viewer has received,
 * extended to 32 bits.
 */
static inline void dp_consumer_acknowledge(struct dp_consumer *c, uint32_t highest)
{
	if ((int32_t)(highest - c->acknowledged) > 0 && (int32_t)((uint32_t)c->seq.next - highest) > 0)
		c->acknowledged = highest;
}
/*
 * Where the consumer's packets were lost so far. Adds what is new since the last call to the sums
 * in the worker's statistics.
 */
struct dp_loss_sums dp_consumer_account(struct dp_worker *w, struct dp_consumer *c);
/*
 * The viewer asks for a key frame, by RTCP, by a request to the control plane or because it has
 * resumed: requests one from the producer, unless one is on its way, or the viewer has asked too
 * often.
 */
void dp_consumer_want_keyframe(struct dp_worker *w, struct dp_consumer *c);
/*
 * Gets the key frames for which the transport's consumers wait, if media can reach the viewer: from
 * the streams' rings, or requests them. These requests do not count against a viewer's budget: they
 * come when its path opens, and once a second while it has no picture.
 */
void dp_consumers_want_keyframes(struct dp_worker *w, const struct dp_transport *t);

#endif

/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Composes and sends RTCP. Housekeeping calls it: for producers every millisecond, for viewers
 * about once a second.
 */

#include "dataplane/path/report.h"
#include "dataplane/path/capture.h"

#include <assert.h>
#include <string.h>

#include <rte_random.h>

#include "dataplane/rtp/feedback.h"
#include "dataplane/rtp/rtcp_build.h"
#include "dataplane/send/encap.h"
#include "dataplane/send/fragment.h"
#include "dataplane/send/tx.h"
#include "dataplane/tables/consumer.h"
#include "dataplane/tables/selection.h"
#include "dataplane/tables/stream.h"
#include "dataplane/tables/transport.h"
#include "dataplane/tables/unproven.h"
#include "dataplane/worker/clock.h"
#include "dataplane/worker/drop.h"
#include "dataplane/worker/worker.h"

enum {
	IP_MAX = 1200, /* bytes of an IP packet with RTCP: it fits every path of IPv6 (RFC 8200, 5) */
	IP_UDP = 40 + 8, /* IPv6 and UDP */
	NACK_BATCH = 64,
	RR_BLOCKS = 31, /* RFC 3550, 6.4.2 */
	STREAM_ROOM = 12 + 4 * NACK_BATCH + 20, /* bytes of one stream: NACK, and PLI or FIR */
	REMB_SSRCS = 8,
	REMB_ROOM = 20 + 4 * REMB_SSRCS,
	TWCC_ROOM = 600,
	SR_ROOM = 28 + 12 + SH_CNAME_MAX + 4 + 24, /* bytes of one consumer: SR, SDES and XR */
	RR_BEFORE = 8 + 12 + DP_CNAME_LEN, /* bytes of an empty RR and SDES before other packets */
	RTCP_CAP = IP_MAX - IP_UDP - DP_SRTP_RTCP_OVERHEAD - RR_BEFORE, /* bytes without these */
};
static_assert((int)RTCP_CAP >= 8 + 24 * (int)RR_BLOCKS + 12 + DP_CNAME_LEN + 20 && (int)RTCP_CAP % 4 == 0,
	"room for a report of all streams, our CNAME and reference time");

/* Time until a NACK is repeated, while the round-trip time to the producer is not known. */
#define NACK_RETRY     (50 * DP_MS)
#define NACK_RETRY_MIN (30 * DP_MS)
#define NACK_RETRY_MAX (300 * DP_MS)
#define NACK_TICK      (5 * DP_MS)
#define RR_EVERY       (1000 * DP_MS)
#define TWCC_EVERY     (100 * DP_MS)
#define REMB_EVERY     (1000 * DP_MS)
#define SR_EVERY       (1000 * DP_MS)

/*
 * Whether the packet in the buffer may be sent as it is: it begins with a report, or the receiver
 * takes reduced-size packets (RFC 5506).
 */
static bool may_be_sent(const struct dp_transport *t, const struct dp_rtcp_buf *b)
{
	if (b->data[1] == DP_RTCP_SR || b->data[1] == DP_RTCP_RR)
		return true;
	for (const struct dp_stream *s = t->streams; s; s = s->next_on_transport)
		if (!(s->flags & SH_PRODUCER_REDUCED_SIZE))
			return false;
	return true;
}

/* Writes an empty RR and our CNAME, which must precede feedback (RFC 4585, 3.1). Returns the length. */
static size_t put_empty_rr(struct dp_worker *w, const struct dp_transport *t, uint8_t *data)
{
	struct dp_rtcp_buf b = {.data = data, .cap = RR_BEFORE};

	(void)dp_rtcp_put_rr(&b, t->rtcp_ssrc, NULL, 0);
	(void)dp_rtcp_put_sdes_cname(&b, t->rtcp_ssrc, w->cname, sizeof(w->cname));
	return b.len;
}

/* Protects and sends the packet in the buffer, if there is one. */
static void send_rtcp(struct dp_worker *w, struct dp_transport *t, const struct dp_rtcp_buf *b)
{
	struct dp_capture *c = dp_capture_of(w);
	struct rte_mbuf *m;
	size_t len = 0;
	uint8_t *data;
	bool as_it_is;

	if (!b->len)
		return;
	as_it_is = may_be_sent(t, b);
	if (!dp_unproven_spend_rtcp(t,
		    (int32_t)(b->len + (as_it_is ? 0 : RR_BEFORE) + DP_SRTP_RTCP_OVERHEAD))) {
		w->stats->drop[SH_DROP_UNPROVEN]++;
		return;
	}
	m = rte_pktmbuf_alloc(w->pool);
	if (!m) {
		w->stats->drop[SH_DROP_NO_MBUF]++;
		return;
	}
	data = rte_pktmbuf_mtod(m, uint8_t *);
	if (!as_it_is)
		len = put_empty_rr(w, t, data);
	memcpy(data + len, b->data, b->len);
	len += b->len;
	if (unlikely(c))
		dp_capture_rtcp(w, c, t, data, len, false);
	if (t->out && dp_srtp_protect_rtcp(w->engine, t->out, data, &len, len + DP_SRTP_RTCP_OVERHEAD)) {
		dp_drop(w, m, SH_DROP_PROTECT);
		return;
	}
	if (unlikely(c))
		dp_capture_rtcp(w, c, t, data, len, true);
	m->data_len = (uint16_t)len;
	m->pkt_len = (uint32_t)len;
	t->tx_packets++;
	t->tx_bytes += len;
	w->stats->rtcp_out++;
	if (len + t->encap.len - t->encap.ip_offset > t->encap.path_mtu) {
		*dp_tx_note(m) = (struct dp_tx_note){.since_ns = w->now_ns};
		(void)dp_send_fragments(w, &t->encap, m);
		return;
	}
	dp_encap(w, &t->encap, m);
	dp_tx(w, t->encap.port_id, m);
}

/* Sends the packet and begins another one if a next part of `room` bytes might not fit. */
static void make_room(struct dp_worker *w, struct dp_transport *t, struct dp_rtcp_buf *b, size_t room)
{
	if (b->cap - b->len >= room)
		return;
	send_rtcp(w, t, b);
	b->len = 0;
}

/* --- to producers ---------------------------------------------------------------------- */

/*
 * One RR for all streams that are due, with our CNAME. It must be first in a compound packet
 * (RFC 3550, 6.1). With it goes our reference time, from whose answer we learn the round-trip time:
 * a producer sends no receiver reports (RFC 3611, 4.4).
 */
static void put_rr(struct dp_worker *w, struct dp_transport *t, struct dp_rtcp_buf *b)
{
	struct dp_rtcp_report block[RR_BLOCKS];
	unsigned n = 0;

	for (struct dp_stream *s = t->streams; s && n < RR_BLOCKS; s = s->next_on_transport) {
		if (!s->receive.started || w->now_ns < s->next_rr_ns)
			continue;
		s->next_rr_ns = w->now_ns + RR_EVERY;
		block[n].ssrc = s->ssrc;
		dp_receive_report(&s->receive, &block[n++], w->now_ns);
	}
	if (!n || !dp_rtcp_put_rr(b, t->rtcp_ssrc, block, n))
		return;
	w->stats->rr_out++;
	(void)dp_rtcp_put_sdes_cname(b, t->rtcp_ssrc, w->cname, sizeof(w->cname));
	(void)dp_rtcp_put_rrtr(b, t->rtcp_ssrc, dp_report_ntp(w->now_ns));
}

/* The round trip, and the tick in which the answer may just be on its way. */
static uint64_t nack_retry_ns(const struct dp_stream *s)
{
	uint64_t ns = s->rtt_us * 1000 + NACK_TICK;

	return s->rtt_us ? RTE_MAX(NACK_RETRY_MIN, RTE_MIN(ns, NACK_RETRY_MAX)) : NACK_RETRY;
}

/* Requests the stream's missing packets that are due. */
static void put_nack(struct dp_worker *w, struct dp_transport *t, struct dp_stream *s, struct dp_rtcp_buf *b)
{
	uint16_t seqs[NACK_BATCH];
	unsigned n;

	if (!(s->flags & SH_PRODUCER_NACK) || s->paused || w->now_ns < s->next_nack_ns)
		return;
	s->next_nack_ns = w->now_ns + NACK_TICK;
	n = dp_nack_due(&s->nack, w->now_ns, nack_retry_ns(s), seqs, NACK_BATCH);
	if (n && dp_rtcp_put_nack(b, t->rtcp_ssrc, s->ssrc, seqs, n)) {
		s->nacks++;
		w->stats->nack_out++;
	}
}

/*
 * Requests a key frame by PLI or FIR. Requests of any number of viewers on any worker become one
 * per media.keyframe_ms.
 */
static void put_keyframe(struct dp_worker *w, struct dp_transport *t, struct dp_stream *s,
	struct dp_rtcp_buf *b)
{
	uint64_t interval = w->config->media.keyframe_ms * DP_MS;
	bool requested, send;

	if (!s->ssrc || s->paused || s->kind != SH_KIND_VIDEO)
		return;
	requested = atomic_load_explicit(&s->keyframe_wanted, memory_order_relaxed) &&
		    atomic_exchange_explicit(&s->keyframe_wanted, 0, memory_order_relaxed);
	send = requested && dp_keyframe_request_due(&s->gate, w->now_ns, interval);
	if (!send && !dp_keyframe_due(&s->gate, w->now_ns, interval))
		return;
	if (s->flags & SH_PRODUCER_PLI)
		send = dp_rtcp_put_pli(b, t->rtcp_ssrc, s->ssrc);
	else
		send = s->flags & SH_PRODUCER_FIR && dp_rtcp_put_fir(b, t->rtcp_ssrc, s->ssrc, s->fir_seq++);
	if (send) {
		s->plis++;
		w->stats->pli_out++;
	}
}

/* For producers without transport-wide feedback: announces our configured limit as the estimate. */
static void put_remb(struct dp_worker *w, struct dp_transport *t, struct dp_rtcp_buf *b)
{
	uint32_t ssrc[REMB_SSRCS];
	unsigned n = 0;

	if (w->now_ns < t->next_remb_ns)
		return;
	t->next_remb_ns = w->now_ns + REMB_EVERY;
	for (struct dp_stream *s = t->streams; s && n < RTE_DIM(ssrc); s = s->next_on_transport)
		if (s->flags & SH_PRODUCER_REMB && !(s->flags & SH_PRODUCER_TWCC) && s->ssrc)
			ssrc[n++] = s->ssrc;
	if (n)
		make_room(w, t, b, REMB_ROOM);
	if (n && dp_rtcp_put_remb(b, t->rtcp_ssrc, w->config->media.max_bitrate_bps, ssrc, n))
		w->stats->remb_out++;
}

/* An SSRC that the producing client sends with; 0: none is known yet. */
static uint32_t known_ssrc(const struct dp_transport *t)
{
	for (const struct dp_stream *s = t->streams; s; s = s->next_on_transport)
		if (s->ssrc)
			return s->ssrc;
	return 0;
}

/*
 * Transport-wide feedback on the packets received since the last one. libwebrtc ignores feedback
 * whose media SSRC is not one of its own, which the first stream may not have: an encoding that was
 * signalled by its RID and has not begun.
 */
static void put_twcc(struct dp_worker *w, struct dp_transport *t, struct dp_rtcp_buf *b)
{
	uint32_t media = known_ssrc(t);

	if (!t->twcc || w->now_ns < t->next_twcc_ns)
		return;
	t->next_twcc_ns = w->now_ns + TWCC_EVERY;
	make_room(w, t, b, TWCC_ROOM);
	while (dp_twcc_pending(t->twcc) && dp_twcc_feedback(t->twcc, b, t->rtcp_ssrc, media))
		w->stats->twcc_out++;
}

void dp_report_producers(struct dp_worker *w, struct dp_transport *t)
{
	uint8_t data[RTCP_CAP];
	struct dp_rtcp_buf b = {.data = data, .cap = sizeof(data)};

	dp_encodings_update(t, w->now_ns);
	if (!t->can_send)
		return;
	put_rr(w, t, &b);
	for (struct dp_stream *s = t->streams; s; s = s->next_on_transport) {
		if (dp_source_clock_settle(&s->clock, w->now_ns))
			dp_stream_publish_clock(s);
		make_room(w, t, &b, STREAM_ROOM);
		put_nack(w, t, s, &b);
		put_keyframe(w, t, s, &b);
	}
	put_remb(w, t, &b);
	put_twcc(w, t, &b);
	send_rtcp(w, t, &b);
}

/* --- to viewers ------------------------------------------------------------------------ */

/* Answers the viewer's reference time, so that it learns its round-trip time (RFC 3611, 4.5). */
static void put_dlrr(struct dp_worker *w, struct dp_consumer *c, struct dp_rtcp_buf *b)
{
	struct dp_rtcp_dlrr d = {.ssrc = c->rrtr_ssrc, .lrr = c->rrtr_lrr};

	if (!c->rrtr_ns)
		return;
	d.dlrr = (uint32_t)dp_ns_to_ticks(w->now_ns - c->rrtr_ns, 65536);
	if (dp_rtcp_put_dlrr(b, c->egress.ssrc, &d))
		c->rrtr_ns = 0;
}

/*
 * SR with the producer's clock, extrapolated to now, and SDES with its CNAME, if they are due. Who
 * has sent no RTP since the report before sends none (RFC 3550, 6.4): while the producer is silent
 * its RTP clock may stand still. At an unproven address, where no RTP may go, it is a probe.
 */
static void put_sr(struct dp_worker *w, struct dp_consumer *c, struct dp_rtcp_buf *b)
{
	const struct dp_stream *s = c->stream;
	struct dp_rtcp_sender_info info = {.packets = (uint32_t)c->packets, .octets = (uint32_t)c->bytes};
	struct dp_sr_clock clock;

	/* Between two encodings it is not known yet how the new one's timestamps are shifted. */
	if (c->selection && c->waiting_keyframe)
		return;
	if (c->paused || !c->packets || ((uint32_t)c->packets == c->sr_packets && !c->transport->limited) ||
		w->now_ns < c->next_sr_ns || !dp_stream_clock(s, &clock) ||
		!dp_sr_at(&clock, w->now_ns, &info.ntp, &info.rtp_timestamp))
		return;
	/*
	 * To an unproven address the report is about a random instant of the last second, so that
	 * only who receives it can repeat the middle of its NTP time (LSR, RFC 3550, 6.4.1).
	 */
	if (c->transport->limited) {
		dp_sr_back(&clock, (uint16_t)rte_rand(), &info.ntp, &info.rtp_timestamp);
		c->transport->guesses = 0;
	}
	info.rtp_timestamp += c->selection ? dp_selection_timestamp(c) : c->timestamp_offset;
	if (!dp_rtcp_put_sr(b, c->egress.ssrc, &info) ||
		!dp_rtcp_put_sdes_cname(b, c->egress.ssrc, s->cname, s->cname_len))
		return;
	put_dlrr(w, c, b);
	/* Half the interval: the next visit, in about a second, may be a little early. */
	c->next_sr_ns = w->now_ns + SR_EVERY / 2;
	c->sr_ntp_sent = info.ntp;
	c->sr_sent_ns = w->now_ns;
	c->sr_packets = (uint32_t)c->packets;
	w->stats->sr_out++;
}

void dp_report_consumers(struct dp_worker *w, struct dp_transport *t)
{
	struct dp_consumer *c = t->consumers;

	while (c && t->can_send) {
		uint8_t data[RTCP_CAP];
		struct dp_rtcp_buf b = {.data = data, .cap = sizeof(data)};

		for (; c && b.len < sizeof(data) - SR_ROOM; c = c->next_on_transport)
			put_sr(w, c, &b);
		send_rtcp(w, t, &b);
	}
}

/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Processes RTCP: sender reports of producers, and receiver reports, NACKs, key frame requests and
 * REMB of viewers. Retransmissions leave from here, through path/outgoing.h.
 */

#include "dataplane/path/rtcp.h"

#include "dataplane/path/outgoing.h"
#include "dataplane/path/report.h"
#include "dataplane/path/retransmit.h"
#include "dataplane/rtp/rtcp.h"
#include "dataplane/tables/adaptation.h"
#include "dataplane/tables/consumer.h"
#include "dataplane/tables/consumer_ssrcs.h"
#include "dataplane/tables/stream.h"
#include "dataplane/tables/stream_ssrcs.h"
#include "dataplane/tables/transport.h"
#include "dataplane/tables/transport_state.h"
#include "dataplane/tables/unproven.h"
#include "dataplane/worker/worker.h"

enum { RTT_MAX = 10 * 65536 }; /* longer round trips, in 1/65536 s, are wrong answers */

/*
 * The most SSRCs of a datagram that may be unknown; what follows them is ignored. A receiver report
 * has up to 31 blocks, and all of them may be about consumers that have just been closed.
 */
enum { UNKNOWN_MAX = 31 };

/* Whether so many SSRCs were unknown that the rest of the datagram is ignored. */
static bool too_many_unknown(const struct dp_datagram *d)
{
	return d->unknown > UNKNOWN_MAX;
}

static struct dp_consumer *consumer_of(struct dp_datagram *d, uint32_t ssrc)
{
	struct dp_consumer *c = dp_consumer_ssrcs_find(d->w, d->t, ssrc);

	d->unknown += !c;
	return c;
}

static void sender_report(struct dp_datagram *d, const struct dp_rtcp *r)
{
	struct dp_rtcp_sender_info info;
	struct dp_stream *s = dp_stream_of_ssrc(d->t, r->ssrc);

	if (s && s->ssrc != r->ssrc) /* the clock is that of the media */
		s = NULL;
	d->unknown += !s;
	if (!s || !dp_rtcp_sender_info(r, &info))
		return;
	dp_receive_sr(&s->receive, &info, d->w->now_ns);
	dp_source_clock_report(&s->clock, info.ntp, info.rtp_timestamp, d->w->now_ns);
	dp_stream_publish_clock(s);
}

/*
 * Round-trip time: now - LSR - DLSR (RFC 3550, 6.4.1); DLSR is in units of 1/65536 s. The time at
 * which our SR left stands for LSR, so only blocks that name our last SR are used. From
 * the selected address it shows that the SR was received there.
 */
static void round_trip(struct dp_datagram *d, struct dp_consumer *c, const struct dp_rtcp_report *b)
{
	uint64_t elapsed, delay = (uint64_t)b->dlsr * 1000000000 / 65536;

	if (!b->lsr || b->lsr != (uint32_t)(c->sr_ntp_sent >> 16)) {
		c->transport->guesses += b->lsr && c->transport->guesses < DP_UNPROVEN_GUESSES;
		return;
	}
	if (d->t->limited && d->selected && c->transport->guesses < DP_UNPROVEN_GUESSES)
		dp_unproven_echoed(d->w, c->transport);
	elapsed = d->w->now_ns - c->sr_sent_ns;
	if (elapsed >= delay)
		c->rtt_us = (uint32_t)RTE_MIN((elapsed - delay) / 1000, UINT32_MAX);
}

/* The viewer's ledger: what was lost behind us. */
static void ledger(struct dp_consumer *c, const struct dp_rtcp_report *b)
{
	const struct dp_loss_sent sent = dp_consumer_sent(c);

	dp_loss_report(&c->loss, &sent, b->highest_seq, b->total_lost);
}

/*
 * A report about RTX tells which retransmissions arrived. The control plane gives a consumer's RTX
 * the SSRC behind its media's (shared/abi.h). False: it is about no RTX of ours.
 */
static bool rtx_report(struct dp_datagram *d, const struct dp_rtcp_report *b)
{
	struct dp_consumer *c = dp_consumer_ssrcs_find(d->w, d->t, b->ssrc - 1);
	struct dp_loss_sent sent;

	if (!c || c->egress.rtx_ssrc != b->ssrc)
		return false;
	sent = dp_consumer_sent(c);
	dp_loss_rtx_report(&c->loss, &sent, b->highest_seq, b->total_lost,
		(c->rtx_roc << 16 | c->rtx_seq) - c->loss.rtx_first);
	return true;
}

static void receiver_report(struct dp_datagram *d, const struct dp_rtcp *r)
{
	struct dp_rtcp_report block;

	for (unsigned i = 0; !too_many_unknown(d) && dp_rtcp_report(r, i, &block); i++) {
		struct dp_consumer *c = dp_consumer_ssrcs_find(d->w, d->t, block.ssrc);

		if (!c) {
			d->unknown += !rtx_report(d, &block);
			continue;
		}
		if (c->selection)
			dp_adaptation_report(d->w, c, &block);
		ledger(c, &block);
		dp_consumer_acknowledge(c, block.highest_seq);
		c->reported_fraction = block.fraction_lost;
		c->reported_jitter = block.jitter;
		round_trip(d, c, &block);
		dp_transport_reported(d->w, d->t);
		d->reported = c;
	}
}

/*
 * The round-trip time to a producer, who answers our RRTR: now - LRR - DLRR (RFC 3611, 4.5), modulo
 * 2^32 in units of 1/65536 s.
 */
static void last_receiver_report(struct dp_datagram *d, const struct dp_rtcp *r)
{
	struct dp_rtcp_dlrr entry;

	for (unsigned i = 0; !too_many_unknown(d) && dp_rtcp_dlrr(r, i, &entry); i++) {
		uint32_t now = (uint32_t)(dp_report_ntp(d->w->now_ns) >> 16);
		uint32_t rtt = now - entry.lrr - entry.dlrr;

		d->unknown += entry.ssrc != d->t->rtcp_ssrc;
		if (entry.ssrc != d->t->rtcp_ssrc || !entry.lrr || rtt > RTT_MAX)
			continue;
		for (struct dp_stream *s = d->t->streams; s; s = s->next_on_transport)
			s->rtt_us = RTE_MAX(1u, (uint64_t)rtt * 1000000 / 65536);
	}
}

/*
 * Remembers the reference time of a viewer for the next SR of the consumer that the receiver report
 * in the same datagram was about.
 */
static void extended_report(struct dp_datagram *d, const struct dp_rtcp *r)
{
	struct dp_consumer *c = d->reported;
	uint64_t ntp;

	last_receiver_report(d, r);
	if (!c || !dp_rtcp_rrtr(r, &ntp))
		return;
	c->rrtr_ssrc = r->ssrc;
	c->rrtr_lrr = (uint32_t)(ntp >> 16);
	c->rrtr_ns = d->w->now_ns;
}

static void nack(struct dp_datagram *d, const struct dp_rtcp *r)
{
	struct dp_worker *w = d->w;
	struct dp_outgoing o;
	struct dp_consumer *c;
	uint16_t pid, blp;
	uint32_t ssrc;
	bool more = true;

	if (!dp_rtcp_fb_media(r, &ssrc))
		return;
	c = consumer_of(d, ssrc);
	if (!c || !(c->flags & SH_CONSUMER_NACK))
		return;
	w->stats->nack_in++;
	c->nacks++;
	o.count = o.spares = 0;
	for (unsigned i = 0; more && dp_rtcp_nack(r, i, &pid, &blp); i++) {
		more = dp_retransmit(w, c, pid, &o);
		for (unsigned bit = 0; more && bit < 16; bit++)
			if (blp >> bit & 1)
				more = dp_retransmit(w, c, (uint16_t)(pid + 1 + bit), &o);
	}
	dp_outgoing_end(w, &o);
}

static void want_keyframe(struct dp_datagram *d, uint32_t ssrc)
{
	struct dp_consumer *c = consumer_of(d, ssrc);

	if (!c || c->paused || c->stream->kind != SH_KIND_VIDEO)
		return;
	c->plis++;
	dp_consumer_want_keyframe(d->w, c);
}

static void payload_feedback(struct dp_datagram *d, const struct dp_rtcp *r)
{
	uint32_t ssrc;
	uint64_t bps;
	uint8_t seq;

	switch (r->count) {
	case DP_PSFB_PLI:
		d->w->stats->pli_in++;
		if (dp_rtcp_fb_media(r, &ssrc))
			want_keyframe(d, ssrc);
		break;
	case DP_PSFB_FIR:
		d->w->stats->fir_in++;
		for (unsigned i = 0; !too_many_unknown(d) && dp_rtcp_fir(r, i, &ssrc, &seq); i++)
			want_keyframe(d, ssrc);
		break;
	case DP_PSFB_AFB:
		if (dp_rtcp_remb(r, &bps))
			dp_adaptation_remb(d->w, d->t, bps);
		break;
	}
}

static void process(struct dp_datagram *d, const struct dp_rtcp *r)
{
	switch (r->pt) {
	case DP_RTCP_SR:
		sender_report(d, r);
		receiver_report(d, r);
		break;
	case DP_RTCP_RR:
		receiver_report(d, r);
		break;
	case DP_RTCP_RTPFB:
		if (r->count == DP_RTPFB_NACK)
			nack(d, r);
		break;
	case DP_RTCP_PSFB:
		payload_feedback(d, r);
		break;
	case DP_RTCP_XR:
		extended_report(d, r);
		break;
	}
}

bool dp_datagram_names_consumer(struct dp_datagram *d)
{
	struct dp_rtcp_report block;
	struct dp_rtcp r;
	size_t pos = 0;
	uint32_t ssrc;

	while (!too_many_unknown(d) && dp_rtcp_next(d->data, d->len, &pos, &r)) {
		for (unsigned i = 0; !too_many_unknown(d) && dp_rtcp_report(&r, i, &block); i++)
			if (consumer_of(d, block.ssrc))
				return true;
		if ((r.pt == DP_RTCP_RTPFB || r.pt == DP_RTCP_PSFB) && dp_rtcp_fb_media(&r, &ssrc) &&
			consumer_of(d, ssrc))
			return true;
	}
	return false;
}

void dp_datagram_process(struct dp_datagram *d)
{
	struct dp_rtcp r;
	size_t pos = 0;

	while (!too_many_unknown(d) && dp_rtcp_next(d->data, d->len, &pos, &r))
		process(d, &r);
	if (d->t->consumers)
		dp_adaptation_reported(d->w, d->t);
	d->w->stats->rtcp_cut += too_many_unknown(d);
}

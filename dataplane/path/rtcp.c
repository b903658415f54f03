/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Authenticates and decrypts RTCP, and processes it: sender reports of producers, and receiver
 * reports, NACKs, key frame requests and REMB of viewers. The packets end here; retransmissions
 * leave from here, through path/outgoing.h.
 */

#include <errno.h>
#include <stddef.h>

#include <rte_prefetch.h>

#include "dataplane/path/outgoing.h"
#include "dataplane/path/punt.h"
#include "dataplane/path/report.h"
#include "dataplane/path/retransmit.h"
#include "dataplane/path/stages.h"
#include "dataplane/tables/adaptation.h"
#include "dataplane/tables/consumer.h"
#include "dataplane/tables/consumer_ssrcs.h"
#include "dataplane/tables/forgery.h"
#include "dataplane/tables/selection.h"
#include "dataplane/tables/stream.h"
#include "dataplane/tables/transport.h"
#include "dataplane/tables/transport_state.h"
#include "dataplane/tables/unproven.h"
#include "dataplane/worker/budget.h"
#include "dataplane/worker/drop.h"
#include "dataplane/worker/packet.h"
#include "dataplane/worker/worker.h"

enum { RTT_MAX = 10 * 65536 }; /* longer round trips, in 1/65536 s, are wrong answers */

/* The reason to drop a packet that dp_srtp_unprotect_rtcp() rejected with this errno. */
static enum sh_drop drop_reason(int error)
{
	switch (error) {
	case EBADMSG:
		return SH_DROP_SRTCP_AUTH;
	case EALREADY:
		return SH_DROP_SRTCP_REPLAY;
	case ENOSPC:
		return SH_DROP_SRTP_SSRC_LIMIT;
	default:
		return SH_DROP_RTCP_MALFORMED;
	}
}

/*
 * The most SSRCs of a datagram that may be unknown; what follows them is ignored. A receiver report
 * has up to 31 blocks, and all of them may be about consumers that have just been closed.
 */
enum { UNKNOWN_MAX = 31 };

/* A datagram that is being processed. */
struct datagram {
	struct dp_worker *w;
	struct dp_transport *t;
	unsigned unknown; /* SSRCs so far that are no consumer's and no producer's media */
	bool selected; /* it came from the selected address */
	struct dp_consumer *reported; /* the last one that a report block was about; NULL: none yet */
};

/* Whether so many SSRCs were unknown that the rest of the datagram is ignored. */
static bool too_many_unknown(const struct datagram *d)
{
	return d->unknown > UNKNOWN_MAX;
}

static struct dp_consumer *consumer_of(struct datagram *d, uint32_t ssrc)
{
	struct dp_consumer *c = dp_consumer_ssrcs_find(d->w, d->t, ssrc);

	d->unknown += !c;
	return c;
}

static void sender_report(struct datagram *d, const struct dp_rtcp *r)
{
	struct dp_rtcp_sender_info info;
	struct dp_stream *s = d->t->streams;

	while (s && s->ssrc != r->ssrc)
		s = s->next_on_transport;
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
static void round_trip(struct datagram *d, struct dp_consumer *c, const struct dp_rtcp_report *b)
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
static bool rtx_report(struct datagram *d, const struct dp_rtcp_report *b)
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

static void receiver_report(struct datagram *d, const struct dp_rtcp *r)
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
static void last_receiver_report(struct datagram *d, const struct dp_rtcp *r)
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
static void extended_report(struct datagram *d, const struct dp_rtcp *r)
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

static void nack(struct datagram *d, const struct dp_rtcp *r)
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

static void want_keyframe(struct datagram *d, uint32_t ssrc)
{
	struct dp_consumer *c = consumer_of(d, ssrc);

	if (!c || c->paused || c->stream->kind != SH_KIND_VIDEO)
		return;
	c->plis++;
	dp_consumer_want_keyframe(d->w, c);
}

static void payload_feedback(struct datagram *d, const struct dp_rtcp *r)
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

static void process(struct datagram *d, const struct dp_rtcp *r)
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

/*
 * Whether any report block or feedback names an SSRC that we send on this transport. For a plain
 * transport without SRTP this is the only evidence that an unknown source address is our receiver.
 */
static bool names_consumer(struct datagram *d, const uint8_t *data, size_t len)
{
	struct dp_rtcp_report block;
	struct dp_rtcp r;
	size_t pos = 0;
	uint32_t ssrc;

	while (!too_many_unknown(d) && dp_rtcp_next(data, len, &pos, &r)) {
		for (unsigned i = 0; !too_many_unknown(d) && dp_rtcp_report(&r, i, &block); i++)
			if (consumer_of(d, block.ssrc))
				return true;
		if ((r.pt == DP_RTCP_RTPFB || r.pt == DP_RTCP_PSFB) && dp_rtcp_fb_media(&r, &ssrc) &&
			consumer_of(d, ssrc))
			return true;
	}
	return false;
}

/*
 * Authenticates and decrypts the datagram in place, or validates it on a transport without SRTP;
 * `len` becomes the decrypted length. SH_DROP_COUNT: accepted. Otherwise the reason to drop it.
 */
static enum sh_drop unprotect(struct datagram *d, const struct dp_meta *meta, uint8_t *data, size_t *len)
{
	struct dp_worker *w = d->w;
	struct dp_transport *t = d->t;
	int error;

	if (dp_transport_unprotected(t)) {
		if (!dp_rtcp_valid(data, *len))
			return SH_DROP_RTCP_MALFORMED;
		if (meta->tuple == DP_TUPLE_STRANGER && !names_consumer(d, data, *len))
			return SH_DROP_UNKNOWN_TUPLE;
		dp_transport_accepted(w, t, meta, false);
		return SH_DROP_COUNT;
	}
	if (!t->in)
		return SH_DROP_NO_KEYS;
	if (dp_suspected(w, t) &&
		!dp_worth_authenticating(w, dp_srtp_resembles(w->engine, t->in, data, *len, true)))
		return SH_DROP_FORGED_RATE;
	error = dp_srtp_unprotect_rtcp(w->engine, t->in, data, len);
	if (error == EBADMSG && !dp_is_from_elsewhere(meta))
		dp_not_authentic(w, t);
	if (error)
		return drop_reason(error);
	dp_transport_accepted(w, t, meta, false);
	return dp_rtcp_valid(data, *len) ? SH_DROP_COUNT : SH_DROP_RTCP_MALFORMED;
}

static void process_datagram(struct dp_worker *w, struct rte_mbuf *m)
{
	struct dp_meta *meta = dp_meta(m);
	struct datagram d = {.w = w, .t = meta->transport};
	uint8_t *data = rte_pktmbuf_mtod_offset(m, uint8_t *, meta->payload_offset);
	size_t len = meta->payload_len, pos = 0;
	enum sh_drop reason = unprotect(&d, meta, data, &len);
	struct dp_rtcp r;

	if (reason == SH_DROP_COUNT && meta->tuple == DP_TUPLE_MOVED)
		dp_punt_moved(w, m);
	d.selected = meta->tuple == d.t->selected;
	/* Not before it is authenticated: nobody else can use up the budget of a peer. */
	if (reason == SH_DROP_COUNT && !dp_budget_take(&d.t->rtcp_budget_ns, w->now_ns, w->rtcp_cost_ns))
		reason = SH_DROP_RTCP_RATE;
	if (reason != SH_DROP_COUNT) {
		dp_drop(w, m, reason);
		return;
	}
	while (!too_many_unknown(&d) && dp_rtcp_next(data, len, &pos, &r))
		process(&d, &r);
	if (d.t->consumers)
		dp_adaptation_decide(w, d.t);
	w->stats->rtcp_cut += too_many_unknown(&d);
	rte_pktmbuf_free(m);
}

/* --- prefetching ---------------------------------------------------------------------------- */

static void prefetch(const void *from, size_t bytes)
{
	for (size_t at = 0; at < bytes; at += RTE_CACHE_LINE_SIZE)
		rte_prefetch0((const char *)from + at);
}

/* What is needed of the transport itself; its first lines were prefetched by dp_classify(). */
static void prefetch_transport(const struct dp_transport *t, uint8_t tuple)
{
	size_t from = offsetof(struct dp_transport, id) + 2 * RTE_CACHE_LINE_SIZE;

	prefetch((const char *)t + from, offsetof(struct dp_transport, next_twcc_ns) - from);
	if (tuple < SH_MAX_TUPLES)
		rte_prefetch0(&t->tuple[tuple].seen_ns);
}

/* What is behind the transport's pointers: its keys, its first consumer, and what adapts it. */
static void prefetch_viewer(const struct dp_worker *w, const struct dp_transport *t)
{
	dp_srtp_prefetch_rtcp(w->engine, t->in);
	if (!t->consumers)
		return;
	prefetch(t->consumers, sizeof(*t->consumers));
	rte_prefetch0(dp_adaptation_of(w, t));
}

static void prefetch_selection(const struct dp_transport *t)
{
	if (t->consumers && t->consumers->selection)
		prefetch(t->consumers->selection, sizeof(struct dp_selection));
}

/*
 * The viewers who report at a time have nothing in common, so nothing that they need is in a cache
 * near the core. Each step follows pointers that the step before it has fetched for another packet
 * meanwhile.
 */
void dp_rtcp_in(struct dp_worker *w, struct rte_mbuf **pkts, unsigned n)
{
	enum { TRANSPORT_AHEAD = 3, VIEWER_AHEAD = 2, SELECTION_AHEAD = 1 };

	for (unsigned i = 0; n && i < n + TRANSPORT_AHEAD; i++) {
		unsigned viewer = i - (TRANSPORT_AHEAD - VIEWER_AHEAD);
		unsigned selection = i - (TRANSPORT_AHEAD - SELECTION_AHEAD);

		if (i < n)
			prefetch_transport(dp_meta(pkts[i])->transport, dp_meta(pkts[i])->tuple);
		if (viewer < n)
			prefetch_viewer(w, dp_meta(pkts[viewer])->transport);
		if (selection < n)
			prefetch_selection(dp_meta(pkts[selection])->transport);
		if (i >= TRANSPORT_AHEAD)
			process_datagram(w, pkts[i - TRANSPORT_AHEAD]);
	}
}

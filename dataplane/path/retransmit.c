/* SPDX-License-Identifier: Apache-2.0 */

/* Looks a viewer's lost packets up in the stream's ring and retransmits them through a batch. */

#include "dataplane/path/retransmit.h"

#include <errno.h>
#include <string.h>

#include "dataplane/path/descriptor.h"
#include "dataplane/path/layered.h"
#include "dataplane/path/outgoing.h"
#include "dataplane/path/rewrite.h"
#include "dataplane/send/tx.h"
#include "dataplane/tables/audience.h"
#include "dataplane/tables/catch_up.h"
#include "dataplane/tables/consumer.h"
#include "dataplane/tables/resent.h"
#include "dataplane/tables/scheduler.h"
#include "dataplane/tables/selection.h"
#include "dataplane/tables/stream.h"
#include "dataplane/tables/stream_ring.h"
#include "dataplane/tables/transport.h"
#include "dataplane/worker/clock.h"
#include "dataplane/worker/worker.h"

/*
 * One viewer may request RTX_PER_WINDOW packets per RTX_WINDOW (in nanoseconds): far more than any
 * path can use, and far less than what harms other viewers. A backlog older than 1/AGE_PARTS of the
 * age limit is old.
 */
enum { RTX_PER_WINDOW = 500, AGE_PARTS = 4 };
#define RTX_WINDOW (100 * DP_MS)

/*
 * A packet is retransmitted to a viewer once per round trip, however often NACKs name it: the one
 * before may still be on its way. Viewers that send no media do not know their round-trip time
 * unless they get DLRR, and repeat NACKs sooner. RTT_UNKNOWN is what browsers assume.
 */
#define RTT_MIN     (20 * DP_MS)
#define RTT_UNKNOWN (100 * DP_MS)
#define RTT_MAX     (1000 * DP_MS)

/* Counts a request. False: the viewer has used up its limit. */
static bool within_limit(struct dp_worker *w, struct dp_consumer *c)
{
	if (w->now_ns - c->rtx_window_ns > RTX_WINDOW) {
		c->rtx_window_ns = w->now_ns;
		c->rtx_in_window = 0;
	}
	return c->rtx_in_window++ < RTX_PER_WINDOW;
}

/* A packet that was sent before. */
struct sent {
	const struct dp_ring_entry *entry;
	uint64_t position; /* of `entry` in the ring */
	uint32_t timestamp; /* the viewer's */
	bool layered; /* the rest is used */
	struct dp_layered_packet l;
};

/* Finds what `c` was sent under its sequence number `seq`. False: it is gone, or was never sent. */
static bool find_sent(struct dp_worker *w, const struct dp_consumer *c, uint16_t seq, struct sent *out)
{
	const struct dp_stream *s = c->stream;
	uint64_t in;

	out->layered = c->selection != NULL;
	if (out->layered) {
		if (!dp_layered_find(w, c, seq, &out->l))
			return false;
		out->entry = &out->l.stream->ring[out->l.position & out->l.stream->mask];
		out->timestamp = dp_layered_timestamp(c, out->l.epoch, out->entry->info.timestamp);
		return true;
	}
	if (!dp_catch_up_sent(c, seq, &in))
		return false;
	out->position =
		dp_stream_find(s, in, dp_audience_low(dp_audience_of(w, s->slot, c->port_index)), c->at);
	out->entry = &s->ring[out->position & s->mask];
	out->timestamp = dp_catch_up_timestamp(c, in, out->entry->info.timestamp) + c->timestamp_offset;
	return out->position != DP_CURSOR_NONE;
}

/* Corrects what layers change in the header. Returns its length; 0: it cannot be repeated. */
static size_t layered_header(const struct sent *p, const struct dp_consumer *c, uint8_t *header,
	size_t hdr_len)
{
	if (!p->layered)
		return c->stream->layering ? dp_copy_descriptor(c->stream, p->position, c, header, hdr_len)
					   : hdr_len;
	return dp_layered_header(p->l.stream, p->l.position, c, p->l.epoch, &p->l.number, header, hdr_len);
}

/* Writes the packet's payload behind a header. Returns its length. */
static uint16_t put_payload(const struct sent *p, uint8_t *dst)
{
	if (p->layered)
		return dp_layered_payload(&p->l, dst);
	memcpy(dst, p->entry->payload, p->entry->info.payload_len);
	return p->entry->info.payload_len;
}

/*
 * Adds the packet as RTX, with the SSRC and sequence numbers of the RTX stream; the original
 * sequence number precedes the payload (RFC 4588, 4). Returns 0; EMSGSIZE: it is
 * too long for the path; ENOENT: its dependency descriptor is no longer known.
 */
static int add_rtx(struct dp_consumer *c, const struct sent *p, uint16_t seq, struct rte_mbuf *m,
	struct dp_outgoing *o)
{
	uint8_t *dst = rte_pktmbuf_mtod(m, uint8_t *);
	size_t hdr_len = dp_egress_rtx_header(dst, &c->egress, &p->entry->info, c->rtx_seq, p->timestamp,
		p->entry->abs_send_time);
	uint16_t len;

	hdr_len = layered_header(p, c, dst, hdr_len);
	if (!hdr_len)
		return ENOENT;
	if (!dp_fits_path(c->transport, hdr_len + 2 + p->entry->info.payload_len + p->layered))
		return EMSGSIZE;
	dst[hdr_len] = (uint8_t)(seq >> 8);
	dst[hdr_len + 1] = (uint8_t)seq;
	len = put_payload(p, dst + hdr_len + 2);
	dp_outgoing_add(o, c->transport, m, (uint16_t)hdr_len, dst + hdr_len, (uint16_t)(len + 2),
		c->rtx_roc);
	if (++c->rtx_seq == 0)
		c->rtx_roc++;
	return 0;
}

/*
 * Adds the packet byte for byte as it was sent before: another content under the same sequence
 * number would reuse the nonce, which breaks the cipher. Returns 0; EMSGSIZE: it is
 * too long for the path; ENOENT: its dependency descriptor is no longer known.
 */
static int add_original(struct dp_consumer *c, const struct sent *p, uint16_t seq, struct rte_mbuf *m,
	struct dp_outgoing *o)
{
	uint8_t *dst = rte_pktmbuf_mtod(m, uint8_t *);
	uint64_t ours = dp_seq_extend(c->seq.next, seq);
	size_t hdr_len = dp_egress_header(dst, &c->egress, &p->entry->info, seq, p->timestamp,
		p->entry->abs_send_time);
	uint16_t len;

	hdr_len = layered_header(p, c, dst, hdr_len);
	if (!hdr_len)
		return ENOENT;
	if (!dp_fits_path(c->transport, hdr_len + p->entry->info.payload_len + p->layered))
		return EMSGSIZE;
	len = put_payload(p, dst + hdr_len);
	dp_outgoing_add(o, c->transport, m, (uint16_t)hdr_len, dst + hdr_len, len, (uint32_t)(ours >> 16));
	return 0;
}

/* Whether the audience that has the next pass has a packet that has waited long for the device. */
static bool backlog_is_old(const struct dp_worker *w, const struct dp_schedule *t)
{
	const struct dp_audience *a;
	const struct dp_stream *s;

	if (!dp_schedule_has_work(t))
		return false;
	a = t->count ? t->current[0] : t->next[0];
	s = a->stream;
	return a->served != atomic_load_explicit(&s->head, memory_order_acquire) &&
	       dp_older_than(w, s->ring[a->served & s->mask].rx_ns, w->tx_age_ns / AGE_PARTS);
}

/*
 * How many packets may be retransmitted now. If live packets have waited long, they go first: each
 * retransmission would displace a live packet, which would then be requested as well. A short
 * backlog, while the device sends a burst, does not stop retransmissions.
 */
static unsigned tx_room(const struct dp_worker *w, const struct dp_consumer *c)
{
	if (backlog_is_old(w, &w->audio[c->port_index]) || backlog_is_old(w, &w->video[c->port_index]))
		return 0;
	return dp_tx_room(w, c->transport->encap.port_id);
}

static uint64_t round_trip_ns(const struct dp_consumer *c)
{
	uint64_t ns = c->rtt_us * UINT64_C(1000);

	return ns ? RTE_MAX(RTT_MIN, RTE_MIN(ns, RTT_MAX)) : RTT_UNKNOWN;
}

static void retransmit(struct dp_worker *w, struct dp_consumer *c, const struct sent *p, uint16_t seq,
	struct dp_outgoing *o)
{
	struct dp_resent *before = dp_resent_entry(w->resent, c->slot, seq);
	struct rte_mbuf *m;
	int error;

	if (dp_resent_recently(before, c->slot, c->id, seq, w->now_ns, round_trip_ns(c))) {
		w->stats->drop[SH_DROP_RTX_REPEATED]++;
		return;
	}
	if (o->count == DP_JOBS || o->count >= tx_room(w, c)) {
		dp_outgoing_flush(w, o);
		if (!tx_room(w, c)) {
			w->stats->drop[SH_DROP_RTX_ROOM]++;
			return;
		}
	}
	m = dp_outgoing_mbuf(w, o);
	if (!m) {
		w->stats->drop[SH_DROP_NO_MBUF]++;
		return;
	}
	error = c->egress.rtx_ssrc ? add_rtx(c, p, seq, m, o) : add_original(c, p, seq, m, o);
	if (error) {
		o->spare[o->spares++] = m;
		w->stats->drop[error == ENOENT ? SH_DROP_DESCRIPTOR : SH_DROP_TOO_LONG]++;
		return;
	}
	*dp_tx_note(m) = (struct dp_tx_note){.since_ns = w->now_ns};
	*before = (struct dp_resent){
		.at_ns = w->now_ns, .consumer = c->slot, .id = (uint16_t)c->id, .seq = seq};
	c->rtx_packets++;
	w->stats->rtx_out++;
}

bool dp_retransmit(struct dp_worker *w, struct dp_consumer *c, uint16_t seq, struct dp_outgoing *o)
{
	struct sent p;

	/* Every request counts: packets that are no longer in the ring cost a lookup too. */
	if (!within_limit(w, c)) {
		w->stats->drop[SH_DROP_RTX_RATE]++;
		return false;
	}
	if (c->paused || !c->transport->can_send || c->transport->limited)
		return true;
	if (!find_sent(w, c, seq, &p))
		w->stats->rtx_missed++;
	else if (p.layered && dp_selection_abandoned(w, c, p.l.stream))
		w->stats->drop[SH_DROP_RTX_ABANDONED]++;
	else
		retransmit(w, c, &p, seq, o);
	return true;
}

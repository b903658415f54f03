/* SPDX-License-Identifier: Apache-2.0 */
#include "dataplane/path/layered.h"

#include <string.h>

#include <rte_branch_prediction.h>

#include "dataplane/layers/align.h"
#include "dataplane/path/descriptor.h"
#include "dataplane/path/prepared.h"
#include "dataplane/send/tx.h"
#include "dataplane/tables/audience.h"
#include "dataplane/tables/capture.h"
#include "dataplane/tables/consumer.h"
#include "dataplane/tables/continuation.h"
#include "dataplane/tables/layering.h"
#include "dataplane/tables/selection.h"
#include "dataplane/tables/stream.h"
#include "dataplane/tables/stream_ring.h"
#include "dataplane/tables/transport.h"
#include "dataplane/tables/transport_state.h"
#include "dataplane/tables/unproven.h"
#include "dataplane/worker/clock.h"
#include "dataplane/worker/worker.h"

enum {
	/*
	 * At a change of encodings the timestamp advances by at least 1/STEPS_PER_S s, even if the
	 * key frame shows the same instant as the frame before it. The step is an error of the
	 * timestamp, and the errors of successive changes add up: so it is small.
	 */
	STEPS_PER_S = 9000,
	MARKER = 0x80, /* in the second byte of the header */
	PADDED = 0x20, /* in the first */
};

/* The payload of a packet that carries nothing: one byte of padding, which counts itself. */
static const uint8_t padding[] = {1};

/* --- epochs --------------------------------------------------------------------------------- */

static uint32_t now_ms(const struct dp_worker *w)
{
	return (uint32_t)(w->now_ns / DP_MS);
}

static bool room(const struct dp_worker *w, const struct dp_selection *sel)
{
	return dp_epochs_room(&sel->epochs, now_ms(w), (uint32_t)(w->retention_ns / DP_MS));
}

/* What aligns the timestamps of an encoding with those of the producer's first. */
static uint32_t alignment(const struct dp_worker *w, const struct dp_stream *s)
{
	struct dp_arrival from, to;
	struct dp_sr_clock a, b;

	if (s == s->lead)
		return 0;
	if (dp_stream_clock(s, &a) && dp_stream_clock(s->lead, &b) && a.ns && b.ns)
		return dp_align_by_reports(&a, &b, w->now_ns);
	if (dp_layering_arrival(s->layering, &from) && dp_layering_arrival(s->lead->layering, &to))
		return dp_align_by_arrival(&from, &to, s->clock_rate);
	return 0;
}

uint32_t dp_layered_timestamp(const struct dp_consumer *c, const struct dp_epoch *e, uint32_t timestamp)
{
	return e->timestamp +
	       (unlikely(e->squeezed) ? dp_squeeze(&c->catch_up->squeeze, timestamp) : timestamp);
}

/*
 * Begins an epoch with this packet, at which a decoder can start: the first one, or the first after
 * a pause or of another encoding. All numbers of the viewer go on from the last ones.
 */
static void begin(struct dp_worker *w, struct dp_consumer *c, const struct dp_ring_entry *entry,
	const struct dp_frame_info *f, const struct dp_number *n)
{
	const struct dp_stream *s = c->stream;
	struct dp_selection *sel = c->selection;
	bool first = sel->epochs.count == 0;
	struct dp_epoch e = {
		.first_out = (uint32_t)c->seq.next,
		.first_in = n->out,
		.timestamp = c->timestamp_offset + alignment(w, s),
		.began_ms = now_ms(w),
		.encoding = s->encoding,
		.point = sel->aim_point,
		.squeezed = c->catching_up,
	};
	uint32_t least = sel->timestamp + s->clock_rate / STEPS_PER_S;
	uint32_t timestamp = dp_layered_timestamp(c, &e, entry->info.timestamp);

	if (dp_selection_filters(c))
		dp_loss_gap(&c->loss, 0);
	else
		dp_loss_begin(&c->loss, c->seq.next);
	if (first && dp_continuation_timestamp(w, c, &least)) {
		c->timestamp_offset += least - timestamp;
		e.timestamp += least - timestamp;
	}
	if (!first) {
		if ((int32_t)(timestamp - least) < 0)
			e.timestamp += least - timestamp;
		e.picture = (uint16_t)(sel->picture + 1 - dp_picture_of(f, n));
		e.tl0picidx = (uint8_t)(sel->tl0picidx + 1 - f->tl0picidx);
		e.keyidx = (uint8_t)(sel->keyidx + 1 - f->keyidx);
	}
	dp_epochs_begin(&sel->epochs, &e);
	sel->point = sel->aim_point;
	sel->since = f->frame_number;
}

/*
 * The point to change to with this packet, on the way to the one that is aimed for: some codecs let
 * a viewer rise by one temporal layer at a time. The point where it is: none.
 */
static uint8_t next_point(const struct dp_stream *s, const struct dp_selection *sel,
	const struct dp_frame_info *f)
{
	const struct dp_point *point = s->layering->point, *from = &point[sel->point];
	const struct dp_point *to = &point[sel->aim_point];

	if (dp_point_may_change(from, to, f, sel->since))
		return sel->aim_point;
	if (to->spatial == from->spatial && to->temporal > from->temporal + 1 &&
		dp_point_may_change(from, from + 1, f, sel->since))
		return (uint8_t)(sel->point + 1);
	return sel->point;
}

/* Changes to another point of the same stream with this packet, if the codec allows it. */
static void change_point(struct dp_worker *w, struct dp_consumer *c, const struct dp_ring_entry *entry,
	const struct dp_frame_info *f)
{
	const struct dp_stream *s = c->stream;
	struct dp_selection *sel = c->selection;
	struct dp_number from, to;
	struct dp_epoch e = sel->epochs.epoch[0];
	uint8_t point = next_point(s, sel, f);

	if (point == sel->point || !room(w, sel) || !dp_layering_number(s, sel->point, entry, &from) ||
		!dp_layering_number(s, point, entry, &to) || to.state == DP_NUMBER_PADDING ||
		!dp_epochs_map(&sel->epochs, 0, from.out, &e.first_out))
		return;
	/* A late packet: what follows it has been sent at the old point. */
	if ((int32_t)(e.first_out - (uint32_t)c->seq.next) < 0)
		return;
	e.first_in = to.out;
	if (!dp_has_frame_number(f))
		e.picture = (uint16_t)(e.picture - from.pictures + to.pictures);
	e.began_ms = now_ms(w);
	e.point = point;
	dp_epochs_begin(&sel->epochs, &e);
	sel->point = point;
	sel->since = f->frame_number;
}

/* --- what the viewer gets ----------------------------------------------------------------------- */

/* A late packet, of before the newest epoch. Returns its epoch, or NULL. */
static const struct dp_epoch *earlier_epoch(const struct dp_consumer *c, const struct dp_ring_entry *entry,
	struct dp_number *n, uint32_t *out)
{
	const struct dp_epochs *all = &c->selection->epochs;

	for (unsigned i = 1; i < all->count; i++)
		if (all->epoch[i].encoding == c->stream->encoding &&
			dp_layering_number(c->stream, all->epoch[i].point, entry, n) &&
			dp_epochs_map(all, i, n->out, out))
			return &all->epoch[i];
	return NULL;
}

/*
 * Finds what the packet is for the viewer: its epoch, its number at that epoch's point, and its
 * extended sequence number. NULL: the viewer does not get it.
 */
static const struct dp_epoch *choose(struct dp_worker *w, const struct dp_stream *s, struct dp_consumer *c,
	const struct dp_ring_entry *entry, const struct dp_frame_info *f, struct dp_number *n, uint64_t *seq)
{
	struct dp_selection *sel = c->selection;
	const struct dp_epoch *e = &sel->epochs.epoch[0];
	uint32_t out;

	c->waiting_keyframe |= entry->restart;
	if (unlikely(c->waiting_keyframe)) {
		if (!entry->info.keyframe || !room(w, sel))
			return NULL;
		if (s != sel->aim)
			sel->aim_point = dp_layering_point(s->layering, sel->spatial, sel->temporal);
		if (!dp_layering_number(s, sel->aim_point, entry, n) || n->state < DP_NUMBER_PASSES)
			return NULL;
		begin(w, c, entry, f, n);
		c->waiting_keyframe = false;
		dp_transport_sends(w, c->transport);
	} else if (unlikely(sel->point != sel->aim_point && s == sel->aim)) {
		change_point(w, c, entry, f);
	}
	if (unlikely(!dp_layering_number(s, sel->point, entry, n)))
		return NULL;
	if (unlikely(!dp_epochs_map(&sel->epochs, 0, n->out, &out)))
		e = earlier_epoch(c, entry, n, &out);
	if (!e || n->state == DP_NUMBER_SKIPPED)
		return NULL;
	*seq = c->seq.next + (uint64_t)(int64_t)(int32_t)(out - (uint32_t)c->seq.next);
	return e;
}

static struct dp_frame_ids ids_of(const struct dp_epoch *e, const struct dp_number *n,
	const struct dp_frame_info *f)
{
	uint16_t mask = dp_has_frame_number(f) ? UINT16_MAX : 0x7fff;

	return (struct dp_frame_ids){
		.picture_id = (uint16_t)(dp_picture_of(f, n) + e->picture) & mask,
		.tl0picidx = (uint8_t)(f->tl0picidx + e->tl0picidx),
		.keyidx = (uint8_t)(f->keyidx + e->keyidx) & 0x1f,
	};
}

/* Whether the numbering still has the entry of packet `seq`: it has as many as the ring. */
static bool remembered(const struct dp_stream *s, uint64_t seq)
{
	uint64_t head = atomic_load_explicit(&s->head, memory_order_acquire);

	return seq + s->mask >= s->ring[(head - 1) & s->mask].info.seq;
}

/*
 * The viewer's sequence numbers from `from` up to `to` are left out: the packets behind some of
 * them never came, those behind others expired in the backlog. A packet whose entry is gone counts
 * as expired. The number of such packets is estimated from the entries that are left.
 */
static void note_gap(struct dp_consumer *c, const struct dp_epoch *e, uint32_t from, uint32_t to)
{
	const struct dp_stream *s = c->stream;
	uint64_t now = s->ring[c->at & s->mask].info.seq, in;
	uint32_t expired = 0, unknown = 0;

	if (!dp_selection_filters(c) || !dp_loss_pending(&c->loss))
		return;
	for (uint32_t out = to - RTE_MIN(to - from, s->mask); out != to; out++) {
		uint32_t number = e->first_in + (out - e->first_out);

		if (!dp_numbers_find(&s->layering->numbers[e->point], number, now + s->mask, &in)) {
			unknown++;
			continue;
		}
		if (!expired && !remembered(s, in - unknown * ((now - in) / (to - out))))
			expired += unknown;
		expired += dp_stream_before(s, in, c->at);
	}
	dp_loss_gap(&c->loss, expired);
}

/* Notes what the viewer was sent last, so that the next epoch can go on from it. */
static void note_sent(struct dp_consumer *c, const struct dp_epoch *e, const struct dp_ring_entry *entry,
	const struct dp_frame_ids *ids, const struct dp_number *n, uint64_t seq)
{
	struct dp_selection *sel = c->selection;

	if (seq < c->seq.next) {
		sel->holes--;
		c->seq.late++;
		return;
	}
	if (unlikely(seq > c->seq.next)) {
		sel->holes += (int32_t)(seq - c->seq.next);
		note_gap(c, e, (uint32_t)c->seq.next, (uint32_t)seq);
	}
	c->seq.next = seq + 1;
	/* Padding of ours or of the producer: the numbers of frames go on from the packet before. */
	if (n->state == DP_NUMBER_PADDING || !entry->info.payload_len)
		return;
	sel->timestamp = dp_layered_timestamp(c, e, entry->info.timestamp);
	sel->frame_open = !(entry->info.marker || n->state == DP_NUMBER_PASSES_END);
	sel->picture = ids->picture_id;
	sel->tl0picidx = ids->tl0picidx;
	sel->keyidx = ids->keyidx;
}

/* --- one packet ------------------------------------------------------------------------------- */

uint16_t dp_layered_header(const struct dp_stream *s, uint64_t position, const struct dp_consumer *c,
	const struct dp_epoch *e, const struct dp_number *n, uint8_t *header, size_t hdr_len)
{
	if (n->state == DP_NUMBER_PASSES_END)
		header[1] |= MARKER;
	if (n->state == DP_NUMBER_PADDING) {
		header[0] |= PADDED;
		header[1] &= (uint8_t)~MARKER;
		return (uint16_t)hdr_len;
	}
	return c->egress.descriptor_id ? dp_put_descriptor(s, position, c, e, header, hdr_len)
				       : (uint16_t)hdr_len;
}

bool dp_rewrite_layered(struct dp_worker *w, const struct dp_stream *s, uint64_t position,
	struct dp_consumer *c, struct dp_outgoing *o)
{
	const struct dp_ring_entry *entry = &s->ring[position & s->mask];
	const struct dp_frame_info *f = &s->layering->frame[position & s->mask];
	const uint8_t *payload = entry->payload;
	uint16_t len = entry->info.payload_len;
	const struct dp_epoch *e;
	struct dp_prepared *p = NULL;
	struct dp_frame_ids ids;
	struct dp_number n;
	struct rte_mbuf *m;
	uint64_t seq;
	size_t hdr_len;

	if (unlikely(c->transport->limited && c->transport->credit < DP_UNPROVEN_COST)) {
		c->waiting_keyframe = true;
		w->stats->drop[SH_DROP_UNPROVEN]++;
		dp_loss_drop(&c->loss, SH_LOSS_UNPROVEN, 1);
		dp_capture_skipped(w, c->transport, SH_DROP_UNPROVEN, 1);
		return true;
	}
	e = choose(w, s, c, entry, f, &n, &seq);
	if (!e) {
		o->allowed--;
		return true;
	}
	ids = ids_of(e, &n, f);
	if (n.state == DP_NUMBER_PADDING) {
		payload = padding;
		len = sizeof(padding);
	} else if (dp_numbered(s, f)) {
		p = dp_prepared(w, s, position, o);
		payload = p->payload;
		len = p->len ? p->len : UINT16_MAX;
	}
	m = dp_outgoing_mbuf(w, o);
	if (!m)
		return false;
	hdr_len = dp_egress_header(rte_pktmbuf_mtod(m, uint8_t *), &c->egress, &entry->info, (uint16_t)seq,
		dp_layered_timestamp(c, e, entry->info.timestamp), entry->abs_send_time);
	hdr_len = dp_layered_header(s, position, c, e, &n, rte_pktmbuf_mtod(m, uint8_t *), hdr_len);
	note_sent(c, e, entry, &ids, &n, seq);
	if (unlikely(!hdr_len)) {
		o->spare[o->spares++] = m;
		o->allowed--;
		w->stats->drop[SH_DROP_DESCRIPTOR]++;
		return true;
	}
	if (!dp_fits_path(c->transport, hdr_len + len)) {
		o->spare[o->spares++] = m;
		o->allowed--;
		w->stats->drop[SH_DROP_TOO_LONG]++;
		dp_loss_drop(&c->loss, SH_LOSS_TOO_LONG, 1);
		dp_capture_skipped(w, c->transport, SH_DROP_TOO_LONG, 1);
		return true;
	}
	(void)dp_unproven_spend(c->transport, DP_UNPROVEN_COST);
	dp_outgoing_add(o, c->transport, m, (uint16_t)hdr_len, payload, len, (uint32_t)(seq >> 16));
	if (p)
		dp_patch(&o->job[o->count - 1], p, entry, &ids);
	*dp_tx_note(m) = (struct dp_tx_note){.since_ns = entry->rx_ns, .kind = o->kind};
	o->allowed -= DP_PACKET_WORK;
	c->packets++;
	c->bytes += len;
	return true;
}

/* --- retransmissions ------------------------------------------------------------------------------ */

/* The extended sequence number in the stream of the packet with this number at the point. */
static bool find_in_stream(const struct dp_stream *s, unsigned point, uint32_t number, uint64_t head,
	uint64_t *seq)
{
	uint64_t newest = s->ring[(head - 1) & s->mask].info.seq + s->mask;

	if (s->layering->points > 1)
		return dp_numbers_find(&s->layering->numbers[point], number, newest, seq);
	*seq = newest - (uint32_t)((uint32_t)newest - number);
	return true;
}

bool dp_layered_find(struct dp_worker *w, const struct dp_consumer *c, uint16_t seq,
	struct dp_layered_packet *out)
{
	uint64_t ours = dp_seq_extend(c->seq.next, seq), in, head;
	const struct dp_epoch *e;
	const struct dp_stream *s;
	const struct dp_audience *a;

	if (ours >= c->seq.next)
		return false;
	e = dp_epochs_of(&c->selection->epochs, (uint32_t)ours);
	if (!e)
		return false;
	s = dp_encoding(c->stream->lead, e->encoding);
	a = dp_audience_of(w, s->slot, c->port_index);
	if (!dp_audience_reads(a))
		return false;
	head = s == c->stream ? c->at : atomic_load_explicit(&s->head, memory_order_acquire);
	if (!head || !find_in_stream(s, e->point, e->first_in + ((uint32_t)ours - e->first_out), head, &in))
		return false;
	out->position = dp_stream_find(s, in, dp_audience_low(a), head);
	out->stream = s;
	out->epoch = e;
	return out->position != DP_CURSOR_NONE &&
	       dp_layering_number(s, e->point, &s->ring[out->position & s->mask], &out->number);
}

uint16_t dp_layered_payload(const struct dp_layered_packet *p, uint8_t *dst)
{
	const struct dp_stream *s = p->stream;
	const struct dp_ring_entry *entry = &s->ring[p->position & s->mask];
	const struct dp_frame_info *f = &s->layering->frame[p->position & s->mask];
	struct dp_frame_ids ids = ids_of(p->epoch, &p->number, f);

	if (p->number.state == DP_NUMBER_PADDING) {
		memcpy(dst, padding, sizeof(padding));
		return sizeof(padding);
	}
	if (dp_numbered(s, f))
		return dp_normalize(dst, entry->info.payload_len + 1u, entry, &ids);
	memcpy(dst, entry->payload, entry->info.payload_len);
	return entry->info.payload_len;
}

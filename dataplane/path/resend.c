/* SPDX-License-Identifier: Apache-2.0 */

/* What a viewer has lost is sent again from the stream's ring (RFC 4585, 6.2.1; RFC 4588). */

#include <string.h>

#include "media.h"

/* What one viewer may ask for: far above what any path can use, far below what hurts the others. */
enum { RTX_PER_WINDOW = 500 };
#define RTX_WINDOW (100 * DP_MS)

static bool within_limit(struct dp_worker *w, struct dp_consumer *c)
{
	if (w->now_ns - c->rtx_window_ns > RTX_WINDOW) {
		c->rtx_window_ns = w->now_ns;
		c->rtx_in_window = 0;
	}
	return c->rtx_in_window++ < RTX_PER_WINDOW;
}

static const struct dp_slot *cached(struct dp_worker *w, const struct dp_consumer *c, uint16_t seq)
{
	const struct dp_stream *s = c->stream;
	uint64_t position, in;

	if (!dp_seqmap_in(&c->seq, seq, &in))
		return NULL;
	position = dp_stream_find(s, in, dp_audience_low(s, &w->audience[s->slot]), c->at);
	return position == DP_CURSOR_NONE ? NULL : &s->ring[position & s->mask];
}

/* With its own SSRC and numbers; the original's number stands before the payload. */
static void as_rtx(struct dp_consumer *c, const struct dp_slot *slot, uint16_t seq, struct rte_mbuf *m,
	struct dp_outgoing *o)
{
	const struct dp_plain *p = &slot->plain;
	uint8_t *dst = rte_pktmbuf_mtod(m, uint8_t *);
	size_t hdr_len = dp_egress_rtx_header(dst, &c->egress, p, c->rtx_seq,
		p->timestamp + c->timestamp_offset, slot->abs_send_time);

	dst[hdr_len] = (uint8_t)(seq >> 8);
	dst[hdr_len + 1] = (uint8_t)seq;
	memcpy(dst + hdr_len + 2, rte_pktmbuf_mtod_offset(slot->mbuf, const uint8_t *, p->payload_offset),
		p->payload_len);
	dp_outgoing_add(o, c->transport, m, (uint16_t)hdr_len, dst + hdr_len,
		(uint16_t)(p->payload_len + 2), c->rtx_roc);
	if (++c->rtx_seq == 0)
		c->rtx_roc++;
}

/* Byte for byte what was sent before: another content under the same number would break the cipher. */
static void as_it_was(struct dp_consumer *c, const struct dp_slot *slot, uint16_t seq, struct rte_mbuf *m,
	struct dp_outgoing *o)
{
	const struct dp_plain *p = &slot->plain;
	uint64_t ours = dp_seq_extend(c->seq.next, seq);
	size_t hdr_len = dp_egress_header(rte_pktmbuf_mtod(m, uint8_t *), &c->egress, p, seq,
		p->timestamp + c->timestamp_offset, slot->abs_send_time);

	dp_outgoing_add(o, c->transport, m, (uint16_t)hdr_len,
		rte_pktmbuf_mtod_offset(slot->mbuf, const uint8_t *, p->payload_offset), p->payload_len,
		(uint32_t)(ours >> 16));
}

void dp_resend(struct dp_worker *w, struct dp_consumer *c, uint16_t seq, struct dp_outgoing *o)
{
	struct dp_transport *t = c->transport;
	const struct dp_slot *slot = cached(w, c, seq);
	struct rte_mbuf *m;

	if (!slot) {
		w->stats->rtx_missed++;
		return;
	}
	if (c->paused || !t->can_send)
		return;
	if (!within_limit(w, c)) {
		w->stats->drop[SH_DROP_RTX_RATE]++;
		return;
	}
	if (!dp_fits(t, DP_EGRESS_HEADER_MAX + 2 + slot->plain.payload_len)) {
		w->stats->drop[SH_DROP_TOO_LONG]++;
		return;
	}
	if (o->count == DP_JOBS || o->count >= dp_tx_room(w, t->encap.port))
		dp_outgoing_flush(w, o);
	m = dp_outgoing_mbuf(w, o);
	if (!m) {
		w->stats->drop[SH_DROP_NO_MBUF]++;
		return;
	}
	if (c->egress.rtx_ssrc)
		as_rtx(c, slot, seq, m, o);
	else
		as_it_was(c, slot, seq, m, o);
	c->rtx_packets++;
	w->stats->rtx_out++;
}

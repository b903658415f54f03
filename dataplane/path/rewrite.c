/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Rewrites a stream's packet for one viewer: sequence number, timestamp, SSRC, payload type and
 * extensions. dp_fanout() calls it for each packet and viewer; the packets go on to the batch in
 * path/outgoing.h.
 */

#include "dataplane/path/rewrite.h"

#include <rte_branch_prediction.h>

#include "dataplane/path/descriptor.h"
#include "dataplane/path/outgoing.h"
#include "dataplane/send/tx.h"
#include "dataplane/tables/capture.h"
#include "dataplane/tables/consumer.h"
#include "dataplane/tables/continuation.h"
#include "dataplane/tables/stream.h"
#include "dataplane/tables/transport.h"
#include "dataplane/tables/transport_state.h"
#include "dataplane/tables/unproven.h"
#include "dataplane/worker/worker.h"

/*
 * A pipe begins before the last so many numbers of a cycle: if all its packets up to the wrap were
 * lost, the receiver would take the next one's rollover counter for 0 (RFC 3711, 3.3.1).
 */
enum { PIPE_BEFORE_WRAP = 16 };

/* The packet is not written. */
static void put_back(struct dp_outgoing *o, struct rte_mbuf *m)
{
	o->spare[o->spares++] = m;
	o->allowed--;
}

/*
 * A pipe begins with the producer's own sequence number. SRTP's index is that number, too: it
 * differs from the ring's by a multiple of 65,536. False: it begins later.
 */
static bool begin_pipe(struct dp_consumer *c, uint16_t first)
{
	if (first > UINT16_MAX - PIPE_BEFORE_WRAP)
		return false;
	c->seq.next = first;
	c->acknowledged = (uint32_t)first - 1;
	dp_loss_init(&c->loss, first, c->rtx_seq);
	return true;
}

/* Whether the viewer gets this packet; if so, `seq` becomes its extended sequence number there. */
static bool map_sequence(struct dp_worker *w, struct dp_consumer *c, const struct dp_ring_entry *entry,
	uint64_t *seq)
{
	uint32_t timestamp;

	if (entry->restart)
		c->waiting_keyframe = true;
	if (c->waiting_keyframe) {
		if (!entry->info.keyframe)
			return false;
		if (unlikely(dp_consumer_is_pipe(c) && !c->seq.started) &&
			!begin_pipe(c, (uint16_t)entry->info.seq))
			return false;
		dp_loss_begin(&c->loss, c->seq.next);
		dp_seqmap_start(&c->seq, entry->info.seq);
		if (dp_continuation_timestamp(w, c, &timestamp))
			c->timestamp_offset = timestamp - entry->info.timestamp;
		c->waiting_keyframe = false;
		dp_transport_sends(w, c->transport);
	}
	return dp_seqmap_out(&c->seq, entry->info.seq, seq);
}

/*
 * Writes one packet for a viewer in a steady state. False: no mbuf was free, or it does not fit the
 * viewer's path.
 */
static inline bool send(struct dp_worker *w, const struct dp_stream *s, struct dp_consumer *c, uint64_t at,
	uint64_t seq, struct dp_outgoing *o)
{
	const struct dp_ring_entry *entry = &s->ring[at & s->mask];
	const struct dp_rtp_info *p = &entry->info;
	struct rte_mbuf *m = dp_outgoing_mbuf(w, o);
	size_t hdr_len;

	if (unlikely(!m))
		return false;
	hdr_len = dp_egress_header(rte_pktmbuf_mtod(m, uint8_t *), &c->egress, p, (uint16_t)seq,
		p->timestamp + c->timestamp_offset, entry->abs_send_time);
	if (unlikely(s->layering))
		hdr_len = dp_copy_descriptor(s, at, c, rte_pktmbuf_mtod(m, uint8_t *), hdr_len);
	if (unlikely(!dp_fits_path(c->transport, hdr_len + p->payload_len))) {
		o->spare[o->spares++] = m;
		return false;
	}
	dp_outgoing_add(o, c->transport, m, (uint16_t)hdr_len, entry->payload, p->payload_len,
		(uint32_t)(seq >> 16));
	*dp_tx_note(m) = (struct dp_tx_note){.since_ns = entry->rx_ns, .kind = o->kind};
	o->allowed -= DP_PACKET_WORK;
	return true;
}

unsigned dp_rewrite_run(struct dp_worker *w, const struct dp_stream *s, struct dp_consumer *c,
	uint64_t target, struct dp_outgoing *o, unsigned room)
{
	uint64_t next = c->seq.next, bytes = 0, at = c->at;
	unsigned sent = 0;

	if (unlikely(c->waiting_keyframe || c->transport->limited || !c->seq.started))
		return 0;
	room = RTE_MIN(room, DP_JOBS - o->count);
	for (; at < target && sent < room && o->allowed > 0; at++, sent++) {
		const struct dp_ring_entry *entry = &s->ring[at & s->mask];
		uint64_t seq = entry->info.seq + (uint64_t)c->seq.offset;

		/* A number below `next` fills a gap, or precedes the start. */
		if (unlikely(entry->restart || seq < next) || !send(w, s, c, at, seq, o))
			break;
		next = seq + 1;
		bytes += entry->info.payload_len;
	}
	c->at = at;
	c->seq.next = next;
	c->packets += sent;
	c->bytes += bytes;
	return sent;
}

bool dp_rewrite(struct dp_worker *w, const struct dp_stream *s, uint64_t at, struct dp_consumer *c,
	struct dp_outgoing *o)
{
	const struct dp_ring_entry *entry = &s->ring[at & s->mask];
	const struct dp_rtp_info *p = &entry->info;
	struct rte_mbuf *m = dp_outgoing_mbuf(w, o);
	uint64_t seq;
	size_t hdr_len;

	if (!m)
		return false;
	/* Its sequence numbers stand still meanwhile, as when it is paused. */
	if (unlikely(c->transport->limited && c->transport->credit < DP_UNPROVEN_COST)) {
		c->waiting_keyframe = true;
		o->spare[o->spares++] = m;
		w->stats->drop[SH_DROP_UNPROVEN]++;
		dp_loss_drop(&c->loss, SH_LOSS_UNPROVEN, 1);
		dp_capture_skipped(w, c->transport, SH_DROP_UNPROVEN, 1);
		return true;
	}
	if (!map_sequence(w, c, entry, &seq)) {
		put_back(o, m);
		return true;
	}
	hdr_len = dp_egress_header(rte_pktmbuf_mtod(m, uint8_t *), &c->egress, p, (uint16_t)seq,
		p->timestamp + c->timestamp_offset, entry->abs_send_time);
	if (unlikely(s->layering))
		hdr_len = dp_copy_descriptor(s, at, c, rte_pktmbuf_mtod(m, uint8_t *), hdr_len);
	if (!dp_fits_path(c->transport, hdr_len + p->payload_len)) {
		put_back(o, m);
		w->stats->drop[SH_DROP_TOO_LONG]++;
		dp_loss_drop(&c->loss, SH_LOSS_TOO_LONG, 1);
		dp_capture_skipped(w, c->transport, SH_DROP_TOO_LONG, 1);
		return true;
	}
	(void)dp_unproven_spend(c->transport, DP_UNPROVEN_COST);
	dp_outgoing_add(o, c->transport, m, (uint16_t)hdr_len, entry->payload, p->payload_len,
		(uint32_t)(seq >> 16));
	*dp_tx_note(m) = (struct dp_tx_note){.since_ns = entry->rx_ns, .kind = o->kind};
	o->allowed -= DP_PACKET_WORK;
	c->packets++;
	c->bytes += p->payload_len;
	return true;
}

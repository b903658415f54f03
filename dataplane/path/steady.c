/* SPDX-License-Identifier: Apache-2.0 */
#include "dataplane/path/steady.h"

#include "dataplane/path/prepared.h"
#include "dataplane/path/rewrite.h"
#include "dataplane/send/tx.h"
#include "dataplane/tables/consumer.h"
#include "dataplane/tables/selection.h"

/* The last packet that was sent, whose numbers the next epoch continues. */
struct last {
	const struct dp_prepared *packet; /* NULL: none */
	const struct dp_prepared_point *point;
	const struct dp_ring_entry *entry;
};

static bool steady(const struct dp_stream *s, const struct dp_consumer *c)
{
	const struct dp_selection *sel = c->selection;

	return !c->waiting_keyframe && !c->transport->limited && !sel->epochs.epoch[0].squeezed &&
	       (sel->point == sel->aim_point || s != sel->aim);
}

/* As dp_vp8_patch() of the ids that dp_rewrite_layered() would compute. */
static void patch(struct dp_srtp_job *job, const struct dp_prepared *p, const struct dp_prepared_point *x,
	const struct dp_epoch *e)
{
	struct dp_frame_ids ids = {
		.picture_id = (uint16_t)(x->picture + e->picture),
		.tl0picidx = (uint8_t)(p->tl0picidx + e->tl0picidx),
		.keyidx = (uint8_t)(p->keyidx + e->keyidx),
	};

	job->patch_at = DP_PATCH_MAX - DP_SRTP_PATCH_MAX;
	job->patch_len = DP_VP8_PATCH;
	dp_vp8_patch(job->patch, p->last, &ids);
}

/* Adds one packet to the batch. False: no mbuf was free, or it does not fit the viewer's path. */
static inline bool send(struct dp_worker *w, struct dp_consumer *c, const struct dp_epoch *e,
	const struct last *l, uint64_t seq, struct dp_outgoing *o)
{
	const struct dp_ring_entry *entry = l->entry;
	const struct dp_prepared *p = l->packet;
	struct rte_mbuf *m = dp_outgoing_mbuf(w, o);
	uint8_t *header;
	size_t hdr_len;

	if (unlikely(!m))
		return false;
	header = rte_pktmbuf_mtod(m, uint8_t *);
	hdr_len = dp_egress_header(header, &c->egress, &entry->info, (uint16_t)seq,
		e->timestamp + entry->info.timestamp, entry->abs_send_time);
	if (unlikely(!dp_fits_path(c->transport, hdr_len + p->len))) {
		o->spare[o->spares++] = m;
		return false;
	}
	header[1] |= l->point->marker;
	dp_outgoing_add(o, c->transport, m, (uint16_t)hdr_len, p->payload, p->len, (uint32_t)(seq >> 16));
	if (p->copied)
		patch(&o->job[o->count - 1], p, l->point, e);
	*dp_tx_note(m) = (struct dp_tx_note){.since_ns = entry->rx_ns, .kind = o->kind};
	o->allowed -= DP_PACKET_WORK;
	return true;
}

static void note_last(struct dp_selection *sel, const struct last *l)
{
	const struct dp_epoch *e = &sel->epochs.epoch[0];

	sel->timestamp = e->timestamp + l->entry->info.timestamp;
	sel->frame_open = !(l->entry->info.marker || l->point->marker);
	sel->picture =
		(uint16_t)(l->point->picture + e->picture) & (l->packet->described ? UINT16_MAX : 0x7fff);
	sel->tl0picidx = (uint8_t)(l->packet->tl0picidx + e->tl0picidx);
	sel->keyidx = (uint8_t)(l->packet->keyidx + e->keyidx) & 0x1f;
}

unsigned dp_send_steady(struct dp_worker *w, const struct dp_stream *s, struct dp_consumer *c,
	uint64_t target, struct dp_outgoing *o, unsigned room)
{
	struct dp_selection *sel = c->selection;
	const struct dp_epoch *e = &sel->epochs.epoch[0];
	struct last l, last = {NULL};
	uint64_t next = c->seq.next, bytes = 0, at;
	unsigned sent = 0;

	if (unlikely(!steady(s, c)))
		return 0;
	target = RTE_MIN(target, c->at + DP_PREPARED); /* what the batch and `last` refer to stays */
	for (at = c->at; at < target && o->allowed > 0 && sent < room; at++) {
		struct dp_prepared *p = dp_prepared(w, s, at, o);
		struct dp_prepared_point *x = &p->point[sel->point];

		if (unlikely(x->state == DP_NUMBER_NONE))
			dp_prepare_point(p, s, sel->point);
		if (x->state < DP_NUMBER_SKIPPED || (int32_t)(x->out - e->first_in) < 0)
			break;
		if (x->state == DP_NUMBER_SKIPPED) {
			o->allowed--;
			continue;
		}
		l = (struct last){p, x, &s->ring[at & s->mask]};
		if (unlikely(o->count == DP_JOBS || e->first_out + (x->out - e->first_in) != (uint32_t)next ||
			     (p->described && c->egress.descriptor_id)) ||
			!send(w, c, e, &l, next, o))
			break;
		last = l;
		next++;
		sent++;
		bytes += p->len;
	}
	c->at = at;
	if (!last.packet)
		return 0;
	c->seq.next = next;
	c->packets += sent;
	c->bytes += bytes;
	note_last(sel, &last);
	return sent;
}

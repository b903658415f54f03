/* SPDX-License-Identifier: Apache-2.0 */
#include "dataplane/tables/adaptation.h"

#include "dataplane/tables/consumer.h"
#include "dataplane/tables/encodings.h"
#include "dataplane/tables/layering.h"
#include "dataplane/tables/probing.h"
#include "dataplane/tables/selection.h"
#include "dataplane/tables/stream.h"
#include "dataplane/tables/transport.h"
#include "dataplane/worker/worker.h"

struct dp_adapt *dp_adaptation_of(const struct dp_worker *w, const struct dp_transport *t)
{
	return &w->adapt[t->slot];
}

void dp_adaptation_init(struct dp_worker *w, const struct dp_transport *t)
{
	dp_adapt_init(dp_adaptation_of(w, t), w->now_ns);
}

/* What the viewer was sent in about the last second. */
static uint32_t sent_kbps(const struct dp_transport *t)
{
	uint64_t all = 0;

	for (const struct dp_consumer *c = t->consumers; c; c = c->next_on_transport)
		all += c->bitrate_bps;
	return (uint32_t)(all / 1000);
}

void dp_adaptation_remb(struct dp_worker *w, const struct dp_transport *t, uint64_t bps)
{
	dp_adapt_remb(dp_adaptation_of(w, t), w->now_ns, dp_kbps(bps), sent_kbps(t));
}

void dp_adaptation_report(struct dp_worker *w, struct dp_consumer *c, const struct dp_rtcp_report *block)
{
	struct dp_selection *sel = c->selection;
	struct dp_adapt_report r = {
		.expected = block->highest_seq - sel->reported_highest,
		.lost = block->total_lost - sel->reported_lost,
		.gaps = sel->holes > 0 ? (uint32_t)sel->holes : 0,
		.rtx = (uint32_t)c->rtx_packets - sel->reported_rtx,
		.rtt_us = c->rtt_us,
	};
	bool first = !sel->reported;

	sel->reported = true;
	sel->reported_highest = block->highest_seq;
	sel->reported_lost = block->total_lost;
	sel->holes = 0;
	sel->reported_rtx = (uint32_t)c->rtx_packets;
	if (!first && r.expected < UINT16_MAX)
		dp_adapt_report(dp_adaptation_of(w, c->transport), w->now_ns, &r);
}

/* --- what may be sent ------------------------------------------------------------------------ */

static void add_rates(struct dp_layer_rates *r, unsigned spatial, const struct dp_layering *l, unsigned from)
{
	for (unsigned t = 0; t < SH_MAX_LAYERS; t++) {
		unsigned point = from + (t < l->temporal ? t : l->temporal - 1u);

		r->kbps[spatial][t] = atomic_load_explicit(&l->kbps[point], memory_order_relaxed);
	}
	if (atomic_load_explicit(&l->active, memory_order_relaxed) && r->kbps[spatial][SH_MAX_LAYERS - 1])
		r->alive |= (uint8_t)(1 << spatial);
}

/* The layers of a producer, and their rates. */
static void read_rates(struct dp_layer_rates *r, const struct dp_stream *lead)
{
	*r = (struct dp_layer_rates){.temporal = lead->layering->temporal};
	if (lead->encodings.count == 1) {
		r->spatial = lead->layering->spatial;
		for (unsigned s = 0; s < r->spatial; s++)
			if (dp_layers_best(lead, s) == s)
				add_rates(r, s, lead->layering, s * lead->layering->temporal);
		return;
	}
	r->spatial = lead->encodings.count;
	for (unsigned rank = 0; rank < r->spatial; rank++) {
		const struct dp_stream *s = dp_encoding(lead, dp_encoding_of_rank(lead, rank));

		if (!s)
			continue;
		r->temporal = RTE_MAX(r->temporal, s->layering->temporal);
		add_rates(r, rank, s->layering, 0);
	}
}

/* The videos of one viewer that are being decided, */
struct videos {
	unsigned count;
	uint64_t fixed_bps; /* and what its other consumers take, for which there is no choice */
	struct dp_consumer *consumer[DP_VIDEOS_MAX];
	struct dp_video video[DP_VIDEOS_MAX];
	struct dp_layer_rates rates[DP_VIDEOS_MAX];
};

static void collect(struct videos *v, const struct dp_transport *t)
{
	v->count = 0;
	v->fixed_bps = 0;
	for (struct dp_consumer *c = t->consumers; c; c = c->next_on_transport) {
		if (c->paused)
			continue;
		if (!c->selection || v->count == DP_VIDEOS_MAX) {
			v->fixed_bps += c->bitrate_bps;
			continue;
		}
		read_rates(&v->rates[v->count], c->stream->lead);
		v->consumer[v->count] = c;
		v->video[v->count] = (struct dp_video){
			.rates = &v->rates[v->count],
			.wishes = c->selection->wishes,
			.spatial = c->selection->spatial,
			.temporal = c->selection->temporal,
		};
		v->count++;
	}
}

static bool can_pad(const struct dp_transport *t)
{
	for (const struct dp_consumer *c = t->consumers; c; c = c->next_on_transport)
		if (c->selection && (c->flags & SH_CONSUMER_PROBATOR || c->egress.rtx_ssrc))
			return true;
	return false;
}

void dp_adaptation_decide(struct dp_worker *w, struct dp_transport *t)
{
	struct dp_adapt *a = dp_adaptation_of(w, t);
	struct dp_adapt_viewer viewer = {.max_kbps = t->max_kbps};
	struct videos v;

	collect(&v, t);
	if (!v.count)
		return;
	viewer.sent_kbps = sent_kbps(t);
	viewer.fixed_kbps = (uint32_t)(v.fixed_bps / 1000);
	viewer.videos = v.video;
	viewer.count = v.count;
	viewer.can_pad = can_pad(t);
	for (unsigned i = 0; i < v.count; i++)
		viewer.switching |= dp_selection_pending(v.consumer[i]);
	if (dp_adapt_decide(a, w->now_ns, &viewer))
		for (unsigned i = 0; i < v.count; i++)
			dp_selection_aim(w, v.consumer[i], v.video[i].spatial, v.video[i].temporal);
	if (dp_adapt_probing(a))
		dp_probing_add(w, t);
}

void dp_adaptation_reported(struct dp_worker *w, struct dp_transport *t)
{
	if (!dp_adapt_settled(dp_adaptation_of(w, t)))
		dp_adaptation_decide(w, t);
}

uint32_t dp_adaptation_available_kbps(const struct dp_worker *w, const struct dp_transport *t)
{
	const struct dp_adapt *a = dp_adaptation_of(w, t);

	for (const struct dp_consumer *c = t->consumers; c; c = c->next_on_transport)
		if (c->selection)
			return dp_adapt_available_kbps(a);
	return a->remb_kbps;
}

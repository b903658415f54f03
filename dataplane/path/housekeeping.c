/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Does the periodic work, a little of it every millisecond: reports to producers and maintenance of
 * the streams' rings; and, about once a second for each of this worker's transports, consent,
 * reports to viewers and statistics.
 */

#include <string.h>

#include "dataplane/device/ports.h"
#include "dataplane/path/neighbour.h"
#include "dataplane/path/padding.h"
#include "dataplane/path/reassemble.h"
#include "dataplane/path/report.h"
#include "dataplane/path/stages.h"
#include "dataplane/tables/adaptation.h"
#include "dataplane/tables/audience.h"
#include "dataplane/tables/consumer.h"
#include "dataplane/tables/layering.h"
#include "dataplane/tables/path_mtu.h"
#include "dataplane/tables/plain_transport.h"
#include "dataplane/tables/selection.h"
#include "dataplane/tables/stream.h"
#include "dataplane/tables/stream_ring.h"
#include "dataplane/tables/transport.h"
#include "dataplane/tables/transport_state.h"
#include "dataplane/worker/clock.h"
#include "dataplane/worker/report_event.h"
#include "dataplane/worker/worker.h"
#include "shared/stats_slot.h"

#define CYCLE         (1000 * DP_MS)
#define CATCH_UP      (10 * DP_MS) /* most of a cycle that one loop does */
#define RECLAIM_EVERY (10 * DP_MS)
#define RETENTION     (1000 * DP_MS) /* older packets are of no use in a retransmission */
#define SILENCE       (8000 * DP_MS)
#define IDLE_EVERY    (4000 * DP_MS) /* how often the agent is told that a transport is idle */

/*
 * Stops sending to a peer that was not heard for SILENCE, until it is heard again. Meanwhile the
 * viewer's sequence numbers stand still. If they went on for longer than 32,768 packets, a viewer
 * that comes back would estimate a wrong SRTP rollover counter and would never authenticate a
 * packet again. A peer of whom no sign of life is expected (no limit of consent) is not concerned.
 */
static void check_silence(struct dp_worker *w, struct dp_transport *t)
{
	if (t->silent || t->udp_port || w->now_ns - t->consent_ns < SILENCE)
		return;
	t->silent = true;
	dp_transport_refresh(w, t);
}

/*
 * Stops sending if no valid check and no authenticated packet came on the selected tuple for
 * consent_limit_ns (RFC 7675; media is a sign of life as well, because clients of before that RFC
 * send no checks once they are connected), and tells the agent.
 * The event may be lost on its way, because the rings to the control plane are bounded. So it is
 * repeated until the control plane deletes the transport or binds it again.
 */
static void check_consent(struct dp_worker *w, struct dp_transport *t)
{
	if (!t->consent_ns || !t->consent_limit_ns) /* never bound, or without a limit */
		return;
	check_silence(w, t);
	if (!t->idle) {
		if (w->now_ns - t->consent_ns < t->consent_limit_ns)
			return;
		t->idle = true;
		t->next_idle_ns = w->now_ns;
		dp_transport_refresh(w, t);
	}
	if (w->now_ns >= t->next_idle_ns && dp_report_event(w, SH_EV_TRANSPORT_IDLE, t->id, NULL))
		t->next_idle_ns = w->now_ns + IDLE_EVERY;
}

/* Bits per second since the last call, `elapsed` nanoseconds ago; 0: this is the first call. */
static uint64_t bitrate(uint64_t bytes, uint64_t *last_bytes, uint64_t elapsed)
{
	uint64_t bps = elapsed ? (bytes - *last_bytes) * 8 * 1000000000 / elapsed : 0;

	*last_bytes = bytes;
	return bps;
}

static enum sh_transport_state state_of(const struct dp_transport *t)
{
	if (t->idle)
		return SH_TRANSPORT_IDLE;
	if (t->media_seen)
		return SH_TRANSPORT_MEDIA;
	if (t->in)
		return SH_TRANSPORT_KEYED;
	return t->tuple_count ? SH_TRANSPORT_BOUND : SH_TRANSPORT_NEW;
}

static void write_transport(struct dp_worker *w, const struct dp_transport *t)
{
	struct sh_transport_stats out = {.id = t->id};
	struct sh_addr remote = {.family = 0};

	out.worker = w->id;
	out.state = state_of(t);
	out.profile = t->profile;
	out.tuples = t->tuple_count;
	if (t->selected < SH_MAX_TUPLES)
		remote = t->tuple[t->selected].path.remote;
	memcpy(out.remote_ip, remote.ip, sizeof(out.remote_ip));
	out.remote_port = remote.port;
	out.remote_family = remote.family;
	out.unproven = t->limited;
	out.rx_packets = t->rx_packets;
	out.rx_bytes = t->rx_bytes;
	out.tx_packets = t->tx_packets;
	out.tx_bytes = t->tx_bytes;
	out.consent_ns = t->consent_ns;
	out.available_bps = (uint64_t)dp_adaptation_available_kbps(w, t) * 1000;
	sh_slot_write(&w->transport_stats[t->slot], &out, sizeof(out));
}

/* The spatial layers within an encoding. */
static void write_layers(const struct dp_layering *l, struct sh_producer_stats *out)
{
	uint32_t alive = atomic_load_explicit(&l->alive, memory_order_relaxed);

	out->layers = l->spatial;
	out->layers_active = alive ? alive : out->active ? (1u << l->spatial) - 1 : 0;
	for (unsigned i = 0; i < l->spatial; i++) {
		unsigned point = (i + 1u) * l->temporal - 1;

		out->layer[i] = (struct sh_layer_stats){
			.width = l->codec.layers.size[i].width,
			.height = l->codec.layers.size[i].height,
			.kbps = atomic_load_explicit(&l->kbps[point], memory_order_relaxed),
		};
	}
}

static void write_producer(struct dp_worker *w, struct dp_stream *s, uint64_t elapsed)
{
	struct sh_producer_stats out = {.id = s->id};

	s->bitrate_bps = bitrate(s->bytes, &s->last_bytes, elapsed);
	atomic_store_explicit(&s->kbps, (uint32_t)(s->bitrate_bps / 1000), memory_order_relaxed);
	out.transport = s->transport->id;
	out.ssrc = s->ssrc;
	out.rtx_ssrc = s->rtx_ssrc;
	out.packets = s->packets;
	out.bytes = s->bytes;
	out.packets_lost = dp_receive_lost(&s->receive);
	out.packets_repaired = s->repaired;
	out.packets_duplicate = s->duplicates;
	out.nacks = s->nacks;
	out.plis = s->plis;
	out.keyframes = s->keyframes;
	out.jitter = s->receive.jitter >> 4;
	out.bitrate_bps = s->bitrate_bps;
	out.rtt_us = s->rtt_us;
	out.fraction_lost = s->receive.fraction_lost;
	out.active = s->bitrate_bps > 0;
	out.audio_levels = s->levels;
	out.malformed_frames = s->malformed_frames;
	if (s->layering) {
		uint32_t size = atomic_load_explicit(&s->layering->size, memory_order_relaxed);

		out.width = size >> 16;
		out.height = size & 0xffff;
		out.spatial = dp_rank_of_encoding(s->lead, s->encoding);
		out.active = atomic_load_explicit(&s->layering->active, memory_order_relaxed);
		write_layers(s->layering, &out);
	}
	sh_slot_write(&w->producer_stats[s->slot], &out, sizeof(out));
}

static void write_consumer(struct dp_worker *w, struct dp_consumer *c, uint64_t elapsed)
{
	struct sh_consumer_stats out = {.id = c->id};
	const struct dp_loss_sums sums = dp_consumer_account(w, c);

	c->bitrate_bps = bitrate(c->bytes, &c->last_bytes, elapsed);
	out.transport = c->transport->id;
	out.producer = c->stream->lead->id;
	out.ssrc = c->egress.ssrc;
	out.rtx_ssrc = c->egress.rtx_ssrc;
	out.packets = c->packets - c->loss.unsent;
	out.bytes = c->bytes;
	out.packets_lost = c->loss.lost > 0 ? (uint32_t)c->loss.lost : 0;
	out.fraction_lost = c->reported_fraction;
	out.nacks = c->nacks;
	out.plis = c->plis;
	out.rtx_packets = c->rtx_packets;
	out.jitter = c->reported_jitter;
	out.rtt_us = c->rtt_us;
	out.bitrate_bps = c->bitrate_bps;
	out.paused = c->paused;
	out.waiting_keyframe = c->waiting_keyframe;
	out.lost_before = sums.before;
	out.lost_after = sums.after;
	out.repaired = sums.repaired;
	memcpy(out.dropped, c->loss.dropped, sizeof(out.dropped));
	sh_slot_write(&w->consumer_stats[c->slot], &out, sizeof(out));
}

static void visit_transport(struct dp_worker *w, struct dp_transport *t)
{
	uint64_t elapsed = t->visited_ns ? w->now_ns - t->visited_ns : 0;

	check_consent(w, t);
	dp_path_mtu_expire(w, t);
	dp_adaptation_decide(w, t);
	if (t->resolves)
		dp_plain_transport_solicit(w, t);
	dp_report_consumers(w, t);
	/* Repeat key frame requests: a request, or the key frame itself, may have been lost. */
	dp_consumers_want_keyframes(w, t);
	write_transport(w, t);
	for (struct dp_stream *s = t->streams; s; s = s->next_on_transport)
		write_producer(w, s, elapsed);
	for (struct dp_consumer *c = t->consumers; c; c = c->next_on_transport) {
		/* While a device is stuck, the fan-out does not visit its viewers, so do it here. */
		dp_audience_skip_expired(w, dp_audience_of(w, c->stream->slot, c->port_index), c);
		dp_catch_up_release(w, c, false);
		if (c->selection)
			dp_selection_refresh(w, c);
		write_consumer(w, c, elapsed);
	}
	t->visited_ns = w->now_ns;
}

/*
 * Visits so many of the transports that a cycle over all of them takes a second. After a stall the
 * cycle takes longer: visiting all overdue transports in one loop would send their reports at once.
 */
static void visit_due_transports(struct dp_worker *w, uint64_t elapsed)
{
	uint64_t due;

	if (w->owned_next >= w->owned_count) {
		if (w->now_ns < w->next_cycle_ns)
			return;
		w->owned_next = 0;
		w->next_cycle_ns = w->now_ns + CYCLE;
	}
	due = 1 + w->owned_count * RTE_MIN(elapsed, CATCH_UP) / CYCLE;
	for (; due && w->owned_next < w->owned_count; due--)
		visit_transport(w, w->owned[w->owned_next++]);
}

/*
 * Sets how long streams keep packets for retransmission, and for viewers who join. The pool must
 * never become empty because streams keep too many packets, as it serves reception too: with less
 * than a quarter of it free, the times are reduced in proportion.
 */
static void set_retention(struct dp_worker *w)
{
	const struct rte_mempool *pool = w->pool;
	uint64_t quarter = pool->size / 4, left = rte_mempool_avail_count(pool);
	/* These count as free but may be in workers' caches, which hold 1.5 times their size. */
	uint64_t cached = (uint64_t)w->workers * pool->cache_size * 3 / 2;

	left -= RTE_MIN(left, cached);
	w->retention_ns = RETENTION * RTE_MIN(left, quarter) / quarter;
	w->cache_ns = w->config->media.cache_ms * DP_MS * RTE_MIN(left, quarter) / quarter;
}

static void reclaim_streams(struct dp_worker *w, struct dp_transport *t)
{
	for (struct dp_stream *s = t->streams; s; s = s->next_on_transport)
		if (w->now_ns >= s->next_reclaim_ns) {
			s->next_reclaim_ns = w->now_ns + RECLAIM_EVERY;
			dp_key_cache_expire(w, s, w->cache_ns);
			dp_stream_reclaim(s);
		}
}

/* A tick may end the reading of a stream, which takes it from the list: `watched` is read again. */
static void tick(struct dp_worker *w, struct dp_stream *s)
{
	for (unsigned i = 0; s->layering && i < w->ports->count; i++) {
		struct dp_audience *a = dp_audience_of(w, s->slot, i);

		if (a->changing)
			dp_selection_change(w, a);
	}
	dp_audience_tick(w, s);
}

void dp_housekeeping(struct dp_worker *w)
{
	uint64_t elapsed;

	if (w->now_ns < w->next_tick_ns)
		return;
	elapsed = w->now_ns - w->last_tick_ns;
	w->last_tick_ns = w->now_ns;
	w->next_tick_ns = w->now_ns + DP_MS;
	set_retention(w);
	dp_neighbours_apply(w);
	dp_reassembly_expire(w);
	dp_padding(w);
	for (uint32_t i = 0; i < w->watched_count; i++)
		tick(w, w->watched[i]);
	for (struct dp_transport *t = w->ingress; t; t = t->ingress_next) {
		dp_report_producers(w, t);
		reclaim_streams(w, t);
	}
	visit_due_transports(w, elapsed);
}

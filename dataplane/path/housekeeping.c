/* SPDX-License-Identifier: Apache-2.0 */

/*
 * What time brings, a little of it every millisecond: reports to producers, and for each
 * of this worker's transports about once a second consent, reports and statistics.
 */

#include <string.h>

#include "shared/stats_slot.h"
#include "dataplane/path/neighbour.h"
#include "dataplane/path/report.h"
#include "dataplane/path/stages.h"
#include "dataplane/tables/audience.h"
#include "dataplane/tables/consumer.h"
#include "dataplane/tables/plain_transport.h"
#include "dataplane/tables/stream.h"
#include "dataplane/tables/stream_ring.h"
#include "dataplane/tables/transport.h"
#include "dataplane/tables/transport_state.h"
#include "dataplane/worker/clock.h"
#include "dataplane/worker/tell.h"
#include "dataplane/worker/worker.h"

#define CYCLE         (1000 * DP_MS)
#define RECLAIM_EVERY (10 * DP_MS)
#define RETENTION     (1000 * DP_MS) /* no viewer asks for a packet again after so long */

/* RFC 7675: without a valid check for so long nothing may be sent any more. */
static void check_consent(struct dp_worker *w, struct dp_transport *t)
{
	if (!t->consent_ns || !t->consent_limit_ns) /* never bound, or a plain one that may be silent */
		return;
	if (!t->idle) {
		if (w->now_ns - t->consent_ns < t->consent_limit_ns)
			return;
		t->idle = true;
		t->idle_told = false;
		dp_transport_refresh(t);
	}
	if (!t->idle_told)
		t->idle_told = dp_tell(w, SH_EV_TRANSPORT_IDLE, t->id, NULL);
}

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
	out.rx_packets = t->rx_packets;
	out.rx_bytes = t->rx_bytes;
	out.tx_packets = t->tx_packets;
	out.tx_bytes = t->tx_bytes;
	out.consent_ns = t->consent_ns;
	out.available_bps = t->remb_bps;
	sh_slot_write(&w->transport_stats[t->slot], &out, sizeof(out));
}

static void write_producer(struct dp_worker *w, struct dp_stream *s, uint64_t elapsed)
{
	struct sh_producer_stats out = {.id = s->id};

	s->bitrate_bps = bitrate(s->bytes, &s->last_bytes, elapsed);
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
	out.fraction_lost = s->receive.fraction_lost;
	sh_slot_write(&w->producer_stats[s->slot], &out, sizeof(out));
}

static void write_consumer(struct dp_worker *w, struct dp_consumer *c, uint64_t elapsed)
{
	struct sh_consumer_stats out = {.id = c->id};

	c->bitrate_bps = bitrate(c->bytes, &c->last_bytes, elapsed);
	out.transport = c->transport->id;
	out.producer = c->stream->id;
	out.ssrc = c->egress.ssrc;
	out.rtx_ssrc = c->egress.rtx_ssrc;
	out.packets = c->packets;
	out.bytes = c->bytes;
	out.packets_lost = c->reported_lost;
	out.fraction_lost = c->reported_fraction;
	out.nacks = c->nacks;
	out.plis = c->plis;
	out.rtx_packets = c->rtx_packets;
	out.jitter = c->reported_jitter;
	out.rtt_us = c->rtt_us;
	out.bitrate_bps = c->bitrate_bps;
	out.paused = c->paused;
	out.waiting_keyframe = c->waiting_keyframe;
	sh_slot_write(&w->consumer_stats[c->slot], &out, sizeof(out));
}

static void visit_transport(struct dp_worker *w, struct dp_transport *t)
{
	uint64_t elapsed = t->visited_ns ? w->now_ns - t->visited_ns : 0;

	check_consent(w, t);
	if (t->resolves)
		dp_plain_transport_solicit(w, t);
	dp_report_consumers(w, t);
	/* A request, or the key frame itself, may have been lost. */
	dp_consumers_want_keyframes(t);
	write_transport(w, t);
	for (struct dp_stream *s = t->streams; s; s = s->next_on_transport)
		write_producer(w, s, elapsed);
	for (struct dp_consumer *c = t->consumers; c; c = c->next_on_transport) {
		/* One whose device is stuck for long is not visited by the fan-out. */
		dp_audience_skip_expired(w, dp_audience_of(w, c->stream->slot, c->port_index), c);
		write_consumer(w, c, elapsed);
	}
	t->visited_ns = w->now_ns;
}

/* So many that a cycle over all of them takes a second. */
static void visit_some(struct dp_worker *w, uint64_t elapsed)
{
	uint64_t due;

	if (w->owned_next >= w->owned_count) {
		if (w->now_ns < w->next_cycle_ns)
			return;
		w->owned_next = 0;
		w->next_cycle_ns = w->now_ns + CYCLE;
	}
	due = 1 + w->owned_count * RTE_MIN(elapsed, CYCLE) / CYCLE;
	for (; due && w->owned_next < w->owned_count; due--)
		visit_transport(w, w->owned[w->owned_next++]);
}

/*
 * The pool that receives must never run dry because streams remember too much: with less
 * than a quarter of it left, they remember in proportion.
 */
static void choose_retention(struct dp_worker *w)
{
	const struct rte_mempool *pool = w->pool;
	uint64_t quarter = pool->size / 4, left = rte_mempool_avail_count(pool);
	uint64_t elsewhere =
		(uint64_t)w->workers * pool->cache_size * 3 / 2; /* may be in the workers' caches */

	left -= RTE_MIN(left, elsewhere);
	w->retention_ns = RETENTION * RTE_MIN(left, quarter) / quarter;
}

static void reclaim_streams(struct dp_worker *w, struct dp_transport *t)
{
	for (struct dp_stream *s = t->streams; s; s = s->next_on_transport)
		if (w->now_ns >= s->next_reclaim_ns) {
			s->next_reclaim_ns = w->now_ns + RECLAIM_EVERY;
			dp_stream_reclaim(s);
		}
}

void dp_housekeeping(struct dp_worker *w)
{
	uint64_t elapsed;

	if (w->now_ns < w->next_tick_ns)
		return;
	elapsed = w->now_ns - w->last_tick_ns;
	w->last_tick_ns = w->now_ns;
	w->next_tick_ns = w->now_ns + DP_MS;
	choose_retention(w);
	dp_neighbours_apply(w);
	for (uint32_t i = 0; i < w->watched_count; i++)
		dp_audience_tick(w, w->watched[i]);
	for (struct dp_transport *t = w->ingress; t; t = t->ingress_next) {
		dp_report_producers(w, t);
		reclaim_streams(w, t);
	}
	visit_some(w, elapsed);
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "dataplane/path/catch_up.h"

#include "dataplane/path/layered.h"
#include "dataplane/path/outgoing.h"
#include "dataplane/path/rewrite.h"
#include "dataplane/send/tx.h"
#include "dataplane/tables/audience.h"
#include "dataplane/tables/catch_up.h"
#include "dataplane/tables/consumer.h"
#include "dataplane/tables/continuation.h"
#include "dataplane/tables/stream.h"
#include "dataplane/tables/transport.h"
#include "dataplane/worker/clock.h"
#include "dataplane/worker/worker.h"

/*
 * Each loop that serves them writes at most WORK packets, which takes a fraction of a millisecond,
 * so that other viewers' packets do not wait. Nobody saves up more than BURST of credit.
 */
enum { WORK = 512 * DP_PACKET_WORK, VISITS = 1024, MARGIN_PARTS = 5 };
#define EVERY DP_MS
#define BURST (10 * DP_MS)

static int64_t earned(uint64_t elapsed_ns, uint64_t bps)
{
	return (int64_t)(elapsed_ns * (bps / 1000) / 8000000);
}

/* Writes the packet at the viewer's position; `bytes` of payload were written. False: no mbuf. */
static bool write_packet(struct dp_worker *w, struct dp_consumer *c, struct dp_outgoing *o, int64_t *bytes)
{
	const struct dp_stream *s = c->stream;
	const struct dp_ring_entry *entry = &s->ring[c->at & s->mask];
	uint32_t own = entry->info.timestamp, squeezed, offset;
	uint64_t sent = c->packets;
	bool done;

	if (c->selection) {
		done = dp_rewrite_layered(w, s, c->at, c, o);
	} else {
		squeezed = dp_squeeze(&c->catch_up->squeeze, own);
		if (dp_continuation_timestamp(w, c, &offset))
			c->timestamp_offset = offset - squeezed;
		offset = c->timestamp_offset;
		c->timestamp_offset += squeezed - own;
		done = dp_rewrite(w, s, c->at, c, o);
		c->timestamp_offset = offset;
	}
	*bytes = 0;
	if (!done || c->packets == sent)
		return done;
	/* Its age counts from now: it is no live packet. */
	*dp_tx_note(o->mbuf[o->count - 1]) = (struct dp_tx_note){.since_ns = w->now_ns};
	w->stats->catch_up_out++;
	if (!c->catch_up->key_ns && own != c->catch_up->squeeze.from)
		c->catch_up->key_ns = w->now_ns;
	*bytes = entry->info.payload_len;
	return true;
}

/* Whether there is room for one more packet to the viewer. */
static bool has_room(struct dp_worker *w, const struct dp_consumer *c, struct dp_outgoing *o)
{
	uint16_t port_id = c->transport->encap.port_id;

	if (o->count < DP_JOBS && dp_tx_room(w, port_id) > o->count)
		return true;
	dp_outgoing_flush(w, o);
	return dp_tx_room(w, port_id) > 0;
}

/* Whether it can go on from its position. */
static bool goes_on(const struct dp_audience *a, const struct dp_consumer *c)
{
	const struct dp_transport *t = c->transport;
	const struct dp_catch_up *u = c->catch_up;
	const struct dp_ring_entry *entry;

	if (c->paused || !t->can_send || t->limited || c->at < dp_audience_low(a))
		return false;
	/* The first one is the key frame; behind it, a restart of the source ends what can be caught up. */
	entry = &c->stream->ring[c->at & c->stream->mask];
	return entry->info.seq == u->from || !(c->waiting_keyframe || entry->restart);
}

static bool caught_up(const struct dp_consumer *c, uint64_t head)
{
	const struct dp_stream *s = c->stream;
	uint32_t last = s->ring[(head - 1) & s->mask].info.timestamp;

	return c->at == head && dp_squeeze_ended(&c->catch_up->squeeze, last, s->clock_rate / MARGIN_PARTS);
}

static void serve(struct dp_worker *w, struct dp_consumer *c, struct dp_outgoing *o)
{
	struct dp_audience *a = dp_audience_of(w, c->stream->slot, c->port_index);
	struct dp_catch_up *u = c->catch_up;
	uint64_t head = atomic_load_explicit(&c->stream->head, memory_order_acquire);

	u->credit += earned(RTE_MIN(w->now_ns - u->last_ns, BURST), u->kbps * UINT64_C(1000));
	u->last_ns = w->now_ns;
	for (; c->at < head && u->credit > 0 && w->catching_up.credit > 0 && o->allowed > 0; c->at++) {
		int64_t bytes;

		if (!goes_on(a, c)) {
			dp_catch_up_stop(w, c);
			return;
		}
		if (!has_room(w, c, o))
			return;
		if (!write_packet(w, c, o, &bytes))
			return;
		u->credit -= bytes;
		w->catching_up.credit -= bytes;
	}
	if (c->at == head && u->credit > 0)
		u->credit = 0;
	if (caught_up(c, head))
		(void)dp_catch_up_end(w, c);
}

unsigned dp_catch_up(struct dp_worker *w)
{
	struct dp_catching_up *all = &w->catching_up;
	struct dp_outgoing o;
	uint64_t budget = w->config->media.join_budget;

	if (!all->count || w->now_ns < all->next_ns)
		return 0;
	all->credit += earned(RTE_MIN(w->now_ns - all->last_ns, BURST), budget);
	all->credit = RTE_MIN(all->credit, earned(BURST, budget));
	all->last_ns = w->now_ns;
	all->next_ns = w->now_ns + EVERY;
	o.count = o.spares = 0;
	o.kind = SH_KIND_VIDEO;
	o.allowed = WORK;
	for (unsigned n = RTE_MIN(all->count, (uint32_t)VISITS); n && o.allowed > 0 && all->credit > 0; n--) {
		struct dp_consumer *c = all->first;

		dp_catch_up_rotate(w);
		serve(w, c, &o);
	}
	dp_outgoing_end(w, &o);
	return (unsigned)(WORK - o.allowed) / DP_PACKET_WORK;
}

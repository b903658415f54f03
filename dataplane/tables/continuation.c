/* SPDX-License-Identifier: Apache-2.0 */
#include "dataplane/tables/continuation.h"

#include <errno.h>

#include <rte_mempool.h>

#include "dataplane/rtp/ticks.h"
#include "dataplane/tables/consumer.h"
#include "dataplane/tables/selection.h"
#include "dataplane/tables/stream.h"
#include "dataplane/tables/transport.h"
#include "dataplane/worker/worker.h"

struct dp_continuation *dp_continuation_find(const struct dp_transport *t, uint32_t ssrc)
{
	struct dp_continuation *k = t->continuations;

	while (k && k->ssrc != ssrc)
		k = k->next_on_transport;
	return k;
}

static void restore(struct dp_consumer *c, const struct dp_continuation *k)
{
	c->seq.next = k->next;
	c->seq.late = k->late;
	c->rtx_seq = k->rtx_seq;
	c->rtx_roc = k->rtx_roc;
	c->rtx_packets = k->rtx_packets;
	c->packets = k->packets;
	c->bytes = c->last_bytes = k->bytes;
	c->sr_packets = (uint32_t)k->packets; /* there is nothing new to report */
	c->loss = k->loss;
	c->acknowledged = k->acknowledged;
}

void dp_continuation_begin(struct dp_consumer *c, struct dp_continuation *k)
{
	c->continuation = k;
	k->used = true;
	k->begins = true;
	if (k->kept)
		restore(c, k);
}

void dp_continuation_make(struct dp_worker *w, struct dp_consumer *c)
{
	struct dp_transport *t = c->transport;
	struct dp_continuation *k;
	void *memory;

	if (rte_mempool_get(w->continuation_pool, &memory))
		return;
	k = memory;
	*k = (struct dp_continuation){.ssrc = c->egress.ssrc,
		.rtx_ssrc = c->egress.rtx_ssrc,
		.next_on_transport = t->continuations};
	t->continuations = k;
	dp_continuation_begin(c, k);
}

bool dp_continuation_timestamp(const struct dp_worker *w, struct dp_consumer *c, uint32_t *timestamp)
{
	struct dp_continuation *k = c->continuation;

	if (!k || !k->begins)
		return false;
	k->begins = false;
	if (!k->timed)
		return false;
	*timestamp = k->timestamp + 1 + (uint32_t)dp_ns_to_ticks(w->now_ns - k->at_ns, k->clock_rate);
	return true;
}

/*
 * The viewer's timestamp of the stream's newest packet: none that was sent is later. Those that
 * were squeezed towards live may be ahead of the packet's own.
 */
static uint32_t newest_timestamp(const struct dp_consumer *c, uint32_t timestamp)
{
	if (c->selection && !dp_selection_begun(c)) /* it is not known yet how those of this stream shift */
		return c->selection->timestamp;
	if (c->catch_up)
		timestamp = dp_squeeze(&c->catch_up->squeeze, timestamp);
	return timestamp + (c->selection ? dp_selection_timestamp(c) : c->timestamp_offset);
}

/* Notes the latest timestamp that a consumer in its audience was sent. */
static void note_timestamp(const struct dp_consumer *c, struct dp_continuation *k)
{
	const struct dp_stream *s = c->stream;
	uint64_t head = atomic_load_explicit(&s->head, memory_order_acquire);
	const struct dp_ring_entry *newest = &s->ring[(head - 1) & s->mask];

	if (k->begins || !head)
		return;
	k->timed = true;
	k->clock_rate = s->clock_rate;
	k->at_ns = newest->rx_ns;
	k->timestamp = newest_timestamp(c, newest->info.timestamp);
}

void dp_continuation_stop(struct dp_consumer *c)
{
	note_timestamp(c, c->continuation);
}

static void note_numbers(const struct dp_consumer *c, struct dp_continuation *k)
{
	k->used = false;
	k->kept = true;
	k->next = c->seq.next;
	k->late = c->seq.late;
	k->rtx_seq = c->rtx_seq;
	k->rtx_roc = c->rtx_roc;
	k->rtx_packets = c->rtx_packets;
	k->packets = c->packets;
	k->bytes = c->bytes;
	k->loss = c->loss;
	k->acknowledged = c->acknowledged;
}

void dp_continuation_leave(struct dp_consumer *c)
{
	note_numbers(c, c->continuation);
	c->continuation = NULL;
}

void dp_continuation_save(const struct dp_consumer *c, struct dp_continuation *out)
{
	*out = (struct dp_continuation){
		.ssrc = c->egress.ssrc, .rtx_ssrc = c->egress.rtx_ssrc, .begins = !c->packets};
	if (c->continuation)
		*out = *c->continuation;
	note_timestamp(c, out);
	note_numbers(c, out);
	out->next_on_transport = NULL;
}

int dp_continuation_restore(struct dp_worker *w, struct dp_transport *t, const struct dp_continuation *saved)
{
	struct dp_continuation *k;
	void *memory;

	if (rte_mempool_get(w->continuation_pool, &memory))
		return ENOMEM;
	k = memory;
	*k = *saved;
	k->used = false;
	k->next_on_transport = t->continuations;
	t->continuations = k;
	return 0;
}

void dp_continuations_free(struct dp_worker *w, struct dp_transport *t)
{
	while (t->continuations) {
		struct dp_continuation *k = t->continuations;

		t->continuations = k->next_on_transport;
		rte_mempool_put(w->continuation_pool, k);
	}
}

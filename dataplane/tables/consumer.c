/* SPDX-License-Identifier: Apache-2.0 */

/* Adds, sets and deletes consumers, on the worker of their transport. */

#include "dataplane/tables/consumer.h"

#include <errno.h>
#include <string.h>

#include <rte_random.h>

#include "dataplane/tables/adaptation.h"
#include "dataplane/tables/audience.h"
#include "dataplane/tables/consumer_ssrcs.h"
#include "dataplane/tables/continuation.h"
#include "dataplane/tables/selection.h"
#include "dataplane/tables/srtp_keys.h"
#include "dataplane/tables/stream.h"
#include "dataplane/tables/transport.h"
#include "dataplane/worker/clock.h"
#include "dataplane/worker/messages.h"
#include "dataplane/worker/worker.h"
#include "shared/stats_slot.h"

#define RTT_MAX (1000 * DP_MS) /* a round-trip time that is reported longer is not believed */

/*
 * Returns a random first sequence number below 32768. With a higher one, a receiver that loses the
 * first packets could mis-estimate the SRTP rollover counter (ROC).
 */
static uint16_t first_seq(void)
{
	return (uint16_t)(1000 + rte_rand_max(32768 - 1000));
}

/*
 * Whether the consumer waits for a key frame, and media can reach the viewer: a key frame that
 * arrives during the viewer's DTLS handshake would be wasted, and one at an unproven address could
 * not be sent whole.
 */
static bool needs_keyframe(const struct dp_consumer *c)
{
	return c->waiting_keyframe && !c->paused && c->transport->can_send && !c->transport->limited &&
	       c->stream->kind == SH_KIND_VIDEO;
}

void dp_consumers_want_keyframes(struct dp_worker *w, const struct dp_transport *t)
{
	for (struct dp_consumer *c = t->consumers; c; c = c->next_on_transport)
		if (needs_keyframe(c) && !dp_catch_up_begin(w, c))
			dp_stream_want_keyframe(c->stream);
}

/*
 * Whether the viewer has a key frame on its way to it that it cannot have seen when it asked: one
 * that was sent less than a round trip ago.
 */
static bool crosses_keyframe(const struct dp_worker *w, const struct dp_consumer *c, uint64_t arrived)
{
	return !c->waiting_keyframe && arrived &&
	       !dp_older_than(w, arrived, RTE_MIN(c->rtt_us * UINT64_C(1000), RTT_MAX));
}

/*
 * Whether the ring serves the viewer better than the producer: it has lately begun with the ring's
 * key frame, which then was lost on its way; or the producer takes no requests, or has not answered
 * the last one. A receiver cannot request the packets before the first one that it received, so
 * that the loss of a key frame's first packet is not repaired.
 */
static bool ring_serves(const struct dp_worker *w, const struct dp_consumer *c, uint64_t arrived,
	uint64_t interval)
{
	uint64_t last = c->keyframes.last;

	return c->catch_up || !(c->stream->flags & (SH_PRODUCER_PLI | SH_PRODUCER_FIR)) ||
	       (last && arrived < last && dp_older_than(w, last, interval));
}

void dp_consumer_want_keyframe(struct dp_worker *w, struct dp_consumer *c)
{
	uint64_t interval = w->config->media.keyframe_ms * DP_MS;
	uint64_t arrived = atomic_load_explicit(&c->stream->keyframe_ns, memory_order_relaxed);
	bool limited;

	if (c->paused || c->stream->kind != SH_KIND_VIDEO || dp_catch_up_underway(w, c) ||
		crosses_keyframe(w, c, arrived))
		return;
	if (ring_serves(w, c, arrived, interval) && dp_catch_up_again(w, c))
		return;
	if (dp_keyframe_budget_take(&c->keyframes, w->now_ns, interval, arrived, &limited))
		dp_stream_want_keyframe(c->stream);
	w->stats->keyframe_limited += limited;
}

/*
 * Whether the transport's key has never protected a packet of these SSRCs; then they count as used.
 * A consumer counts its sequence numbers from a new start, so an SSRC that returns, even after its
 * consumer was deleted, would use nonces twice. SSRCs only ascend from the transport's first one
 * (shared/abi.h), so one number tells all that were used.
 */
static bool take_ssrcs(struct dp_transport *t, uint32_t ssrc, uint32_t rtx_ssrc)
{
	uint32_t first = t->ssrcs_used ? t->first_ssrc : ssrc;
	uint32_t media = ssrc - first, rtx = rtx_ssrc - first, last = rtx_ssrc ? rtx : media;

	if (media < t->ssrcs_used || (rtx_ssrc && rtx <= media) || last == UINT32_MAX)
		return false;
	t->first_ssrc = first;
	t->ssrcs_used = last + 1;
	return true;
}

/*
 * What the last consumer with these SSRCs has left, if they may return; NULL: there was none.
 * False: a consumer has them now, or they belonged to different ones.
 */
static bool find_before(const struct dp_transport *t, const struct sh_consumer_add *add, bool may_return,
	struct dp_continuation **out)
{
	*out = may_return ? dp_continuation_find(t, add->ssrc) : NULL;
	return !*out || (!(*out)->used && (*out)->rtx_ssrc == add->rtx_ssrc);
}

static void uncount(struct dp_worker *w, struct dp_transport *t)
{
	t->consumer_count--;
	(void)dp_transport_expect_ssrcs(w, t);
}

/* Counts one more consumer. 0, or ENOSPC: nothing has changed. */
static int count(struct dp_worker *w, struct dp_transport *t)
{
	int error;

	t->consumer_count++;
	error = dp_transport_expect_ssrcs(w, t);
	if (error)
		uncount(w, t);
	return error;
}

int dp_consumer_add(struct dp_worker *w, const struct dp_op *op)
{
	struct dp_consumer *c = &w->consumers[op->slot];
	struct dp_transport *t = &w->transports[op->slot2];
	const struct sh_consumer_add *add = &op->cmd.consumer_add;
	bool may_return = add->flags & SH_CONSUMER_CONTINUES || op->saved;
	struct dp_continuation *before;

	if (!find_before(t, add, may_return, &before) ||
		(!before && !take_ssrcs(t, add->ssrc, add->rtx_ssrc)))
		return EEXIST;
	if (count(w, t) != 0)
		return ENOSPC;
	memset(c, 0, sizeof(*c));
	c->id = op->cmd.id;
	c->slot = op->slot;
	c->transport = t;
	c->stream = &w->streams[op->slot3];
	c->flags = (uint16_t)add->flags;
	c->paused = add->flags & SH_CONSUMER_PAUSED;
	c->timestamp_offset = dp_consumer_is_pipe(c) ? 0 : (uint32_t)rte_rand();
	c->rtx_seq = first_seq();
	dp_egress_init(&c->egress, add->ssrc, add->rtx_ssrc, add->pt, add->rtx_pt, add->mid, add->mid_len,
		add->ext_id);
	dp_seqmap_init(&c->seq, first_seq());
	c->acknowledged = (uint32_t)c->seq.next - 1;
	dp_loss_init(&c->loss, (uint16_t)c->seq.next, c->rtx_seq);
	if (c->stream->layering && !dp_consumer_is_pipe(c) && dp_selection_add(w, c, &add->wishes)) {
		uncount(w, t);
		return ENOMEM;
	}
	if (!dp_audience_join(w, c)) {
		if (c->selection)
			dp_selection_remove(w, c);
		uncount(w, t);
		return ENOMEM;
	}
	if (before)
		dp_continuation_begin(c, before);
	else if (add->flags & SH_CONSUMER_CONTINUES)
		dp_continuation_make(w, c);
	c->next_on_transport = t->consumers;
	t->consumers = c;
	dp_consumer_ssrcs_add(w, c);
	/* Skips packets until one at which a decoder can start; for audio that is any packet. */
	c->waiting_keyframe = true;
	dp_adaptation_decide(w, t);
	if (needs_keyframe(c) && !dp_catch_up_begin(w, c))
		dp_stream_want_keyframe(c->stream);
	w->stats->consumers++;
	return 0;
}

int dp_consumer_set(struct dp_worker *w, const struct dp_op *op)
{
	struct dp_consumer *c = &w->consumers[op->slot];
	const struct sh_consumer_set *set = &op->cmd.consumer_set;
	bool resumed = c->paused && !set->paused;

	c->paused = set->paused;
	if (c->paused)
		dp_catch_up_stop(w, c);
	if (c->selection)
		dp_selection_wish(w, c, &set->wishes);
	c->waiting_keyframe |= resumed;
	if (resumed && needs_keyframe(c) && dp_catch_up_begin(w, c))
		return 0;
	if (set->keyframe || (resumed && needs_keyframe(c)))
		dp_consumer_want_keyframe(w, c);
	return 0;
}

/* Adds what exceeds the highest value so far: a sum must not fall when a late packet fills a gap. */
static void add_growth(uint64_t *sum, uint32_t *told, uint32_t now)
{
	if ((int32_t)(now - *told) <= 0)
		return;
	*sum += now - *told;
	*told = now;
}

struct dp_loss_sums dp_consumer_account(struct dp_worker *w, struct dp_consumer *c)
{
	const struct dp_loss_sent sent = dp_consumer_sent(c);
	struct dp_loss_sums sums;

	if (!dp_selection_filters(c))
		dp_loss_settle(&c->loss, sent.next);
	sums = dp_loss_sums(&c->loss, &sent);
	add_growth(&w->stats->viewer_lost_before, &c->loss.told_before, sums.before);
	add_growth(&w->stats->viewer_lost_after, &c->loss.told_after, sums.after);
	add_growth(&w->stats->viewer_repaired, &c->loss.told_repaired, sums.repaired);
	return sums;
}

int dp_consumer_del(struct dp_worker *w, const struct dp_op *op)
{
	struct dp_consumer *c = &w->consumers[op->slot];
	struct dp_consumer **at = &c->transport->consumers;

	while (*at != c)
		at = &(*at)->next_on_transport;
	*at = c->next_on_transport;
	uncount(w, c->transport);
	dp_consumer_ssrcs_remove(w, c);
	if (c->continuation)
		dp_continuation_stop(c);
	dp_catch_up_stop(w, c);
	dp_catch_up_release(w, c, true);
	dp_audience_leave(w, c);
	(void)dp_consumer_account(w, c);
	if (c->continuation)
		dp_continuation_leave(c);
	if (c->selection)
		dp_selection_remove(w, c);
	sh_slot_clear(&w->consumer_stats[op->slot]);
	w->stats->consumers--;
	return 0;
}

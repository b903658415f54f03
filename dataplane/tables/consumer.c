/* SPDX-License-Identifier: Apache-2.0 */

/* Adds, sets and deletes consumers, on the worker of their transport. */

#include "dataplane/tables/consumer.h"

#include <errno.h>
#include <string.h>

#include <rte_random.h>

#include "dataplane/tables/audience.h"
#include "dataplane/tables/stream.h"
#include "dataplane/tables/transport.h"
#include "dataplane/worker/messages.h"
#include "dataplane/worker/worker.h"
#include "shared/stats_slot.h"

/*
 * Returns a random first sequence number below 32768. With a higher one, a receiver that loses the
 * first packets could mis-estimate the SRTP rollover counter (ROC).
 */
static uint16_t first_seq(void)
{
	return (uint16_t)(1000 + rte_rand_max(32768 - 1000));
}

/*
 * Requests a key frame if the consumer waits for one, but not before media can reach the viewer: a
 * key frame that arrives during the viewer's DTLS handshake would be wasted.
 */
static void request_keyframe(const struct dp_consumer *c)
{
	if (c->waiting_keyframe && !c->paused && c->transport->can_send && c->stream->kind == SH_KIND_VIDEO)
		dp_stream_want_keyframe(c->stream);
}

void dp_consumers_want_keyframes(const struct dp_transport *t)
{
	for (const struct dp_consumer *c = t->consumers; c; c = c->next_on_transport)
		request_keyframe(c);
}

/* Skips packets until one at which a decoder can start; for audio that is any packet. */
static void wait_for_keyframe(struct dp_consumer *c)
{
	c->waiting_keyframe = true;
	request_keyframe(c);
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

int dp_consumer_add(struct dp_worker *w, const struct dp_op *op)
{
	struct dp_consumer *c = &w->consumers[op->slot];
	struct dp_transport *t = &w->transports[op->slot2];
	const struct sh_consumer_add *add = &op->cmd.consumer_add;

	if (!take_ssrcs(t, add->ssrc, add->rtx_ssrc))
		return EEXIST;
	memset(c, 0, sizeof(*c));
	c->id = op->cmd.id;
	c->slot = op->slot;
	c->transport = t;
	c->stream = &w->streams[op->slot3];
	c->flags = add->flags;
	c->paused = add->flags & SH_CONSUMER_PAUSED;
	c->timestamp_offset = (uint32_t)rte_rand();
	c->rtx_seq = first_seq();
	dp_egress_init(&c->egress, add->ssrc, add->rtx_ssrc, add->pt, add->rtx_pt, add->mid, add->mid_len,
		add->ext_id);
	dp_seqmap_init(&c->seq, first_seq());
	if (!dp_audience_join(w, c))
		return ENOMEM;
	c->next_on_transport = t->consumers;
	t->consumers = c;
	wait_for_keyframe(c);
	w->stats->consumers++;
	return 0;
}

int dp_consumer_set(struct dp_worker *w, const struct dp_op *op)
{
	struct dp_consumer *c = &w->consumers[op->slot];
	const struct sh_consumer_set *set = &op->cmd.consumer_set;
	bool resumed = c->paused && !set->paused;

	(void)w;
	c->paused = set->paused;
	if (resumed)
		wait_for_keyframe(c);
	if (set->keyframe)
		dp_stream_want_keyframe(c->stream);
	return 0;
}

int dp_consumer_del(struct dp_worker *w, const struct dp_op *op)
{
	struct dp_consumer *c = &w->consumers[op->slot];
	struct dp_consumer **at = &c->transport->consumers;

	while (*at != c)
		at = &(*at)->next_on_transport;
	*at = c->next_on_transport;
	dp_audience_leave(w, c);
	sh_slot_clear(&w->consumer_stats[op->slot]);
	w->stats->consumers--;
	return 0;
}

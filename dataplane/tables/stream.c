/* SPDX-License-Identifier: Apache-2.0 */

/* Adds, sets and deletes streams on their owner; the agent allocates and frees their rings. */

#include "dataplane/tables/stream.h"

#include <errno.h>
#include <string.h>

#include <rte_malloc.h>
#include <rte_mbuf.h>
#include <rte_mempool.h>

#include "dataplane/tables/layering.h"
#include "dataplane/tables/srtp_keys.h"
#include "dataplane/tables/stream_ring.h"
#include "dataplane/tables/stream_ssrcs.h"
#include "dataplane/tables/transport.h"
#include "dataplane/worker/messages.h"
#include "dataplane/worker/worker.h"
#include "shared/ids.h"
#include "shared/stats_slot.h"

enum { AUDIO_PACKETS = 512 };

/* Whether viewers can choose among layers. */
static bool layered(const struct sh_producer_add *p)
{
	return p->encodings > 1 || p->spatial_layers > 1 || p->temporal_layers > 1;
}

int dp_stream_prepare(struct dp_stream *s, const struct sh_config *config, const struct sh_producer_add *p,
	int socket)
{
	uint32_t size = p->kind == SH_KIND_VIDEO ? dp_key_cache_ring(config) : AUDIO_PACKETS;

	memset(s, 0, sizeof(*s));
	atomic_store(&s->key, DP_CURSOR_NONE);
	s->mask = size - 1;
	s->window = size / 2;
	s->ring = rte_zmalloc_socket("stream ring", size * sizeof(*s->ring), RTE_CACHE_LINE_SIZE, socket);
	s->by_seq =
		rte_zmalloc_socket("stream index", size * sizeof(*s->by_seq), RTE_CACHE_LINE_SIZE, socket);
	s->cursor = rte_zmalloc_socket("cursors", config->dataplane.workers * sizeof(*s->cursor),
		RTE_CACHE_LINE_SIZE, socket);
	for (unsigned i = 0; s->cursor && i < config->dataplane.workers; i++)
		atomic_store(&s->cursor[i].at, DP_CURSOR_NONE);
	if (layered(p))
		s->layering = dp_layering_new(p, size, socket);
	if (s->ring && s->by_seq && s->cursor && (s->layering || !layered(p)))
		return 0;
	dp_stream_dispose(s);
	return ENOMEM;
}

void dp_stream_dispose(struct dp_stream *s)
{
	rte_free(s->ring);
	rte_free((void *)s->by_seq);
	rte_free(s->cursor);
	dp_layering_free(s->layering);
	s->ring = NULL;
	s->by_seq = NULL;
	s->cursor = NULL;
	s->layering = NULL;
}

static void list_ingress(struct dp_worker *w, struct dp_transport *t)
{
	t->ingress_prev = NULL;
	t->ingress_next = w->ingress;
	if (w->ingress)
		w->ingress->ingress_prev = t;
	w->ingress = t;
}

static void unlist_ingress(struct dp_worker *w, struct dp_transport *t)
{
	if (t->ingress_prev)
		t->ingress_prev->ingress_next = t->ingress_next;
	else
		w->ingress = t->ingress_next;
	if (t->ingress_next)
		t->ingress_next->ingress_prev = t->ingress_prev;
}

/*
 * Transport-wide sequence numbers count over all streams of a transport, which has one state for
 * them.
 */
static int attach_twcc(struct dp_worker *w, struct dp_transport *t, uint8_t ext_id)
{
	void *state;

	if (!ext_id || t->twcc)
		return 0;
	if (rte_mempool_get(w->twcc_pool, &state))
		return ENOMEM;
	t->twcc = state;
	t->twcc_ext_id = ext_id;
	dp_twcc_init(t->twcc);
	return 0;
}

/* Neither route() nor the replay window accepts what is further behind. */
static void start_nack(struct dp_stream *s)
{
	dp_nack_init(&s->nack, RTE_MIN(s->window, (uint32_t)DP_SRTP_WINDOW) - 1);
}

static void remove_ssrcs(struct dp_worker *w, struct dp_transport *t, uint8_t rtx_pt)
{
	t->stream_ssrcs -= rtx_pt ? 2 : 1;
	(void)dp_transport_expect_ssrcs(w, t);
}

/* Counts the SSRCs of one more stream. 0, or ENOSPC: nothing has changed. */
static int add_ssrcs(struct dp_worker *w, struct dp_transport *t, uint8_t rtx_pt)
{
	int error;

	t->stream_ssrcs += rtx_pt ? 2 : 1;
	error = dp_transport_expect_ssrcs(w, t);
	if (error)
		remove_ssrcs(w, t, rtx_pt);
	return error;
}

int dp_stream_add(struct dp_worker *w, const struct dp_op *op)
{
	struct dp_stream *s = &w->streams[op->slot];
	struct dp_transport *t = &w->transports[op->slot2];
	const struct sh_producer_add *p = &op->cmd.producer_add;
	int error = add_ssrcs(w, t, p->rtx_pt);

	if (error)
		return error;
	error = attach_twcc(w, t, p->flags & SH_PRODUCER_TWCC ? p->ext_id[SH_EXT_TWCC] : 0);
	if (error) {
		remove_ssrcs(w, t, p->rtx_pt);
		return error;
	}
	s->id = op->cmd.id;
	s->slot = op->slot;
	s->owner = w->id;
	s->kind = p->kind;
	s->codec = p->codec;
	s->clock_rate = p->clock_rate;
	s->cname_len = p->cname_len;
	memcpy(s->cname, p->cname, sizeof(s->cname));
	s->ssrc = p->ssrc;
	s->rtx_ssrc = p->rtx_ssrc;
	s->pt = p->pt;
	s->rtx_pt = p->rtx_pt;
	s->flags = p->flags;
	s->paused = p->flags & SH_PRODUCER_PAUSED;
	memcpy(s->ext_id, p->ext_id, sizeof(s->ext_id));
	s->mid_len = p->mid_len;
	s->rid_len = p->rid_len;
	memcpy(s->mid, p->mid, sizeof(s->mid));
	memcpy(s->rid, p->rid, sizeof(s->rid));
	dp_receive_init(&s->receive, p->clock_rate);
	dp_source_clock_init(&s->clock, p->clock_rate);
	start_nack(s);

	s->encoding = p->encoding;
	s->lead = &w->streams[op->slot3];
	if (s->lead == s)
		dp_encodings_init(&s->encodings, p->encodings);
	dp_encodings_put(s->lead, p->encoding, s);

	s->transport = t;
	if (!t->streams)
		list_ingress(w, t);
	dp_stream_list(t, s);
	/* Packets that came before this operation were dropped, perhaps with the only key frame. */
	if (s->kind == SH_KIND_VIDEO)
		dp_stream_want_keyframe(s);
	w->stats->streams++;
	return 0;
}

int dp_stream_set(struct dp_worker *w, const struct dp_op *op)
{
	struct dp_stream *s = &w->streams[op->slot];
	const struct sh_producer_set *set = &op->cmd.producer_set;

	if (s->paused && !set->paused) {
		s->restart = true;
		if (s->kind == SH_KIND_VIDEO)
			dp_stream_want_keyframe(s);
	}
	s->paused = set->paused;
	if (s->paused)
		dp_key_cache_forget(s);
	if (set->keyframe)
		dp_stream_want_keyframe(s);
	return 0;
}

int dp_stream_observe(struct dp_worker *w, const struct dp_op *op)
{
	struct dp_stream *s = &w->streams[op->slot];
	bool wanted = op->cmd.producer_observe.levels && s->kind == SH_KIND_AUDIO;

	s->level_ext = wanted ? s->ext_id[SH_EXT_AUDIO_LEVEL] : 0;
	return 0;
}

int dp_stream_del(struct dp_worker *w, const struct dp_op *op)
{
	struct dp_stream *s = &w->streams[op->slot];
	struct dp_transport *t = s->transport;

	dp_stream_unlist(t, s);
	remove_ssrcs(w, t, s->rtx_pt);
	if (!t->streams) {
		unlist_ingress(w, t);
		if (t->twcc)
			rte_mempool_put(w->twcc_pool, t->twcc);
		t->twcc = NULL;
	}
	dp_key_cache_forget(s);
	rte_pktmbuf_free(s->held);
	dp_encodings_put(s->lead, s->encoding, NULL);
	dp_stream_reclaim_all(s);
	sh_slot_clear(&w->producer_stats[op->slot]);
	w->stats->streams--;
	return 0;
}

void dp_stream_set_clock(struct dp_stream *s, uint64_t ntp, uint32_t rtp, uint64_t now_ns)
{
	uint64_t version = atomic_load_explicit(&s->sr_version, memory_order_relaxed);

	/*
	 * Seqlock with one writer: the version is odd while the fields change. The release fence
	 * makes the odd version visible before any new field.
	 */
	atomic_store_explicit(&s->sr_version, version + 1, memory_order_relaxed);
	atomic_thread_fence(memory_order_release);
	atomic_store_explicit(&s->sr_ntp, ntp, memory_order_relaxed);
	atomic_store_explicit(&s->sr_rtp, rtp, memory_order_relaxed);
	atomic_store_explicit(&s->sr_ns, now_ns, memory_order_relaxed);
	atomic_store_explicit(&s->sr_version, version + 2, memory_order_release);
}

void dp_stream_publish_clock(struct dp_stream *s)
{
	struct dp_sr_clock c = dp_source_clock_get(&s->clock);

	dp_stream_set_clock(s, c.ntp, c.rtp, c.ns);
}

bool dp_stream_clock(const struct dp_stream *s, struct dp_sr_clock *out)
{
	uint64_t version = atomic_load_explicit(&s->sr_version, memory_order_acquire);

	out->ntp = atomic_load_explicit(&s->sr_ntp, memory_order_relaxed);
	out->rtp = atomic_load_explicit(&s->sr_rtp, memory_order_relaxed);
	out->ns = atomic_load_explicit(&s->sr_ns, memory_order_relaxed);
	out->clock_rate = s->clock_rate;
	atomic_thread_fence(memory_order_acquire);
	return !(version & 1) && atomic_load_explicit(&s->sr_version, memory_order_relaxed) == version;
}

void dp_stream_restart(struct dp_stream *s, uint16_t seq)
{
	s->may_restart = false;
	s->restart = true;
	if (s->rebound)
		dp_receive_rebind(&s->receive, seq);
	else
		dp_receive_restart(&s->receive, seq);
	s->rebound = false;
	dp_source_clock_init(&s->clock, s->clock_rate);
	start_nack(s);
	s->starts = (struct dp_keyframes){0};
	dp_key_cache_forget(s);
	if (s->layering)
		dp_layering_restart(s);
	dp_stream_set_clock(s, 0, 0, 0);
}

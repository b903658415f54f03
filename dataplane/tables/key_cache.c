/* SPDX-License-Identifier: Apache-2.0 */
#include "dataplane/tables/key_cache.h"

#include <rte_bitops.h> /* rte_align32pow2(), from DPDK 23.11 on */
#include <rte_common.h>

#include "dataplane/tables/stream.h"
#include "dataplane/worker/worker.h"
#include "shared/config.h"

uint32_t dp_key_cache_most(const struct dp_stream *s)
{
	return (s->mask + 1) / 4 * 3;
}

uint32_t dp_key_cache_ring(const struct sh_config *c)
{
	uint32_t packets = c->media.cache_bytes / DP_KEY_CACHE_PACKET;

	if (!c->media.cache_ms)
		return c->dataplane.stream_packets;
	return RTE_MAX(c->dataplane.stream_packets, rte_align32pow2(packets / 3 * 4));
}

static void publish(struct dp_stream *s, uint64_t position)
{
	atomic_store_explicit(&s->key, position, memory_order_release);
}

void dp_key_cache_forget(struct dp_stream *s)
{
	s->cache.collecting = false;
	publish(s, DP_CURSOR_NONE);
}

void dp_key_cache_expire(struct dp_worker *w, struct dp_stream *s, uint64_t most_ns)
{
	uint64_t key = atomic_load_explicit(&s->key, memory_order_relaxed);

	if (key != DP_CURSOR_NONE && dp_older_than(w, s->ring[key & s->mask].rx_ns, most_ns))
		publish(s, DP_CURSOR_NONE);
}

/* The first packet of a key frame. */
static void collect(struct dp_stream *s, uint64_t position)
{
	const struct dp_rtp_info *p = &s->ring[position & s->mask].info;

	s->cache = (struct dp_key_cache){
		.collecting = true,
		.position = position,
		.seq = p->seq,
		.end = p->marker ? p->seq : UINT64_MAX,
		.timestamp = p->timestamp,
		.packets = 1,
	};
}

/* Another packet: of that frame, or of one that follows. */
static void follow(struct dp_key_cache *c, const struct dp_rtp_info *p)
{
	if (p->seq < c->seq)
		return;
	if (p->timestamp != c->timestamp) {
		c->end = RTE_MIN(c->end, p->seq - 1);
		return;
	}
	c->packets++;
	if (p->marker)
		c->end = RTE_MIN(c->end, p->seq);
}

void dp_key_cache_packet(struct dp_stream *s, uint64_t position)
{
	const struct dp_ring_entry *entry = &s->ring[position & s->mask];
	struct dp_key_cache *c = &s->cache;
	uint64_t key = atomic_load_explicit(&s->key, memory_order_relaxed);

	if (entry->restart || (key != DP_CURSOR_NONE && position - key >= dp_key_cache_most(s)))
		publish(s, DP_CURSOR_NONE);
	if (entry->info.keyframe && (!c->collecting || entry->restart || entry->info.seq > c->seq))
		collect(s, position);
	else if (c->collecting && (entry->restart || position - c->position >= dp_key_cache_most(s)))
		c->collecting = false;
	else if (c->collecting)
		follow(c, &entry->info);
	if (!c->collecting || c->end == UINT64_MAX || c->packets < c->end - c->seq + 1)
		return;
	c->collecting = false;
	publish(s, c->position);
	dp_stream_keyframe_arrived(s);
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "dataplane/tables/layering.h"

#include <rte_malloc.h>

#include "dataplane/rtp/egress.h"
#include "dataplane/rtp/rtp.h"
#include "dataplane/tables/stream.h"
#include "dataplane/worker/clock.h"
#include "dataplane/worker/worker.h"

#define RATE_EVERY (1000 * DP_MS)
enum { FALL_PARTS = 4 }; /* a rate falls by 1/FALL_PARTS of the difference at a time */

/*
 * Which packets pass at the points of this stream, unless it sends dependency descriptors. Without
 * them H264 has no layers, and of AV1 no packet names them.
 */
static enum dp_point_rule rule_of(const struct sh_producer_add *p)
{
	if (p->spatial_layers * p->temporal_layers == 1)
		return DP_POINT_ALL;
	if (p->codec == SH_CODEC_VP9)
		return p->svc == SH_SVC_KEY ? DP_POINT_KEY_SVC : DP_POINT_SVC;
	return p->codec == SH_CODEC_VP8 ? DP_POINT_TEMPORAL : DP_POINT_ALL;
}

static void make_points(struct dp_layering *l, const struct sh_producer_add *p)
{
	for (unsigned i = 0; i < l->points; i++)
		l->point[i] = (struct dp_point){
			.rule = rule_of(p),
			.spatial = (uint8_t)(i / l->temporal),
			.temporal = (uint8_t)(i % l->temporal),
		};
}

/* The memory of all numberings is one block, behind the frames. */
static void make_numbers(struct dp_layering *l, uint32_t entries)
{
	uint8_t *memory = (uint8_t *)(l->frame + entries);

	for (unsigned i = 0; i < l->points && l->points > 1; i++)
		dp_numbers_init(&l->numbers[i], memory + i * dp_numbers_size(entries), entries);
}

size_t dp_layering_bytes(uint32_t entries)
{
	return sizeof(struct dp_layering) + entries * sizeof(struct dp_frame_info) +
	       DP_POINTS_MAX * dp_numbers_size(entries);
}

struct dp_layering *dp_layering_new(const struct sh_producer_add *p, uint32_t entries, int socket)
{
	struct dp_layering *l = rte_zmalloc_socket("layering", sizeof(*l), RTE_CACHE_LINE_SIZE, socket);
	size_t size = entries * sizeof(*l->frame);
	bool descriptor = p->ext_id[SH_EXT_DEPENDENCY_DESCRIPTOR];

	if (!l)
		return NULL;
	l->spatial = p->spatial_layers;
	l->temporal = p->temporal_layers;
	l->points = (uint8_t)(l->spatial * l->temporal);
	if (l->points > 1)
		size += l->points * dp_numbers_size(entries);
	l->frame = rte_zmalloc_socket("frames", size, RTE_CACHE_LINE_SIZE, socket);
	if (!l->frame) {
		rte_free(l);
		return NULL;
	}
	make_points(l, p);
	make_numbers(l, entries);
	dp_codec_init(&l->codec, (enum sh_codec)p->codec, descriptor ? &l->dependencies : NULL);
	return l;
}

void dp_layering_free(struct dp_layering *l)
{
	if (l)
		rte_free(l->frame);
	rte_free(l);
}

void dp_layering_restart(struct dp_stream *s)
{
	struct dp_layering *l = s->layering;

	l->dependencies = (struct dp_dependencies){0};
	dp_codec_init(&l->codec, (enum sh_codec)s->codec, l->codec.dependencies);
}

/*
 * There is a structure of dependency descriptors, the first or another one: decode targets may have
 * other indexes.
 */
static void find_targets(struct dp_layering *l)
{
	for (unsigned i = 0; i < l->points; i++) {
		struct dp_point *p = &l->point[i];
		int target = dp_dependencies_target(&l->dependencies, p->spatial, p->temporal);

		p->rule = DP_POINT_TARGET;
		p->target = (uint8_t)(target < 0 ? 0 : target);
	}
}

/* Whether the newest set is what the structure and the active targets say. */
static bool is_current(const struct dp_layering *l, const uint32_t mask[DP_POINTS_MAX])
{
	const struct dp_active_set *a = &l->active_set[l->active_version % DP_ACTIVE_SETS];

	if (!l->active_version || a->targets != l->dependencies.structure.targets)
		return false;
	for (unsigned i = 0; i < l->points; i++)
		if (a->mask[i] != mask[i])
			return false;
	return true;
}

static void add_active_set(struct dp_layering *l, const uint32_t mask[DP_POINTS_MAX])
{
	/* The low 16 bits, which a frame remembers, are never 0. */
	uint32_t version = l->active_version + 1 + ((uint16_t)(l->active_version + 1) == 0);
	struct dp_active_set *a = &l->active_set[version % DP_ACTIVE_SETS];

	atomic_store_explicit(&a->version, 0, memory_order_relaxed);
	atomic_thread_fence(memory_order_release);
	atomic_store_explicit(&a->targets, l->dependencies.structure.targets, memory_order_relaxed);
	for (unsigned i = 0; i < l->points; i++)
		atomic_store_explicit(&a->mask[i], mask[i], memory_order_relaxed);
	atomic_store_explicit(&a->version, version, memory_order_release);
	l->active_version = version;
}

/*
 * Notes which active decode targets apply to the frame. Of one that comes late, perhaps after
 * another structure, it is not known.
 */
static void find_active(struct dp_layering *l, struct dp_frame_info *f)
{
	const struct dp_dependencies *d = &l->dependencies;
	uint32_t mask[DP_POINTS_MAX];

	if (!(f->flags & DP_FRAME_DEPENDENCIES) || f->flags & DP_FRAME_PICTURE_ID ||
		f->frame_number != d->newest)
		return;
	if (f->flags & DP_FRAME_STRUCTURE || d->active != l->active_seen) {
		for (unsigned i = 0; i < l->points; i++)
			mask[i] = dp_dependencies_active(d, l->point[i].spatial, l->point[i].temporal);
		if (!is_current(l, mask))
			add_active_set(l, mask);
		l->active_seen = d->active;
	}
	f->active = (uint16_t)l->active_version;
}

bool dp_layering_active(const struct dp_layering *l, const struct dp_frame_info *f, unsigned point,
	uint8_t *targets, uint32_t *mask)
{
	const struct dp_active_set *a = &l->active_set[f->active % DP_ACTIVE_SETS];
	uint32_t version = atomic_load_explicit(&a->version, memory_order_acquire);

	if (!f->active || (uint16_t)version != f->active)
		return false;
	*targets = (uint8_t)atomic_load_explicit(&a->targets, memory_order_relaxed);
	*mask = atomic_load_explicit(&a->mask[point], memory_order_relaxed);
	atomic_thread_fence(memory_order_acquire);
	return atomic_load_explicit(&a->version, memory_order_relaxed) == version;
}

static void read_frame(struct dp_worker *w, struct dp_stream *s, const struct dp_rtp *rtp, const uint8_t *pkt,
	const struct dp_ring_entry *entry, struct dp_frame_info *frame)
{
	struct dp_codec_packet p = {
		.seq = entry->info.seq,
		.timestamp = rtp->timestamp,
		.marker = rtp->marker,
		.payload = entry->payload,
		.payload_len = entry->info.payload_len,
	};
	struct dp_rtp_ext ext;

	if (dp_ext_find(rtp, pkt, s->ext_id[SH_EXT_DEPENDENCY_DESCRIPTOR], &ext)) {
		p.descriptor = ext.data;
		p.descriptor_len = ext.len;
	}
	if (dp_codec_packet(&s->layering->codec, &p, frame)) {
		s->malformed_frames++;
		w->stats->malformed_frames++;
	}
}

static void number(struct dp_layering *l, const struct dp_ring_entry *entry,
	const struct dp_frame_info *frame)
{
	/* Padding comes behind a picture: if that was skipped, its picture is counted here. */
	bool new_picture = !l->pictures || entry->info.timestamp != l->picture || !entry->info.payload_len;

	for (unsigned i = 0; i < l->points; i++) {
		enum dp_verdict verdict = dp_point_packet(&l->point[i], frame);

		if (verdict != DP_POINT_DROP)
			l->bytes[i] += entry->info.payload_len;
		if (l->points > 1)
			dp_numbers_packet(&l->numbers[i], entry->info.seq, new_picture, verdict);
	}
}

/* Notes that the spatial layer of this frame is sent. */
static void hear(struct dp_layering *l, const struct dp_frame_info *frame, uint64_t ns)
{
	if (!(frame->flags & DP_FRAME_LAYERS) || frame->spatial >= l->spatial)
		return;
	l->layer[frame->spatial].last_ns = ns;
	l->layer[frame->spatial].pictures = l->pictures;
}

void dp_layering_packet(struct dp_worker *w, struct dp_stream *s, struct dp_ring_entry *entry,
	const struct dp_rtp *rtp, const uint8_t *pkt)
{
	struct dp_layering *l = s->layering;
	uint64_t head = atomic_load_explicit(&s->head, memory_order_relaxed);
	struct dp_frame_info *frame = &l->frame[head & s->mask];
	const struct dp_picture_size *size;

	read_frame(w, s, rtp, pkt, entry, frame);
	entry->info.keyframe = frame->flags & DP_FRAME_BEGINS;
	if (l->points > 1 && frame->flags & DP_FRAME_STRUCTURE && frame->flags & DP_FRAME_DEPENDENCIES)
		find_targets(l);
	find_active(l, frame);
	hear(l, frame, entry->rx_ns);
	number(l, entry, frame);
	/* Padding alone, by which senders probe, is of no picture and does not keep an encoding active. */
	if (!entry->info.payload_len)
		return;
	l->last_ns = entry->rx_ns;
	size = &l->codec.layers.size[l->codec.layers.spatial ? l->codec.layers.spatial - 1 : 0];
	atomic_store_explicit(&l->size, (uint32_t)size->width << 16 | size->height, memory_order_relaxed);
	if (l->pictures && (int32_t)(rtp->timestamp - l->picture) <= 0)
		return;
	l->pictures++;
	l->picture = rtp->timestamp;
	atomic_store_explicit(&l->arrival_timestamp, rtp->timestamp, memory_order_relaxed);
	atomic_store_explicit(&l->arrival_ns, entry->rx_ns, memory_order_relaxed);
}

void dp_layering_rates(struct dp_layering *l, uint64_t now_ns)
{
	uint64_t elapsed = now_ns - l->last_rate_ns;

	if (elapsed < RATE_EVERY)
		return;
	for (unsigned i = 0; i < l->points; i++) {
		uint64_t kbps = l->last_rate_ns ? l->bytes[i] * 8 * 1000000 / elapsed : 0;

		uint32_t before = atomic_load_explicit(&l->kbps[i], memory_order_relaxed);

		/* A scene that stands still for a moment must not move viewers up. */
		if (kbps < before)
			kbps = before - (before - (uint32_t)kbps + FALL_PARTS - 1) / FALL_PARTS;
		atomic_store_explicit(&l->kbps[i], (uint32_t)kbps, memory_order_relaxed);
		l->bytes[i] = 0;
	}
	l->last_rate_ns = now_ns;
}

bool dp_layering_arrival(const struct dp_layering *l, struct dp_arrival *out)
{
	/* A timestamp of one packet with the arrival of the next is off by one frame at most. */
	out->ns = atomic_load_explicit(&l->arrival_ns, memory_order_relaxed);
	out->timestamp = atomic_load_explicit(&l->arrival_timestamp, memory_order_relaxed);
	return out->ns != 0;
}

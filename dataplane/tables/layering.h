/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_DATAPLANE_TABLES_LAYERING_H
#define SPATE_DATAPLANE_TABLES_LAYERING_H

/*
 * What a stream has in addition if its viewers can choose among layers, within it or among the
 * encodings of its producer: the description of each packet's frame, its operating points, and the
 * numbering of packets at each. Written by the stream's owner, once per packet; read by all workers
 * with viewers. Streams without layers have none of it.
 */

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "dataplane/codec/codec.h"
#include "dataplane/codec/point.h"
#include "dataplane/layers/align.h"
#include "dataplane/layers/numbers.h"
#include "dataplane/tables/stream.h"
#include "dataplane/tables/stream_ring.h"
#include "shared/abi.h"

struct dp_rtp;
struct dp_worker;

enum { DP_POINTS_MAX = SH_MAX_LAYERS * SH_MAX_LAYERS, DP_ACTIVE_SETS = 8 };

/*
 * The decode targets that viewers at each point are sent, as long as structure and active targets
 * of the producer's dependency descriptors stay the same. Its version changes before and after the
 * other fields.
 */
struct dp_active_set {
	_Atomic uint32_t version; /* 0: none */
	_Atomic uint32_t targets; /* decode targets of the structure */
	_Atomic uint32_t mask[DP_POINTS_MAX]; /* by point */
};

struct dp_layering {
	/* set before the stream is added, and constant */
	uint8_t spatial, temporal; /* layers within the stream */
	uint8_t points; /* spatial * temporal; 1: everything passes, and numbers[] is not used */
	struct dp_frame_info *frame; /* by position & mask, as the stream's ring */
	struct dp_numbers numbers[DP_POINTS_MAX]; /* by point */

	/* writer: owner; readers: all */
	_Atomic uint64_t arrival_ns; /* of the newest packet, with its timestamp; 0: none yet */
	_Atomic uint32_t arrival_timestamp;
	_Atomic bool active; /* its packets arrive (tables/encodings.h) */
	_Atomic uint8_t alive; /* bit s: those of spatial layer s do; 0: no packet has named one */
	_Atomic uint32_t size; /* of its pictures, width << 16 | height; 0: not known */
	_Atomic uint32_t kbps[DP_POINTS_MAX]; /* by point: rate of what passes, mean of about a second */
	struct dp_active_set active_set[DP_ACTIVE_SETS]; /* by version % DP_ACTIVE_SETS */

	/* the owner's alone */
	struct dp_codec codec;
	struct dp_dependencies dependencies;
	struct dp_point point[DP_POINTS_MAX];
	uint32_t active_version; /* of the newest in active_set[]; 0: none */
	uint32_t active_seen; /* dependencies.active in it */
	uint32_t picture; /* RTP timestamp of the newest picture */
	uint64_t pictures; /* how many there were */
	uint64_t last_ns; /* arrival of the newest packet */
	uint64_t heard_ns; /* as dp_encodings_update() has last seen it; 0: not yet */
	uint64_t seen_pictures[SH_MAX_ENCODINGS]; /* of the other encodings at heard_ns */
	uint64_t back_ns; /* when it came back after it had stopped */
	struct {
		uint64_t last_ns; /* arrival of its newest packet; 0: none yet */
		uint64_t pictures; /* how many the stream had then */
		uint64_t back_ns; /* when it came back; 0: it has stopped, or never had */
	} layer[SH_MAX_LAYERS]; /* by spatial id */
	uint8_t heard_layers; /* bit s: spatial layer s has been sent at some time */
	uint64_t bytes[DP_POINTS_MAX]; /* passed at each point since last_rate_ns */
	uint64_t last_rate_ns;
};

/* The point of the highest layers that are at most these. */
static inline uint8_t dp_layering_point(const struct dp_layering *l, unsigned spatial, unsigned temporal)
{
	unsigned s = spatial < l->spatial ? spatial : l->spatial - 1u;
	unsigned t = temporal < l->temporal ? temporal : l->temporal - 1u;

	return (uint8_t)(s * l->temporal + t);
}

/* The most memory that the layers of a stream with `entries` in its ring take. */
size_t dp_layering_bytes(uint32_t entries);

/*
 * Allocates the layering of a stream with `entries` in its ring, on NUMA node `socket`. Called by
 * the agent. NULL: no memory.
 */
struct dp_layering *dp_layering_new(const struct sh_producer_add *p, uint32_t entries, int socket);
void dp_layering_free(struct dp_layering *l);

/*
 * Describes the packet at `pkt`, which is about to be appended as `entry`, and numbers it at each
 * point. Sets entry->info.keyframe. Called by the owner.
 */
void dp_layering_packet(struct dp_worker *w, struct dp_stream *s, struct dp_ring_entry *entry,
	const struct dp_rtp *rtp, const uint8_t *pkt);
/* The source has restarted: frames of before have nothing to do with those that follow. */
void dp_layering_restart(struct dp_stream *s);
/* Computes the rates, about once a second. */
void dp_layering_rates(struct dp_layering *l, uint64_t now_ns);

/* What the packet of `entry`, at `position` of the stream's ring, is at a point. */
static inline bool dp_layering_number(const struct dp_stream *s, unsigned point,
	const struct dp_ring_entry *entry, struct dp_number *out)
{
	if (s->layering->points > 1)
		return dp_numbers_of(&s->layering->numbers[point], entry->info.seq, out);
	*out = (struct dp_number){.out = (uint32_t)entry->info.seq, .state = DP_NUMBER_PASSES};
	return true;
}
/*
 * The decode targets of a point that apply to a frame: `targets` becomes their number in the
 * structure, `mask` the active ones. False: they are not known, or are no longer.
 */
bool dp_layering_active(const struct dp_layering *l, const struct dp_frame_info *f, unsigned point,
	uint8_t *targets, uint32_t *mask);
/* The newest packet, for dp_align_by_arrival(). False: there was none. */
bool dp_layering_arrival(const struct dp_layering *l, struct dp_arrival *out);

#endif

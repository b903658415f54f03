/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_DATAPLANE_PATH_PREPARED_H
#define SPATE_DATAPLANE_PATH_PREPARED_H

/*
 * Prepares a packet of a layered stream once for all of a worker's viewers: what it is at their
 * operating points, and a copy of its payload if the descriptor differs from viewer to viewer. Each
 * viewer's patch is written to the copy just before it is encrypted. A payload that is the same for
 * all viewers is encrypted from the ring.
 */

#include <stdbool.h>
#include <stdint.h>

#include <rte_branch_prediction.h>
#include <rte_common.h>

#include "dataplane/codec/vp8.h"
#include "dataplane/layers/numbers.h"
#include "dataplane/path/descriptor.h"
#include "dataplane/path/outgoing.h"
#include "dataplane/tables/layering.h"
#include "dataplane/tables/stream.h"
#include "dataplane/worker/worker.h"
#include "shared/bytes.h"
#include "shared/ids.h"

enum {
	DP_PREPARED = 64,
	DP_PREPARED_SIZE = 2048,
	DP_NUMBERED = DP_FRAME_PICTURE_ID | DP_FRAME_TL0PICIDX | DP_FRAME_KEYIDX,
};

/* What the packet is at one point. */
struct dp_prepared_point {
	uint32_t out; /* as in struct dp_number */
	uint16_t picture; /* dp_picture_of() */
	uint8_t state; /* enum dp_number_state; DP_NUMBER_NONE: not prepared, or not simple */
	uint8_t marker; /* 0x80: it ends the picture here, although not in the producer's stream */
};

struct dp_prepared {
	sh_id stream; /* 0: unused */
	uint64_t position;
	const uint8_t *payload; /* the copy, or the ring's */
	uint16_t len; /* of the payload; 0: it is too long for a copy */
	bool copied; /* the payload is a copy, which is to be patched */
	bool all_fields; /* its descriptor has all fields */
	uint8_t last; /* with all_fields: the descriptor's last byte */
	bool described; /* the packet has a dependency descriptor, which is rewritten for each viewer */
	uint8_t tl0picidx, keyidx; /* as in struct dp_frame_info */
	struct dp_prepared_point point[DP_POINTS_MAX] __rte_cache_aligned;
	uint8_t data[DP_PREPARED_SIZE] __rte_cache_aligned;
} __rte_cache_aligned;

/* Prepares the packet in its place `p`, in which another one may be; dp_prepared() calls it. */
void dp_prepare(struct dp_worker *w, struct dp_prepared *p, const struct dp_stream *s, uint64_t position,
	struct dp_outgoing *o);

/*
 * The packet at `position` of the ring of `s`, prepared. Jobs that wait in the batch may still need
 * what another packet has in its place, so they are encrypted first.
 */
static inline struct dp_prepared *dp_prepared(struct dp_worker *w, const struct dp_stream *s,
	uint64_t position, struct dp_outgoing *o)
{
	struct dp_prepared *p = &w->prepared[position % DP_PREPARED];

	if (unlikely(p->position != position || p->stream != s->id))
		dp_prepare(w, p, s, position, o);
	return p;
}

/*
 * Prepares what the packet is at `point`. It stays DP_NUMBER_NONE if a viewer cannot be sent it by
 * path/steady.h.
 */
void dp_prepare_point(struct dp_prepared *p, const struct dp_stream *s, unsigned point);

/* Whether the payload's descriptor has numbers that go on across encodings and points. */
static inline bool dp_numbered(const struct dp_stream *s, const struct dp_frame_info *f)
{
	return s->codec == SH_CODEC_VP8 && f->flags & DP_NUMBERED;
}

/*
 * The number that goes on from one epoch to the next. Picture ids are dense at each point; numbers
 * of frames keep their distances, by which frames refer to each other.
 */
static inline uint16_t dp_picture_of(const struct dp_frame_info *f, const struct dp_number *n)
{
	if (dp_has_frame_number(f))
		return f->frame_number;
	return (uint16_t)(f->picture_id - n->pictures);
}

/*
 * Writes a payload with the descriptor's numbers as wide as they can be. Returns its length; 0: it
 * is longer than `cap`.
 */
uint16_t dp_normalize(uint8_t *dst, size_t cap, const struct dp_ring_entry *entry,
	const struct dp_frame_ids *ids);

/* Has the last added packet's payload, the copy of `p`, patched with the viewer's numbers. */
void dp_patch(struct dp_srtp_job *job, const struct dp_prepared *p, const struct dp_ring_entry *entry,
	const struct dp_frame_ids *ids);

#endif

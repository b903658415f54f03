/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_DATAPLANE_LAYERS_ALLOCATE_H
#define SPATE_DATAPLANE_LAYERS_ALLOCATE_H

/*
 * Distributes a bitrate among the video consumers of one viewer. Pure C, no state.
 *
 * Each consumer climbs a ladder of steps: the temporal layers of its lowest spatial layer, then the
 * higher spatial layers with all temporal layers. A consumer of a higher priority climbs as far as
 * the bitrate reaches before the next one does; equal ones climb in turn, one step each.
 */

#include <stdbool.h>
#include <stdint.h>

#include "shared/abi.h"

/* What the owner of a producer's streams has measured. Shared by all consumers of the producer. */
struct dp_layer_rates {
	/*
	 * kbit/s of RTP payload that a consumer at [spatial][temporal] receives, the layers below
	 * that it depends on included. It should rise at once with the encoder's bitrate and fall
	 * over several seconds: a still scene must not move viewers up whom the next motion moves
	 * down again.
	 */
	uint32_t kbps[SH_MAX_LAYERS][SH_MAX_LAYERS];
	uint8_t spatial, temporal; /* numbers of layers, 1..SH_MAX_LAYERS */
	uint8_t alive; /* bit s: spatial layer s is sent, and its rates are known */
};

/* A video consumer that is not paused. */
struct dp_video {
	const struct dp_layer_rates *rates;
	struct sh_wishes wishes;
	uint8_t spatial, temporal; /* in and out: its target; both SH_LAYER_ANY: none yet */
};

enum {
	DP_VIDEOS_MAX = 64, /* consumers of one call; the caller leaves any others as they are */
	/* A step that a consumer has not reached yet costs this much more, in percent. */
	DP_CLIMB_MARGIN = 15,
};

struct dp_allocation {
	uint32_t kbps; /* all targets, with the margin of the new ones */
	uint32_t next_kbps; /* what the first step that was too expensive would have taken; 0: none */
	bool changed; /* a target is another one than before, */
	bool up, down; /* a higher or a lower step of the layers that are alive */
};

/*
 * Returns the kbit/s of the targets that the consumers have; of the lowest step where there is
 * none yet.
 */
uint32_t dp_videos_kbps(const struct dp_video *videos, unsigned count);

/*
 * Sets the targets of the first DP_VIDEOS_MAX consumers so that they take at most `kbps` together,
 * but never less than the lowest step of each: video goes on below its lowest bitrate, so that the
 * viewer's estimate can recover. A consumer none of whose layers is alive keeps its target. No
 * target is above its consumer's wishes.
 */
struct dp_allocation dp_allocate(struct dp_video *videos, unsigned count, uint32_t kbps);

/* Likewise, but leaves the targets as they are. */
struct dp_allocation dp_allocate_try(const struct dp_video *videos, unsigned count, uint32_t kbps);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_DATAPLANE_CODEC_FRAME_H
#define SPATE_DATAPLANE_CODEC_FRAME_H

/*
 * Describes the frame that an RTP packet belongs to, in the same terms for every codec. A frame is
 * the picture of one spatial layer; a picture has a frame of each spatial layer, and one RTP
 * timestamp. Integers are in host byte order.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	DP_SPATIAL_MAX = 8, /* VP9 has 3 bits for it, AV1 has 2 */
	DP_TEMPORAL_MAX = 8,
	DP_PATCH_MAX = 6, /* the longest payload descriptor up to its last field that egress rewrites */
};

enum dp_frame_flags {
	DP_FRAME_KEY = 1 << 0, /* belongs to a picture that needs no earlier one */
	DP_FRAME_BEGINS = 1 << 1, /* a decoder can start with this packet: dp_keyframe_begins() */
	DP_FRAME_START = 1 << 2, /* first packet of the frame */
	DP_FRAME_END = 1 << 3, /* last packet of the frame */
	/*
	 * VP8 (Y): the frame depends on frames of temporal layer 0 only. VP9 (U): higher temporal
	 * layers of later pictures depend on nothing of theirs before this picture. With a
	 * dependency descriptor: some bit of `switches` is set.
	 */
	DP_FRAME_SWITCH = 1 << 4,
	DP_FRAME_INTER_LAYER = 1 << 5, /* depends on the lower spatial layer of its picture (VP9: D) */
	DP_FRAME_INTER_PICTURE =
		1 << 6, /* depends on earlier pictures (VP9: P; descriptor: has references) */
	DP_FRAME_NOT_UPPER = 1 << 7, /* upper spatial layers of its picture do not depend on it (VP9: Z) */
	DP_FRAME_DISCARDABLE = 1 << 8, /* no other frame depends on it */
	DP_FRAME_PICTURE_ID = 1 << 9, /* the payload descriptor has a picture id of 7 bits */
	DP_FRAME_PICTURE_ID_LONG = 1 << 10, /* with DP_FRAME_PICTURE_ID: it has 15 bits */
	DP_FRAME_TL0PICIDX = 1 << 11, /* the payload descriptor has a TL0PICIDX */
	DP_FRAME_KEYIDX = 1 << 12, /* it has a KEYIDX (VP8) */
	DP_FRAME_LAYERS = 1 << 13, /* the packet names its layers; otherwise both ids are 0 */
	/* the packet has the layers' structure: VP9's SS, or the descriptor's templates */
	DP_FRAME_STRUCTURE = 1 << 14,
	/* `frame_number`, `targets` and the fields behind them come from a dependency descriptor */
	DP_FRAME_DEPENDENCIES = 1 << 15,
};

/*
 * A packet's frame, as the owner of its stream notes it once for all viewers. Where egress finds
 * the fields that it rewrites follows from the flags and the payload's first bytes (vp8.h, vp9.h),
 * or from `dd_back`.
 */
struct dp_frame_info {
	uint16_t flags; /* enum dp_frame_flags */
	union {
		uint16_t picture_id; /* with DP_FRAME_PICTURE_ID: as received, not extended */
		/* otherwise, for tables/layering.h: which set of active decode targets applies; 0: not known */
		uint16_t active;
	};
	uint16_t dd_back; /* the dependency descriptor begins so many bytes before the payload; 0: none */
	uint8_t dd_len; /* its length in bytes */
	uint8_t spatial : 4, temporal : 4; /* ids of the frame's layers, the lowest is 0 */
	union {
		struct { /* with DP_FRAME_TL0PICIDX, DP_FRAME_KEYIDX */
			uint8_t tl0picidx, keyidx;
		};
		/* with DP_FRAME_DEPENDENCIES: distance in frame numbers to the oldest reference; 0: none */
		uint16_t oldest;
	};
	uint16_t frame_number; /* with DP_FRAME_DEPENDENCIES, as the next three; bit i: decode target i */
	uint32_t targets; /* decode targets that the frame belongs to */
	uint32_t switches; /* decode targets that decode from this frame on if it decodes itself */
	uint32_t reachable; /* decode targets whose frames include every reference of this frame */
};

_Static_assert(sizeof(struct dp_frame_info) == 24, "fits behind what a ring entry has");

struct dp_picture_size {
	uint16_t width, height; /* in pixels; 0: not known */
};

/* The layers of a stream, as far as its packets have told. */
struct dp_layers {
	uint8_t spatial, temporal; /* number of layers; 0: no packet so far */
	struct dp_picture_size size[DP_SPATIAL_MAX]; /* by spatial id */
};

/* Numbers that a consumer's payload descriptors have in place of the producer's. */
struct dp_frame_ids {
	uint16_t picture_id; /* 15 bits */
	uint8_t tl0picidx;
	uint8_t keyidx; /* 5 bits */
};

#endif

/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_DATAPLANE_CODEC_DEPENDENCY_H
#define SPATE_DATAPLANE_CODEC_DEPENDENCY_H

/*
 * Reads the dependency descriptor (RTP Payload Format For AV1, version 1.0, appendix A), which
 * says of each frame to which decode targets it belongs and on which frames it depends. It is made
 * for AV1 and works for every codec.
 */

#include "dataplane/codec/frame.h"

enum {
	DP_TARGETS_MAX = 32,
	DP_TEMPLATES_MAX = 64,
	DP_DESCRIPTOR_SPATIAL_MAX = 4,
	DP_DESCRIPTOR_MIN = 3, /* bytes */
	DP_DESCRIPTOR_MAX = 255, /* the longest element of an extension (RFC 8285, 4.3) */
	DP_HISTORY = 128, /* frames whose targets are kept */
};

/* The frames of one template. Bit i of a mask: decode target i. */
struct dp_template {
	uint32_t targets; /* they belong to it */
	uint32_t switches; /* they are a switch point to it */
	uint32_t discardable; /* no frame of it depends on them */
	uint16_t references; /* bit i: they refer to the frame i + 1 frame numbers before */
	uint8_t spatial, temporal;
};

struct dp_structure {
	uint8_t first; /* id of template[0] (template_id_offset); ids count modulo 64 */
	uint8_t templates, targets, chains, spatial; /* how many; spatial layers: 1 to 4 */
	struct dp_template template[DP_TEMPLATES_MAX];
	struct {
		uint8_t spatial, temporal; /* the highest layers that belong to it */
	} target[DP_TARGETS_MAX];
	struct dp_picture_size size[DP_DESCRIPTOR_SPATIAL_MAX]; /* 0: it was not told */
};

/* What the descriptors of one stream refer to. All 0: no packet so far. */
struct dp_dependencies {
	bool known; /* there is a structure */
	uint16_t since; /* number of the frame that brought it */
	uint16_t newest; /* highest frame number so far */
	uint32_t active; /* decode targets that the producer sends (active_decode_targets_bitmask) */
	struct dp_structure structure;
	struct {
		uint32_t targets; /* of the frame; 0: there was none, or it belongs to no target */
		uint16_t frame_number;
	} history[DP_HISTORY]; /* by frame number modulo DP_HISTORY */
};

/*
 * Fills in `out` from a descriptor of `len` bytes: its flags but DP_FRAME_BEGINS, its layers,
 * `frame_number`, `oldest` and the masks. Updates `d`: a structure replaces the one before unless
 * it comes with a frame that is older than that. DP_FRAME_KEY is set in the packet with the
 * structure, if the frame has no references. Returns 0; EINVAL: malformed; ENOENT: there is no such
 * template, because the packet with the structure is missing. `d` is unchanged after an error.
 */
int dp_dependencies_parse(struct dp_dependencies *d, struct dp_frame_info *out, const uint8_t *descriptor,
	size_t len);

/*
 * Returns the decode target with the most layers, spatial ones first, among those that the producer
 * sends and that have no layers above `spatial` and `temporal`. -ENOENT: there is none.
 */
int dp_dependencies_target(const struct dp_dependencies *d, unsigned spatial, unsigned temporal);

/*
 * Returns the decode targets, of those that the producer sends, that have no layers above `spatial`
 * and `temporal`.
 */
uint32_t dp_dependencies_active(const struct dp_dependencies *d, unsigned spatial, unsigned temporal);

/* What a consumer's descriptor has in place of the producer's. */
struct dp_descriptor_change {
	uint16_t frame_number;
	uint8_t targets; /* decode targets of the structure; 0: leave the mask of active ones alone */
	uint32_t active; /* the decode targets that the consumer is sent */
};

/*
 * Writes `descriptor`, which dp_dependencies_parse() has accepted, with this change to `dst`. A
 * mask that is not there is inserted, which makes it up to 5 bytes longer: if the result has more
 * than 16 bytes, its extension needs the two-byte form (RFC 8285, 4.3). Returns its length; 0: it
 * would be longer than DP_DESCRIPTOR_MAX, or `targets` is not the number in its own structure.
 */
size_t dp_descriptor_rewrite(uint8_t dst[DP_DESCRIPTOR_MAX], const uint8_t *descriptor, size_t len,
	const struct dp_descriptor_change *change);

#endif

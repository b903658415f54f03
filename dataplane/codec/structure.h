/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_DATAPLANE_CODEC_STRUCTURE_H
#define SPATE_DATAPLANE_CODEC_STRUCTURE_H

/*
 * Reads the template dependency structure of a dependency descriptor (RTP Payload Format For AV1,
 * A.8.3), and the flags of the extended descriptor before it.
 */

#include "dataplane/codec/bits.h"
#include "dataplane/codec/dependency.h"

/* The optional parts of a descriptor, by the order of their flags (extended_descriptor_fields). */
enum dp_descriptor_parts {
	DP_PART_STRUCTURE = 1 << 4,
	DP_PART_ACTIVE = 1 << 3,
	DP_PART_TARGETS = 1 << 2, /* custom_dtis_flag */
	DP_PART_REFERENCES = 1 << 1, /* custom_fdiffs_flag */
	DP_PART_CHAINS = 1 << 0, /* custom_chains_flag */
	DP_PARTS_BITS = 5,
};

/* How a frame relates to a decode target (DTI), two bits. */
enum dp_indication { DP_NOT_PRESENT, DP_DISCARDABLE, DP_SWITCH, DP_REQUIRED };

/*
 * Reads a structure. False: it is malformed, has more than DP_TEMPLATES_MAX templates, or more
 * spatial or temporal layers than AV1 has.
 */
bool dp_structure_read(struct dp_structure *s, struct dp_bits *b);

/* Reads the indications of one frame, or of the frames of one template, for `targets` targets. */
void dp_indications_read(struct dp_template *t, struct dp_bits *b, unsigned targets);

#endif

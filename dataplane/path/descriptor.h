/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_DATAPLANE_PATH_DESCRIPTOR_H
#define SPATE_DATAPLANE_PATH_DESCRIPTOR_H

/*
 * Writes the dependency descriptor of a layered stream for one viewer: the producer's, with the
 * viewer's frame number, and with the decode targets of the viewer's layers as the active ones. It
 * follows from the packet in the ring and the viewer's epoch, so that a retransmission repeats it.
 */

#include <stdint.h>

#include "dataplane/codec/frame.h"

struct dp_consumer;
struct dp_epoch;
struct dp_stream;

/* Whether `f` has a frame number of its own, which the viewer's epoch continues. */
static inline bool dp_has_frame_number(const struct dp_frame_info *f)
{
	return (f->flags & (DP_FRAME_DEPENDENCIES | DP_FRAME_PICTURE_ID)) == DP_FRAME_DEPENDENCIES;
}

/*
 * Adds the descriptor of the packet at `position` in the ring of `s` to the header of `hdr_len`
 * bytes that was written for it, unless it has none or the viewer has not negotiated it. Returns
 * the header's length; 0: what belongs into it is no longer known.
 */
uint16_t dp_put_descriptor(const struct dp_stream *s, uint64_t position, const struct dp_consumer *c,
	const struct dp_epoch *e, uint8_t *header, size_t hdr_len);
/* Likewise for a pipe, which gets the producer's descriptor as it is. Returns the header's length. */
uint16_t dp_copy_descriptor(const struct dp_stream *s, uint64_t position, const struct dp_consumer *c,
	uint8_t *header, size_t hdr_len);

#endif

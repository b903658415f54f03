/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_DATAPLANE_PATH_LAYERED_H
#define SPATE_DATAPLANE_PATH_LAYERED_H

/*
 * Rewrites a packet of a layered stream for one viewer (tables/selection.h). Beyond what
 * path/rewrite.h does, it leaves out what does not belong to the viewer's layers, and continues the
 * numbers of the payload descriptor across changes of the encoding.
 */

#include <stdbool.h>
#include <stdint.h>

#include "dataplane/layers/epochs.h"
#include "dataplane/layers/numbers.h"
#include "dataplane/path/outgoing.h"
#include "dataplane/path/rewrite.h"
#include "shared/ids.h"

struct dp_consumer;
struct dp_ring_entry;
struct dp_stream;
struct dp_worker;

/* As dp_rewrite(), for the entry at `position` of the viewer's stream `s`. */
bool dp_rewrite_layered(struct dp_worker *w, const struct dp_stream *s, uint64_t position,
	struct dp_consumer *c, struct dp_outgoing *o);

/* What a packet of the past was for a viewer. */
struct dp_layered_packet {
	const struct dp_stream *stream;
	const struct dp_epoch *epoch;
	uint64_t position; /* in the stream's ring */
	struct dp_number number;
};

/* Finds what `c` was sent under its sequence number `seq`. False: it is gone, or was never sent. */
bool dp_layered_find(struct dp_worker *w, const struct dp_consumer *c, uint16_t seq,
	struct dp_layered_packet *out);
/*
 * Writes the payload of a packet of the past as `c` was sent it to `dst`, which has room for one
 * byte more than the producer's payload. Returns its length.
 */
uint16_t dp_layered_payload(const struct dp_layered_packet *p, uint8_t *dst);
/* The timestamp with which `c` was sent the packet that has `timestamp` in its stream. */
uint32_t dp_layered_timestamp(const struct dp_consumer *c, const struct dp_epoch *e, uint32_t timestamp);
/*
 * Corrects the header of `hdr_len` bytes that was written for the producer's packet at `position`
 * of the ring of `s`, and adds the dependency descriptor. Returns its length; 0: what belongs into
 * the descriptor is no longer known (path/descriptor.h).
 */
uint16_t dp_layered_header(const struct dp_stream *s, uint64_t position, const struct dp_consumer *c,
	const struct dp_epoch *e, const struct dp_number *number, uint8_t *header, size_t hdr_len);

#endif

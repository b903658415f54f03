/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_DATAPLANE_TABLES_ENCODINGS_H
#define SPATE_DATAPLANE_TABLES_ENCODINGS_H

/*
 * The encodings of one producer (simulcast): which of them are sent, and which is the larger one.
 * Each is a stream; the first of them, the lead, knows all. Written by their owner, read by all
 * workers with viewers. A stream without other encodings is its own lead.
 */

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "shared/abi.h"

struct dp_stream;
struct dp_transport;

/* Of the lead. Writer: owner; readers: all. */
struct dp_encodings {
	uint8_t count; /* set before the lead is added, and constant */
	_Atomic(struct dp_stream *)
		stream[SH_MAX_ENCODINGS]; /* by index of signalling; NULL: not added yet */
	/* indexes from the smallest picture to the largest, 8 bits each, from the lowest byte on */
	_Atomic uint32_t order;
	bool ordered; /* `order` is final; the owner's alone */
};

/* Before the lead is added. The order is that of signalling until more is known. */
void dp_encodings_init(struct dp_encodings *e, uint8_t count);

/* Adds a stream, or removes it (NULL), which no viewer reads any more. Called by the owner. */
void dp_encodings_put(struct dp_stream *lead, unsigned encoding, struct dp_stream *s);

/* The stream with index `encoding`. NULL: not added yet. */
struct dp_stream *dp_encoding(const struct dp_stream *lead, unsigned encoding);
/* The index of the encoding whose pictures are the `spatial`th smallest, below `count`. */
unsigned dp_encoding_of_rank(const struct dp_stream *lead, unsigned spatial);
/* The inverse. */
unsigned dp_rank_of_encoding(const struct dp_stream *lead, unsigned encoding);
/*
 * Returns the rank to send to a viewer who may have at most `spatial`: the highest active one up to
 * that, else the lowest active one, else `spatial`.
 */
unsigned dp_encodings_best(const struct dp_stream *lead, unsigned spatial);

/*
 * The same for the spatial layers of one stream: the one to send to a viewer who may have at most
 * `spatial`.
 */
unsigned dp_layers_best(const struct dp_stream *s, unsigned spatial);

/*
 * Decides which encodings of the transport's producers are active, and their order. An encoding has
 * stopped if it is silent for 500 ms while another one advances by 3 pictures or more; it is active
 * again after it has been received for 2 s. The same is decided for the spatial layers of a stream,
 * the highest of which an encoder leaves out when it lacks bitrate or time. The order is by picture
 * size, then by rate, then by signalling; it is final when all sizes are known. Called by the owner
 * every millisecond.
 */
void dp_encodings_update(struct dp_transport *t, uint64_t now_ns);

#endif

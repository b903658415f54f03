/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_DATAPLANE_TABLES_SELECTION_H
#define SPATE_DATAPLANE_TABLES_SELECTION_H

/*
 * Selects for a consumer of a layered producer which encoding, and which layers of it, the viewer
 * is sent. Within an encoding a viewer changes at the next packet at which the codec allows it
 * (path/layered.c); it changes to another encoding at that one's next key frame. All functions run
 * on the consumer's worker.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "dataplane/layers/epochs.h"
#include "shared/abi.h"

struct dp_audience;
struct dp_consumer;
struct dp_stream;
struct dp_worker;

struct dp_selection {
	/* what each packet needs, with the newest epoch in one cache line */
	uint8_t point; /* at which the viewer is, of its stream */
	uint8_t aim_point; /* at which it will be, of the encoding that it changes or has changed to */
	bool frame_open; /* of the last frame the last packet was not sent yet */
	/* what the viewer was last sent, in its own numbers */
	uint8_t tl0picidx, keyidx;
	uint16_t picture;
	uint32_t timestamp;
	/* sequence numbers since the last report whose packets never came; late ones make it shrink */
	int32_t holes;
	struct dp_stream *aim;
	struct dp_epochs epochs;

	bool changing : 1; /* it waits in dp_audience.changing of the encoding `aim` */
	bool reported : 1; /* there was a receiver report */
	bool leaving : 1; /* the path does not carry what is sent, since: */
	uint8_t spatial, temporal; /* to aim for: what the path carries */
	uint16_t leaving_ms; /* modulo 2^16 */
	uint16_t since; /* AV1: number of the first frame at the point */
	struct sh_wishes wishes;
	struct sh_layers told; /* what the control plane was told */
	/* of the last receiver report, to compare the next one with (tables/adaptation.c) */
	uint32_t reported_highest, reported_rtx;
	int32_t reported_lost;
	struct dp_consumer *next_changing;
	uint64_t change_from; /* position in the ring of `aim` from which a key frame is awaited */
};
_Static_assert(offsetof(struct dp_selection, epochs.epoch[1]) <= RTE_CACHE_LINE_SIZE, "it is prefetched");
_Static_assert(sizeof(struct dp_selection) <= 192, "one viewer's memory is limited: start/media_memory.c");

/*
 * Gives a new consumer, whose stream is the producer's lead, its selection and the stream that it
 * begins with. Returns 0 or ENOMEM.
 */
int dp_selection_add(struct dp_worker *w, struct dp_consumer *c, const struct sh_wishes *wishes);
/* The consumer is about to be deleted; its audience has been left. */
void dp_selection_remove(struct dp_worker *w, struct dp_consumer *c);
/* The viewer's wishes have changed. */
void dp_selection_wish(struct dp_worker *w, struct dp_consumer *c, const struct sh_wishes *wishes);
/* Whether it aims for other layers than those that the viewer is sent. */
bool dp_selection_pending(const struct dp_consumer *c);
/* Whether packets of its stream are left out for the consumer, because it is sent some layers only. */
bool dp_selection_filters(const struct dp_consumer *c);
/*
 * Aims for these layers, as far as the viewer wishes them and they are active; the path has decided
 * for them.
 */
void dp_selection_aim(struct dp_worker *w, struct dp_consumer *c, unsigned spatial, unsigned temporal);

/* Stops a change that has not happened yet, until the selection is refreshed. */
void dp_selection_stay(struct dp_worker *w, struct dp_consumer *c);
/* Moves the consumers that change to the audience's stream, if it has a key frame for them. */
void dp_selection_change(struct dp_worker *w, struct dp_audience *a);
/* Aims again, because encodings may have stopped or come back, and tells the control plane. */
void dp_selection_refresh(struct dp_worker *w, struct dp_consumer *c);
/*
 * The consumer is about to catch up (tables/catch_up.h), which squeezes timestamps. False: it has
 * done so too recently, or no epoch may begin now.
 */
bool dp_selection_can_squeeze(const struct dp_worker *w, struct dp_consumer *c);
/* It squeezes no more from its next sequence number on. False: no epoch may begin now. */
bool dp_selection_end_squeeze(const struct dp_worker *w, struct dp_consumer *c);
/* Whether it has been sent a packet of its stream since it has changed to it. */
bool dp_selection_begun(const struct dp_consumer *c);
/* What is added to the RTP timestamps of the consumer's stream; it has been sent a packet. */
uint32_t dp_selection_timestamp(const struct dp_consumer *c);
/*
 * Whether packets of encoding `s`, which the viewer was sent, are of no more use to it: it has
 * changed to a smaller one at a key frame, or is about to because its path does not carry this one.
 */
bool dp_selection_abandoned(const struct dp_worker *w, const struct dp_consumer *c,
	const struct dp_stream *s);
/* What the viewer is sent, and will be. */
struct sh_layers dp_selection_layers(const struct dp_consumer *c);

#endif

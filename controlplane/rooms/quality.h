/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_CONTROLPLANE_ROOMS_QUALITY_H
#define SPATE_CONTROLPLANE_ROOMS_QUALITY_H

/*
 * Tells viewers which layers a producer has, which of them they get, and how well both arrive. A
 * producer can have very many consumers, so they are told in slices, within the allowance of all
 * notices (announce.h). A viewer who has not been told yet is told the latest state once.
 */

#include <stdbool.h>
#include <stdint.h>

#include "controlplane/rooms/peer.h"
#include "shared/abi.h"

struct cp_model;

enum cp_quality_notice {
	CP_QUALITY_LAYERS = 1 << 0, /* the producer's layers */
	CP_QUALITY_CHANGE = 1 << 1, /* the layers that the consumer gets */
	CP_QUALITY_SCORE = 1 << 2,
};

/* --- for the bridge ------------------------------------------------------------------------- */

/* What one encoding's statistics say. */
struct cp_encoding_sample {
	bool found; /* false: there are no statistics, and the other members are not valid */
	uint64_t packets, lost, repaired; /* totals */
	uint64_t bitrate; /* bit/s */
	uint32_t width, height; /* of its last key frame; 0: not known */
	uint8_t spatial; /* its place among the producer's encodings, 0 is the smallest */
	bool active; /* it is being sent */
	uint8_t layers; /* spatial layers within it, of which the rest is valid if there are several */
	struct {
		bool active;
		uint32_t width, height; /* 0: not known */
		uint64_t bitrate; /* bit/s, of what its viewers get */
	} layer[SH_MAX_LAYERS];
};

/* What one consumer's statistics say: totals. */
struct cp_consumer_sample {
	uint64_t packets, lost, retransmitted;
};

/* Takes a sample of all encodings of a producer, in their order. Call about once a second. */
void cp_producer_sample(struct cp_producer *p, const struct cp_encoding_sample *sample);
void cp_consumer_sample(struct cp_consumer *c, const struct cp_consumer_sample *sample);
/* The data plane reports that a consumer gets other layers. Ids that are not known are ignored. */
void cp_model_layers_changed(struct cp_model *m, sh_id consumer, const struct sh_layers *layers);

/* --- for the listeners ----------------------------------------------------------------------- */

/* The score of the encoding that the consumer gets; 0: it gets none. */
uint8_t cp_consumer_producer_score(const struct cp_consumer *c);

/* The viewer may have missed what it was told: it is told the state again. */
void cp_quality_repeat(struct cp_consumer *c);

/* --- for the files of rooms/ ------------------------------------------------------------------ */

void cp_quality_add_producer(struct cp_producer *p);
void cp_quality_remove_producer(struct cp_model *m, struct cp_producer *p);
void cp_quality_add_consumer(struct cp_consumer *c);
/* The consumer is live: its viewer is told the producer's layers, if it has several. */
void cp_quality_begin(struct cp_consumer *c);
void cp_quality_remove_consumer(struct cp_model *m, struct cp_consumer *c);
/* True if there is somebody to tell. */
bool cp_quality_is_due(const struct cp_model *m);
/* For cp_model_run: tells the next slice. */
void cp_quality_run(struct cp_model *m);

#endif

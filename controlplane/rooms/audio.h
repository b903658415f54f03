/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_CONTROLPLANE_ROOMS_AUDIO_H
#define SPATE_CONTROLPLANE_ROOMS_AUDIO_H

/*
 * Tells peers who ask for it how loud the producers of their room are and who speaks. The data
 * plane reads levels only of producers in rooms where somebody asks. A room's levels are computed
 * once for all its peers. These are told in slices, after all other notices and within their
 * allowance (announce.h); a peer who has not been told yet is told the latest levels once.
 */

#include <stdbool.h>
#include <stdint.h>

#include "controlplane/base/id.h"
#include "controlplane/rooms/speaker.h"

struct cp_model;
struct cp_peer;
struct cp_producer;
struct cp_room;
struct cp_saved_peer;

enum {
	/* Intervals are 200 ms × 2^n; a peer gets the shortest that is not shorter than its wish. */
	CP_AUDIO_INTERVALS = 7,
	CP_AUDIO_INTERVAL_MAX = CP_SPEAKER_TICK_MS << (CP_AUDIO_INTERVALS - 1), /* ms */
	CP_AUDIO_ENTRIES = 16, /* most producers in one notice */
};

/* What is known of one producer's levels. */
struct cp_producer_audio {
	bool observed; /* the data plane was told so */
	bool read; /* `total` is valid */
	uint64_t total; /* struct sh_producer_stats.audio_levels when it was read last */
	struct cp_voice voice;
	struct {
		uint32_t count, sum;
	} window[CP_AUDIO_INTERVALS]; /* since the last notice of each interval */
};

/* What a peer asked for and was told. */
struct cp_peer_audio {
	uint8_t entries; /* 0: it does not ask */
	uint8_t interval; /* index */
	uint64_t levels, speaker; /* numbers of what it was told last */
};

struct cp_levels {
	uint64_t number; /* of this notice, among all of the model */
	unsigned count;
	struct {
		char producer[CP_ID_SIZE];
		int level; /* dBov */
	} entry[CP_AUDIO_ENTRIES]; /* the loudest first */
};

/* `interval_ms` 0 ends it; otherwise at most CP_AUDIO_INTERVAL_MAX. 0 or ENOMEM. */
int cp_peer_observe_audio(struct cp_peer *peer, uint64_t interval_ms, uint64_t entries);
/* What the peer asks for goes into a blob, and comes from one: see struct cp_saved_peer. */
void cp_audio_save(const struct cp_peer *peer, struct cp_saved_peer *out);
void cp_audio_restore(struct cp_peer *peer, const struct cp_saved_peer *saved);
/* The peer may have missed who speaks: it is told again if it asks. */
void cp_audio_repeat(struct cp_peer *peer);

/* --- for the files of rooms/ ------------------------------------------------------------------ */

void cp_audio_remove_peer(struct cp_peer *peer);
void cp_audio_remove_producer(struct cp_producer *p);
/* The room is freed. */
void cp_audio_end(struct cp_room *room);
/* When there is something to do, on the model's clock; UINT64_MAX: never. 0: at once. */
uint64_t cp_audio_due_ms(const struct cp_model *m);
/* For cp_model_run: measures and tells the next slice. */
void cp_audio_run(struct cp_model *m);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_CONTROLPLANE_SIGNALING_WHIP_PLAY_H
#define SPATE_CONTROLPLANE_SIGNALING_WHIP_PLAY_H

/* The part of a session that only players (WHEP) have: which streams they get, and how. */

#include "controlplane/rooms/peer.h"
#include "controlplane/signaling/whip.h"

struct cp_consumer;
struct cp_model;

/*
 * Chooses the oldest live producer of each of the offer's kinds, all of one peer of the room: that
 * of the oldest producer that the offer has a section for. A section for which that peer has none
 * waits for one. 0, or errno with the fault; CP_CONFLICT: there is no such producer.
 */
int cp_whip_play_choose(struct cp_whip *w, struct cp_model *m, const char *room, struct cp_fault *fault);
/*
 * Creates the consumer of a section that has a stream, which completes through `done`
 * (rooms/peer.h). 0, or errno with the fault, and then `done` is not called.
 */
int cp_whip_play(struct cp_whip *w, struct cp_transport *t, uint32_t index, cp_done done,
	struct cp_fault *fault);
/*
 * Fills in an entry for each section, for the answer: also for those that wait, whose SSRCs are
 * reserved now. The consumers exist.
 */
void cp_whip_play_sources(struct cp_whip *w, struct cp_transport *t,
	struct cp_sdp_source source[CP_SDP_SECTIONS_MAX]);

/* True if a section waits for a stream. */
bool cp_whip_play_waits(const struct cp_whip *w);
/*
 * Creates the consumer of the first section that waits and for which the peer that is played has a
 * stream with a codec of the answer. It completes through `done`. False: there is none, and `done`
 * is not called.
 */
bool cp_whip_play_bind(struct cp_whip *w, struct cp_transport *t, cp_done done);

/* The live consumer of a section. NULL: it waits for a stream, or is silent. */
struct cp_consumer *cp_whip_player_consumer(const struct cp_whip *w, uint32_t index);

#endif

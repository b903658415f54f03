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
 * stays silent. 0, or errno with the fault; CP_CONFLICT: there is no such producer.
 */
int cp_whip_play_choose(struct cp_whip *w, struct cp_model *m, const char *room, struct cp_fault *fault);
/*
 * Creates the consumer of a section that is not silent, which completes through `done`
 * (rooms/peer.h). 0, or errno with the fault, and then `done` is not called.
 */
int cp_whip_play(struct cp_whip *w, struct cp_transport *t, uint32_t index, cp_done done,
	struct cp_fault *fault);
/* Fills in an entry for each section, for the answer. The consumers exist. */
void cp_whip_play_sources(struct cp_whip *w, const struct cp_transport *t,
	struct cp_sdp_source source[CP_SDP_SECTIONS_MAX]);

/* The live consumer of a section. NULL: the section is silent, or its stream has ended. */
struct cp_consumer *cp_whip_player_consumer(const struct cp_whip *w, uint32_t index);

#endif

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
/* True if a section has a stream. */
bool cp_whip_play_any(const struct cp_whip *w);

enum cp_whip_bind {
	CP_WHIP_NONE, /* there is no stream for a section that waits */
	CP_WHIP_BINDS, /* a consumer is being created, which completes through `done` */
	CP_WHIP_LACKS, /* there is one that the offer allows, but not the answer */
};
/*
 * Creates the consumer of the first section that waits and for which there is a stream, with the
 * section's SSRCs, and of what the player plays: the peer whose streams it has played, or one of
 * the same user. If both publish nothing, and w->player.anybody is set, it becomes the peer that a
 * new player would get.
 */
enum cp_whip_bind cp_whip_play_bind(struct cp_whip *w, struct cp_transport *t, cp_done done);

/* The live consumer of a section. NULL: it waits for a stream, or is silent. */
struct cp_consumer *cp_whip_player_consumer(const struct cp_whip *w, uint32_t index);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
#include "controlplane/signaling/whip_play.h"

#include <errno.h>
#include <string.h>

#include "controlplane/rooms/consumer.h"
#include "controlplane/rooms/model.h"
#include "controlplane/rooms/producer.h"
#include "controlplane/rooms/room.h"
#include "controlplane/rooms/transport.h"

static bool is_playable(const struct cp_producer *p)
{
	return p->live && !p->ended && !cp_transport_is_lost(p->transport);
}

/* The oldest producer of that kind, of the peer with that number. NULL: there is none. */
static struct cp_producer *oldest(const struct cp_room *room, uint64_t peer, enum sh_kind kind)
{
	struct cp_producer *p;

	TAILQ_FOREACH(p, &room->producers, in_room)
	if (is_playable(p) && p->consumable.kind == kind && p->owner == peer)
		return p;
	return NULL;
}

/* The peer whose producer of one of the offer's kinds is the oldest. NULL: there is none. */
static const struct cp_peer *choose_peer(const struct cp_room *room, const struct cp_sdp_offer *offer)
{
	const struct cp_producer *p;

	TAILQ_FOREACH(p, &room->producers, in_room)
	{
		for (uint32_t i = 0; is_playable(p) && i < offer->section_count; i++) {
			if (offer->section[i].kind == p->consumable.kind)
				return p->transport->peer;
		}
	}
	return NULL;
}

static int choose_section(struct cp_whip *w, uint32_t index, const struct cp_router *router,
	const struct cp_producer *p, struct cp_fault *fault)
{
	if (!p)
		return cp_sdp_wait(w->offer, index, router, &w->choice[index], fault);
	memcpy(w->player.section[index].producer, p->id, sizeof(p->id));
	return cp_sdp_play(w->offer, index, &p->consumable, &w->choice[index], fault);
}

int cp_whip_play_choose(struct cp_whip *w, struct cp_model *m, const char *name, struct cp_fault *fault)
{
	const struct cp_room *room = cp_room_find(m, name);
	const struct cp_peer *peer = room ? choose_peer(room, w->offer) : NULL;
	int rc = 0;

	if (!peer)
		return cp_refuse(fault, CP_CONFLICT, "nobody publishes in this room");
	w->player.peer = peer->number;
	memcpy(w->player.cname, peer->cname, sizeof(peer->cname));
	for (uint32_t i = 0; rc == 0 && i < w->offer->section_count; i++)
		rc = choose_section(w, i, &m->router, oldest(room, peer->number, w->offer->section[i].kind),
			fault);
	return rc;
}

/* --- consumers ---------------------------------------------------------------------------------- */

static void reserve(struct cp_whip *w, struct cp_transport *t, uint32_t index)
{
	struct cp_whip_section *s = &w->player.section[index];

	cp_consumer_reserve(t, cp_sdp_has_rtx(&w->choice[index]), &s->ssrc, &s->rtx_ssrc);
}

/* Creates the section's consumer of `p`. False: its codec is not in the answer. */
static bool consume(struct cp_whip *w, struct cp_transport *t, uint32_t index, struct cp_producer *p,
	cp_done done)
{
	struct cp_whip_section *s = &w->player.section[index];
	struct sh_consumer_add add;

	if (!cp_sdp_consumer(w->offer, index, &w->choice[index], &p->consumable, &add))
		return false;
	memcpy(s->producer, p->id, sizeof(s->producer));
	add.ssrc = s->ssrc;
	add.rtx_ssrc = s->rtx_ssrc;
	cp_consumer_create_negotiated(t, p, &add, done);
	return true;
}

int cp_whip_play(struct cp_whip *w, struct cp_transport *t, uint32_t index, cp_done done,
	struct cp_fault *fault)
{
	struct cp_producer *p = cp_peer_visible_producer(t->peer, w->player.section[index].producer, fault);

	if (!p)
		return cp_refuse(fault, CP_CONFLICT, "the publisher has just stopped");
	reserve(w, t, index);
	(void)consume(w, t, index, p, done); /* the answer has the codec that was chosen for it */
	return 0;
}

void cp_whip_play_sources(struct cp_whip *w, struct cp_transport *t,
	struct cp_sdp_source source[CP_SDP_SECTIONS_MAX])
{
	for (uint32_t i = 0; i < w->offer->section_count; i++) {
		const struct cp_whip_section *s = &w->player.section[i];

		/* Behind those that are in use, as they must be used in their order. */
		if (!s->ssrc && !w->choice[i].silent)
			reserve(w, t, i);
		source[i] = (struct cp_sdp_source){
			.ssrc = s->ssrc, .rtx_ssrc = s->rtx_ssrc, .cname = w->player.cname};
	}
}

struct cp_consumer *cp_whip_player_consumer(const struct cp_whip *w, uint32_t index)
{
	const struct cp_peer *peer = w->session->peer;
	const struct cp_transport *t = peer ? TAILQ_FIRST(&peer->transports) : NULL;
	struct cp_consumer *c;

	if (!t || index >= w->offer->section_count)
		return NULL;
	TAILQ_FOREACH(c, &t->consumers, on_transport)
	if (c->live && c->ssrc == w->player.section[index].ssrc)
		return c;
	return NULL;
}

/* --- streams that begin later --------------------------------------------------------------------- */

/* True if the section has no stream, and could have one. */
static bool waits(const struct cp_whip *w, uint32_t index)
{
	return !w->choice[index].silent && !cp_whip_player_consumer(w, index);
}

bool cp_whip_play_waits(const struct cp_whip *w)
{
	for (uint32_t i = 0; i < w->offer->section_count; i++) {
		if (waits(w, i))
			return true;
	}
	return false;
}

bool cp_whip_play_bind(struct cp_whip *w, struct cp_transport *t, cp_done done)
{
	const struct cp_room *room = t->peer->room;

	if (room->state == CP_ROOM_CLOSING)
		return false;
	for (uint32_t i = 0; i < w->offer->section_count; i++) {
		struct cp_producer *p = oldest(room, w->player.peer, w->offer->section[i].kind);

		if (p && waits(w, i) && consume(w, t, i, p, done))
			return true;
	}
	return false;
}

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

/* The oldest producer of that kind, of `peer` unless that is NULL. NULL: there is none. */
static struct cp_producer *oldest(const struct cp_room *room, const struct cp_peer *peer, enum sh_kind kind)
{
	struct cp_producer *p;

	TAILQ_FOREACH(p, &room->producers, in_room)
	if (is_playable(p) && p->consumable.kind == kind && (!peer || p->transport->peer == peer))
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

static int choose_section(struct cp_whip *w, uint32_t index, const struct cp_producer *p,
	struct cp_fault *fault)
{
	if (!p)
		return cp_sdp_keep_silent(w->offer, index, &w->choice[index], fault);
	memcpy(w->player.producer[index], p->id, sizeof(p->id));
	return cp_sdp_play(w->offer, index, &p->consumable, &w->choice[index], fault);
}

int cp_whip_play_choose(struct cp_whip *w, struct cp_model *m, const char *name, struct cp_fault *fault)
{
	const struct cp_room *room = cp_room_find(m, name);
	const struct cp_peer *peer = room ? choose_peer(room, w->offer) : NULL;
	int rc = 0;

	if (!peer)
		return cp_refuse(fault, CP_CONFLICT, "nobody publishes in this room");
	memcpy(w->player.cname, peer->cname, sizeof(peer->cname));
	for (uint32_t i = 0; rc == 0 && i < w->offer->section_count; i++)
		rc = choose_section(w, i, oldest(room, peer, w->offer->section[i].kind), fault);
	return rc;
}

int cp_whip_play(struct cp_whip *w, struct cp_transport *t, uint32_t index, cp_done done,
	struct cp_fault *fault)
{
	struct cp_producer *p = cp_peer_visible_producer(t->peer, w->player.producer[index], fault);
	struct sh_consumer_add add;

	if (!p)
		return cp_refuse(fault, CP_CONFLICT, "the publisher has just stopped");
	cp_sdp_consumer(w->offer, index, &w->choice[index], &add);
	cp_consumer_create_negotiated(t, p, &add, done);
	return 0;
}

void cp_whip_play_sources(struct cp_whip *w, const struct cp_transport *t,
	struct cp_sdp_source source[CP_SDP_SECTIONS_MAX])
{
	const struct cp_consumer *c;

	memset(source, 0, CP_SDP_SECTIONS_MAX * sizeof(*source));
	TAILQ_FOREACH(c, &t->consumers, on_transport)
	{
		for (uint32_t i = 0; i < w->offer->section_count; i++) {
			if (strcmp(w->player.producer[i], c->producer->id) == 0)
				source[i] = (struct cp_sdp_source){
					.ssrc = c->ssrc, .rtx_ssrc = c->rtx_ssrc, .cname = w->player.cname};
		}
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
	if (c->live && strcmp(c->producer->id, w->player.producer[index]) == 0)
		return c;
	return NULL;
}

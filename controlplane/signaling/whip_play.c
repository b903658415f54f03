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

/* True if the offer has a section of its kind. */
static bool is_offered(const struct cp_sdp_offer *offer, const struct cp_producer *p)
{
	for (uint32_t i = 0; i < offer->section_count; i++) {
		if (offer->section[i].kind == p->consumable.kind)
			return true;
	}
	return false;
}

/* The first peer with a stream for the player of which `is_right` is true. NULL: there is none. */
static const struct cp_peer *find_peer(const struct cp_whip *w, const struct cp_room *room,
	bool (*is_right)(const struct cp_whip *w, const struct cp_peer *peer))
{
	const struct cp_producer *p;

	TAILQ_FOREACH(p, &room->producers, in_room)
	{
		if (is_playable(p) && is_offered(w->offer, p) && is_right(w, p->transport->peer))
			return p->transport->peer;
	}
	return NULL;
}

static bool is_anybody(const struct cp_whip *w, const struct cp_peer *peer)
{
	return true;
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
	const struct cp_peer *peer = room ? find_peer(w, room, is_anybody) : NULL;
	int rc = 0;

	if (!peer)
		return cp_refuse(fault, CP_CONFLICT, "nobody publishes in this room");
	memset(w->choice, 0, sizeof(w->choice));
	memset(&w->player, 0, sizeof(w->player));
	w->player.peer = peer->number;
	memcpy(w->player.user, peer->user, sizeof(peer->user));
	memcpy(w->player.cname, peer->cname, sizeof(peer->cname));
	for (uint32_t i = 0; rc == 0 && i < w->offer->section_count; i++)
		rc = choose_section(w, i, &room->router,
			oldest(room, peer->number, w->offer->section[i].kind), fault);
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
	add.flags |= SH_CONSUMER_CONTINUES;
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

/* --- streams that begin later, and return --------------------------------------------------------- */

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

bool cp_whip_play_any(const struct cp_whip *w)
{
	for (uint32_t i = 0; i < w->offer->section_count; i++) {
		if (cp_whip_player_consumer(w, i))
			return true;
	}
	return false;
}

static bool is_same_peer(const struct cp_whip *w, const struct cp_peer *peer)
{
	return peer->number == w->player.peer;
}

/* As after a loss of its connection. */
static bool is_same_user(const struct cp_whip *w, const struct cp_peer *peer)
{
	return w->player.user[0] && strcmp(peer->user, w->player.user) == 0;
}

/* The peer whose streams the player gets. NULL: it publishes nothing. */
static const struct cp_peer *find_publisher(const struct cp_whip *w, const struct cp_room *room)
{
	const struct cp_peer *peer = find_peer(w, room, is_same_peer);

	if (!peer)
		peer = find_peer(w, room, is_same_user);
	if (!peer && w->player.anybody)
		peer = find_peer(w, room, is_anybody);
	return peer;
}

static void follow(struct cp_whip *w, const struct cp_peer *peer)
{
	w->player.peer = peer->number;
	memcpy(w->player.user, peer->user, sizeof(peer->user));
	w->player.anybody = false;
}

/* Whether another answer to the same offer would do for the stream. */
static bool is_in_offer(const struct cp_whip *w, uint32_t index, const struct cp_producer *p)
{
	struct cp_sdp_choice choice;
	struct cp_fault fault;

	return cp_sdp_play(w->offer, index, &p->consumable, &choice, &fault) == 0;
}

enum cp_whip_bind cp_whip_play_bind(struct cp_whip *w, struct cp_transport *t, cp_done done)
{
	const struct cp_room *room = t->peer->room;
	const struct cp_peer *peer = room->state == CP_ROOM_CLOSING ? NULL : find_publisher(w, room);

	if (!peer)
		return CP_WHIP_NONE;
	follow(w, peer);
	for (uint32_t i = 0; i < w->offer->section_count; i++) {
		struct cp_producer *p = oldest(room, peer->number, w->offer->section[i].kind);

		if (!p || !waits(w, i))
			continue;
		if (consume(w, t, i, p, done))
			return CP_WHIP_BINDS;
		if (is_in_offer(w, i, p))
			return CP_WHIP_LACKS;
	}
	return CP_WHIP_NONE;
}

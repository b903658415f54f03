/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Tells a client that has come back what it owns and what it may have missed. Nobody knows which
 * notices its lost connection has still delivered, so that this is the state of the room and not a
 * record of notices: `resumed` lists what exists, the producers that have closed lately are named
 * again (rooms/recent_ends.h), and so are those that the client does not consume.
 */

#include "controlplane/signaling/resume.h"

#include <stdlib.h>
#include <string.h>

#include "controlplane/rooms/audio.h"
#include "controlplane/rooms/consumer.h"
#include "controlplane/rooms/producer.h"
#include "controlplane/rooms/quality.h"
#include "controlplane/rooms/recent_ends.h"
#include "controlplane/rooms/room.h"
#include "controlplane/rooms/saved.h"
#include "controlplane/rooms/transport.h"
#include "controlplane/signaling/drain.h"
#include "controlplane/signaling/session.h"

/* --- the token --------------------------------------------------------------------------------- */

void cp_resume_forget_untold(struct cp_session *s)
{
	if (s->resume.untold)
		explicit_bzero(s->resume.untold, strlen(s->resume.untold));
	free(s->resume.untold);
	s->resume.untold = NULL;
}

/* Makes a token of which the client is not told yet. Without memory it stays with the one it has. */
static void make_token(struct cp_session *s)
{
	struct cp_resume_hash hash;

	cp_resume_forget_untold(s);
	s->resume.untold = malloc(CP_RESUME_TOKEN_SIZE);
	if (!s->resume.untold)
		return;
	cp_resume_token_make(s->signaling->resumes.node, s->resume.untold);
	hash = cp_resume_token_hash(s->resume.untold);
	cp_resume_set_current(s, &hash);
}

static void tell_token(struct cp_session *s)
{
	cJSON *data;

	if (!s->resume.untold)
		return;
	data = cJSON_CreateObject();
	cJSON_AddStringToObject(data, "resume", s->resume.untold);
	cJSON_AddNumberToObject(data, "graceMs", s->signaling->config->resume.grace_s * 1000.0);
	cp_resume_forget_untold(s);
	cp_session_notify(s, "session", data);
}

void cp_resume_issue(struct cp_session *s)
{
	make_token(s);
	cp_resume_tell(s);
}

/* --- what the client owns ----------------------------------------------------------------------- */

static void add_transport(const struct cp_session *s, const struct cp_transport *t, cJSON *list)
{
	cJSON *entry = cJSON_CreateObject();

	cJSON_AddStringToObject(entry, "id", t->id);
	s->dialect->describe_transport(t, entry);
	cJSON_AddStringToObject(entry, "state", cp_transport_state_name(t->state));
	cJSON_AddItemToArray(list, entry);
}

static void add_producers(const struct cp_transport *t, cJSON *list)
{
	const struct cp_producer *p;

	TAILQ_FOREACH(p, &t->producers, on_transport)
	{
		cJSON *entry;

		if (!p->live)
			continue;
		entry = cJSON_CreateObject();
		cJSON_AddStringToObject(entry, "id", p->id);
		cJSON_AddStringToObject(entry, "kind", cp_kind_name(p->consumable.kind));
		cJSON_AddBoolToObject(entry, "paused", p->paused);
		cJSON_AddItemToArray(list, entry);
	}
}

/* A consumer whose producer has ended closes with the next slice of news: it is left out. */
static bool is_there(const struct cp_consumer *c)
{
	return c->live && !c->producer->ended;
}

static void add_consumers(const struct cp_transport *t, cJSON *list)
{
	const struct cp_consumer *c;

	TAILQ_FOREACH(c, &t->consumers, on_transport)
	{
		cJSON *entry;

		if (!is_there(c))
			continue;
		entry = cJSON_CreateObject();
		cJSON_AddStringToObject(entry, "id", c->id);
		cJSON_AddStringToObject(entry, "producerId", c->producer->id);
		cJSON_AddStringToObject(entry, "kind", cp_kind_name(c->producer->consumable.kind));
		cJSON_AddBoolToObject(entry, "paused", c->paused);
		cJSON_AddBoolToObject(entry, "producerPaused", c->producer->told_paused);
		cJSON_AddItemToArray(list, entry);
	}
}

/* A session whose room has closed meanwhile owns nothing. */
static cJSON *possessions(const struct cp_session *s)
{
	cJSON *data = cJSON_CreateObject();
	cJSON *transports = cJSON_AddArrayToObject(data, "transports");
	cJSON *producers = cJSON_AddArrayToObject(data, "producers");
	cJSON *consumers = cJSON_AddArrayToObject(data, "consumers");
	const struct cp_transport *t;

	if (!s->peer)
		return data;
	TAILQ_FOREACH(t, &s->peer->transports, on_peer)
	{
		if (cp_transport_is_lost(t) || t->state == CP_TRANSPORT_OPENING)
			continue;
		add_transport(s, t, transports);
		add_producers(t, producers);
		add_consumers(t, consumers);
	}
	return data;
}

/* --- what it may have missed --------------------------------------------------------------------- */

static void tell_ended(struct cp_peer *peer, const char *producer)
{
	struct cp_session *s = peer->session;
	cJSON *data = cJSON_CreateObject();

	cJSON_AddStringToObject(data, "producerId", producer);
	cp_session_notify(s, "producerClosed", data);
}

static bool consumes(const struct cp_peer *peer, const struct cp_producer *p)
{
	const struct cp_transport *t;
	const struct cp_consumer *c;

	TAILQ_FOREACH(t, &peer->transports, on_peer)
	TAILQ_FOREACH(c, &t->consumers, on_transport)
	if (c->producer == p)
		return true;
	return false;
}

static void tell_new(struct cp_peer *peer, const struct cp_producer *p, void *arg)
{
	if (!consumes(peer, p))
		peer->listener->new_producer(peer, p);
}

static void tell_missed(struct cp_peer *peer)
{
	struct cp_transport *t;
	struct cp_consumer *c;

	cp_recent_ends_tell(peer, tell_ended);
	cp_peer_each_visible_producer(peer, tell_new, NULL);
	TAILQ_FOREACH(t, &peer->transports, on_peer)
	TAILQ_FOREACH(c, &t->consumers, on_transport)
	cp_quality_repeat(c);
	cp_audio_repeat(peer);
}

static void greet(struct cp_session *s)
{
	s->resume.greets = false;
	cp_session_notify(s, "resumed", possessions(s));
	s->resume.told = true;
	tell_token(s);
	if (s->peer && s->peer->room->state != CP_ROOM_CLOSING)
		tell_missed(s->peer);
	cp_drain_tell(s);
}

void cp_resume_tell(struct cp_session *s)
{
	if (s->current || !(s->resume.greets || s->resume.untold))
		return;
	if (!s->resume.untold)
		make_token(s);
	if (s->peer && !cp_peer_is_saved(s->peer))
		return;
	if (s->resume.greets)
		greet(s);
	else
		tell_token(s);
}

void cp_session_send_resumed(struct cp_session *s)
{
	s->resume.greets = true;
	cp_resume_tell(s);
}

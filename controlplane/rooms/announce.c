/* SPDX-License-Identifier: Apache-2.0 */
#include "controlplane/rooms/announce.h"

#include <stdlib.h>

#include "controlplane/rooms/consumer.h"
#include "controlplane/rooms/model.h"
#include "controlplane/rooms/producer.h"
#include "controlplane/rooms/recent_ends.h"
#include "controlplane/rooms/room_state.h"
#include "controlplane/rooms/transport.h"

enum {
	BURST = 256, /* most notices in one iteration of the event loop */
	CREDIT = 1000, /* of one notice */
};

/* --- the allowance ------------------------------------------------------------------------ */

static uint64_t now_ms(const struct cp_model *m)
{
	return m->clock->now_ms(m->clock_arg);
}

unsigned cp_notices_allowed(struct cp_model *m)
{
	uint64_t now = now_ms(m), rate = m->config->limit.notices_per_second;
	uint64_t passed = now - m->notices.credit_ms;

	/* After a second the credit is full at any rate, and the product stays small. */
	m->notices.credit += (passed < 1000 ? passed : 1000) * rate;
	if (m->notices.credit > BURST * CREDIT || passed >= 1000)
		m->notices.credit = BURST * CREDIT;
	m->notices.credit_ms = now;
	return (unsigned)(m->notices.credit / CREDIT);
}

void cp_notices_spend(struct cp_model *m, unsigned n)
{
	m->notices.credit -= (uint64_t)n * CREDIT;
	m->notices.told += n;
}

static bool spend(unsigned *budget)
{
	if (*budget == 0)
		return false;
	--*budget;
	return true;
}

/* --- one producer ------------------------------------------------------------------------- */

static void queue(struct cp_room *room, struct cp_producer *p, enum cp_news_kind kind)
{
	struct cp_model *m = room->model;

	p->news.kind = kind;
	p->news.begun = false;
	p->news.upto = m->last_peer;
	TAILQ_INSERT_TAIL(&room->telling.producers, p, news.in_room);
	if (room->telling.queued || room->state == CP_ROOM_CLOSING)
		return;
	room->telling.queued = true;
	TAILQ_INSERT_TAIL(&m->telling, room, in_telling);
}

static void dequeue(struct cp_room *room, struct cp_producer *p)
{
	TAILQ_REMOVE(&room->telling.producers, p, news.in_room);
	p->news.kind = CP_NEWS_NONE;
	p->news.begun = false;
}

static void forget_state(struct cp_model *m, struct cp_producer *p)
{
	if (p->news.recent)
		TAILQ_REMOVE(&m->recent, p, news.in_recent);
	p->news.recent = false;
}

/* Notes that the state is told now. False: the room knows it already. */
static bool take_state(struct cp_model *m, struct cp_producer *p)
{
	const struct cp_transport *t = p->transport;

	if (p->paused == p->told_paused)
		return false;
	p->told_paused = p->paused;
	p->news.recent = true;
	p->news.state_ms = now_ms(m);
	TAILQ_INSERT_TAIL(&m->recent, p, news.in_recent);
	sh_log(SH_LOG_INFO, "producer-%s room=%s peer=%s transport=%s producer=%s kind=%s",
		p->paused ? "paused" : "resumed", t->peer->room->log_name, t->peer->id, t->id, p->id,
		cp_kind_name(p->consumable.kind));
	return true;
}

/* Begins with the first producer's news. False: there is nothing to tell. */
static bool begin(struct cp_room *room, struct cp_producer *p)
{
	p->news.begun = true;
	room->telling.next = TAILQ_FIRST(&room->peers);
	return p->news.kind != CP_NEWS_STATE || take_state(room->model, p);
}

/* Closes the consumers of a producer that has ended while `budget` lasts. True: none is left. */
static bool end_consumers(struct cp_producer *p, unsigned *budget)
{
	/* Their owners did not ask for this, so they are notified. */
	const struct cp_closing how = {
		.tell_owner = true, .why = CP_NOT_FOUND, .reason = "producerId: it was closed"};

	while (!TAILQ_EMPTY(&p->consumers)) {
		if (!spend(budget))
			return false;
		cp_consumer_destroy(TAILQ_FIRST(&p->consumers), &how);
	}
	return true;
}

static void tell_one(struct cp_peer *peer, const struct cp_producer *p)
{
	if (peer->number == p->owner)
		return;
	if (p->news.kind == CP_NEWS_NEW)
		peer->listener->new_producer(peer, p);
	else if (p->news.kind == CP_NEWS_STATE)
		peer->listener->producer_paused(peer, p, p->told_paused);
	else
		peer->listener->producer_closed(peer, p);
}

/* Tells peers while `budget` lasts. True: all know. */
static bool tell_peers(struct cp_room *room, const struct cp_producer *p, unsigned *budget)
{
	struct cp_peer *peer;

	while ((peer = room->telling.next) && peer->number <= p->news.upto) {
		if (!spend(budget))
			return false;
		room->telling.next = TAILQ_NEXT(peer, in_room);
		tell_one(peer, p);
	}
	return true;
}

/* Everybody knows: frees a producer that has ended. */
static void finish(struct cp_room *room, struct cp_producer *p)
{
	dequeue(room, p);
	if (p->ended)
		free(p);
	else if (p->paused != p->told_paused && !p->news.recent)
		queue(room, p, CP_NEWS_STATE); /* it changed while the news was told */
}

/* --- slices ------------------------------------------------------------------------------- */

/* Tells a room while `budget` lasts. */
static void tell_slice(struct cp_room *room, unsigned *budget)
{
	struct cp_producer *p;

	while ((p = TAILQ_FIRST(&room->telling.producers))) {
		if (*budget == 0)
			return;
		if (p->news.begun || begin(room, p)) {
			if (p->news.kind == CP_NEWS_END && !end_consumers(p, budget))
				return;
			if (!tell_peers(room, p, budget))
				return;
		}
		finish(room, p);
	}
	room->telling.queued = false;
	TAILQ_REMOVE(&room->model->telling, room, in_telling);
}

/* Tells what can be told at once. The model's next runs tell the rest. */
static void tell_now(struct cp_room *room)
{
	struct cp_model *m = room->model;
	unsigned allowed = cp_notices_allowed(m), left = allowed;

	/* If another room waits, the allowance is spent. */
	if (room->telling.queued && TAILQ_FIRST(&m->telling) == room)
		tell_slice(room, &left);
	cp_notices_spend(m, allowed - left);
	cp_model_schedule(m);
}

/* Queues the states of producers that have changed again since they were told. */
static void recall_states(struct cp_model *m)
{
	uint64_t now = now_ms(m);
	struct cp_producer *p;

	while ((p = TAILQ_FIRST(&m->recent)) && p->news.state_ms + m->config->rooms.pause_notice_ms <= now) {
		forget_state(m, p);
		if (p->paused != p->told_paused && p->news.kind == CP_NEWS_NONE)
			queue(p->transport->peer->room, p, CP_NEWS_STATE);
	}
}

void cp_announce_run(struct cp_model *m)
{
	unsigned allowed, left;
	struct cp_room *room;

	recall_states(m);
	allowed = left = cp_notices_allowed(m);
	while (left > 0 && (room = TAILQ_FIRST(&m->telling))) {
		/* Round robin, so that a small room does not wait for a large one. */
		TAILQ_REMOVE(&m->telling, room, in_telling);
		TAILQ_INSERT_TAIL(&m->telling, room, in_telling);
		tell_slice(room, &left);
	}
	cp_notices_spend(m, allowed - left);
}

/* --- news --------------------------------------------------------------------------------- */

void cp_announce_new(struct cp_producer *p)
{
	struct cp_room *room = p->transport->peer->room;

	p->told_paused = p->paused;
	queue(room, p, CP_NEWS_NEW);
	tell_now(room);
}

void cp_announce_state(struct cp_producer *p)
{
	struct cp_room *room = p->transport->peer->room;

	if (p->news.kind != CP_NEWS_NONE || p->news.recent) {
		room->model->notices.merged++; /* finish() or recall_states() looks again */
		return;
	}
	if (p->paused == p->told_paused)
		return;
	queue(room, p, CP_NEWS_STATE);
	tell_now(room);
}

/* True if no peer has been told that the producer is new, or has joined since. */
static bool unknown(const struct cp_room *room, const struct cp_producer *p)
{
	const struct cp_peer *newest = TAILQ_LAST(&room->peers, cp_peer_list);

	return p->news.kind == CP_NEWS_NEW && !p->news.begun && (!newest || newest->number <= p->news.upto);
}

void cp_announce_end(struct cp_room *room, struct cp_producer *p)
{
	bool nobody = unknown(room, p);

	forget_state(room->model, p);
	if (p->news.kind != CP_NEWS_NONE)
		dequeue(room, p);
	queue(room, p, CP_NEWS_END);
	if (nobody) {
		p->news.upto = 0;
		room->model->notices.merged++;
	} else {
		cp_recent_ends_add(room, p);
	}
	if (room->state != CP_ROOM_CLOSING)
		tell_now(room);
}

bool cp_announce_will_tell(const struct cp_peer *peer, const struct cp_producer *p)
{
	const struct cp_peer *next = peer->room->telling.next;

	return p->news.kind == CP_NEWS_NEW && peer->number <= p->news.upto &&
	       (!p->news.begun || (next && next->number <= peer->number));
}

void cp_announce_peer_leaving(const struct cp_peer *peer)
{
	struct cp_room *room = peer->room;

	if (room->telling.next == peer)
		room->telling.next = TAILQ_NEXT(peer, in_room);
}

void cp_announce_stop(struct cp_room *room)
{
	if (room->telling.queued)
		TAILQ_REMOVE(&room->model->telling, room, in_telling);
	room->telling.queued = false;
}

bool cp_announce_forget(struct cp_room *room)
{
	struct cp_producer *p = TAILQ_FIRST(&room->telling.producers);

	if (!p)
		return false;
	dequeue(room, p);
	free(p);
	return true;
}

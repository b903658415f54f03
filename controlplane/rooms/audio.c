/* SPDX-License-Identifier: Apache-2.0 */
#include "controlplane/rooms/audio.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "controlplane/persist/persist.h"
#include "controlplane/rooms/announce.h"
#include "controlplane/rooms/call.h"
#include "controlplane/rooms/model.h"
#include "controlplane/rooms/producer.h"
#include "controlplane/rooms/room_state.h"
#include "controlplane/rooms/saved.h"
#include "controlplane/rooms/transport.h"

enum {
	SLICE = 1024, /* producers that are measured, or peers that are looked at, in one iteration */
	COMMANDS = 64, /* to the data plane for one room in one tick */
};

/* A room where peers ask, or whose producers the data plane still observes. */
struct cp_room_audio {
	struct cp_room *room;
	unsigned ticks;
	uint32_t observers[CP_AUDIO_INTERVALS], all; /* peers by interval, and together */
	struct cp_levels levels[CP_AUDIO_INTERVALS];
	struct cp_speaker speaker; /* of struct cp_producer */
	uint64_t speaker_number;
	struct cp_peer *next; /* to be looked at; NULL: the first */
	uint32_t left; /* peers that have still to be looked at; not 0: it is in the list `telling` */
	TAILQ_ENTRY(cp_room_audio) in_model, in_telling;
};

static uint64_t now_ms(const struct cp_model *m)
{
	return m->clock->now_ms(m->clock_arg);
}

/* Something has changed: looks at all peers, those first who have waited longest. */
static void tell_all(struct cp_room_audio *a)
{
	if (a->left == 0)
		TAILQ_INSERT_TAIL(&a->room->model->audio.telling, a, in_telling);
	a->left = a->room->peer_count;
}

static void told_all(struct cp_room_audio *a)
{
	if (a->left > 0)
		TAILQ_REMOVE(&a->room->model->audio.telling, a, in_telling);
	a->left = 0;
}

/* --- who asks ----------------------------------------------------------------------------- */

static struct cp_room_audio *audio_of(struct cp_room *room)
{
	struct cp_model *m = room->model;
	struct cp_room_audio *a = room->audio;

	if (a)
		return a;
	a = calloc(1, sizeof(*a));
	if (!a)
		return NULL;
	a->room = room;
	room->audio = a;
	if (TAILQ_EMPTY(&m->audio.rooms))
		m->audio.next_ms = now_ms(m) + CP_SPEAKER_TICK_MS;
	TAILQ_INSERT_TAIL(&m->audio.rooms, a, in_model);
	return a;
}

static uint8_t interval_for(uint64_t ms)
{
	uint8_t i = 0;

	while (i < CP_AUDIO_INTERVALS - 1 && (uint64_t)CP_SPEAKER_TICK_MS << i < ms)
		i++;
	return i;
}

static_assert((int)CP_SAVED_AUDIO_INTERVALS == (int)CP_AUDIO_INTERVALS, "what a peer may ask for");
static_assert((int)CP_SAVED_AUDIO_ENTRIES == (int)CP_AUDIO_ENTRIES, "what a peer may ask for");

static void stop(struct cp_peer *peer)
{
	struct cp_room_audio *a = peer->room->audio;

	if (peer->audio.entries == 0)
		return;
	a->observers[peer->audio.interval]--;
	a->all--;
	peer->audio.entries = 0;
}

int cp_peer_observe_audio(struct cp_peer *peer, uint64_t interval_ms, uint64_t entries)
{
	struct cp_room_audio *a;
	uint64_t told = peer->audio.entries > 0 ? peer->audio.speaker : 0;

	stop(peer);
	cp_peer_save(peer);
	if (interval_ms == 0)
		return 0;
	a = audio_of(peer->room);
	if (!a)
		return ENOMEM;
	peer->audio.interval = interval_for(interval_ms);
	peer->audio.entries = (uint8_t)(entries < CP_AUDIO_ENTRIES ? entries : CP_AUDIO_ENTRIES);
	peer->audio.levels = a->levels[peer->audio.interval].number;
	peer->audio.speaker = told;
	a->observers[peer->audio.interval]++;
	a->all++;
	if (a->speaker.who)
		tell_all(a);
	cp_model_schedule(peer->room->model);
	return 0;
}

void cp_audio_save(const struct cp_peer *peer, struct cp_saved_peer *out)
{
	out->audio_entries = peer->audio.entries;
	out->audio_interval = peer->audio.entries > 0 ? peer->audio.interval : 0;
}

/* Without memory it hears nothing, as after a request that has failed. */
void cp_audio_restore(struct cp_peer *peer, const struct cp_saved_peer *saved)
{
	if (saved->audio_entries > 0)
		(void)cp_peer_observe_audio(peer, (uint64_t)CP_SPEAKER_TICK_MS << saved->audio_interval,
			saved->audio_entries);
}

void cp_audio_repeat(struct cp_peer *peer)
{
	struct cp_room_audio *a = peer->room->audio;

	if (!a || peer->audio.entries == 0)
		return;
	peer->audio.speaker = 0;
	tell_all(a);
	cp_model_schedule(peer->room->model);
}

void cp_audio_remove_peer(struct cp_peer *peer)
{
	struct cp_room_audio *a = peer->room->audio;

	if (!a)
		return;
	stop(peer);
	if (a->next == peer)
		a->next = TAILQ_NEXT(peer, in_room);
}

void cp_audio_end(struct cp_room *room)
{
	struct cp_model *m = room->model;

	if (!room->audio)
		return;
	if (m->audio.next == room->audio)
		m->audio.next = TAILQ_NEXT(room->audio, in_model);
	told_all(room->audio);
	TAILQ_REMOVE(&m->audio.rooms, room->audio, in_model);
	free(room->audio);
	room->audio = NULL;
}

/* --- measuring ------------------------------------------------------------------------------ */

static void set_speaker(struct cp_room_audio *a)
{
	a->speaker_number = ++a->room->model->audio.number;
	tell_all(a);
}

void cp_audio_remove_producer(struct cp_producer *p)
{
	struct cp_room_audio *a = p->transport->peer->room->audio;

	if (!a || !cp_speaker_forget(&a->speaker, p))
		return;
	set_speaker(a);
	cp_model_schedule(a->room->model);
}

/* Tells the data plane whether to read the producer's levels. */
static void observe(struct cp_producer *p, bool wanted)
{
	struct sh_cmd cmd = {
		.op = SH_OP_PRODUCER_OBSERVE, .id = p->encoding[0].dp_id, .producer_observe.levels = wanted};

	p->audio = (struct cp_producer_audio){.observed = wanted};
	cp_model_submit(p->transport->peer->room->model, &cmd);
}

/* Takes what the producer has sent since the last tick. */
static void hear(struct cp_model *m, struct cp_producer *p)
{
	struct cp_producer_audio *v = &p->audio;
	uint64_t total = v->total;
	uint32_t count = 0, sum = 0;

	if (m->bridge->audio_levels(m->bridge_arg, p, &total) && v->read) {
		count = (uint32_t)(total >> 32) - (uint32_t)(v->total >> 32);
		sum = (uint32_t)total - (uint32_t)v->total;
	}
	v->read |= total != v->total;
	v->total = total;
	cp_voice_hear(&v->voice, count, sum);
	for (unsigned i = 0; i < CP_AUDIO_INTERVALS; i++) {
		v->window[i].count += count;
		v->window[i].sum += sum;
	}
}

/* Inserts a producer at its place; what is quieter than all of a full list is left out. */
static void insert(struct cp_levels *l, const struct cp_producer *p, int level)
{
	unsigned at = l->count;

	while (at > 0 && l->entry[at - 1].level < level)
		at--;
	if (at == CP_AUDIO_ENTRIES)
		return;
	if (l->count < CP_AUDIO_ENTRIES)
		l->count++;
	memmove(&l->entry[at + 1], &l->entry[at], (l->count - 1 - at) * sizeof(l->entry[0]));
	memcpy(l->entry[at].producer, p->id, sizeof(p->id));
	l->entry[at].level = level;
}

/* Ends the window of one interval. Silence is told once. */
static void report(struct cp_room_audio *a, unsigned i)
{
	struct cp_levels *l = &a->levels[i];
	bool silent = l->count == 0;
	struct cp_producer *p;

	l->count = 0;
	TAILQ_FOREACH(p, &a->room->producers, in_room)
	{
		uint32_t count = p->audio.window[i].count, sum = p->audio.window[i].sum;

		if (count > 0 && sum / count < CP_LEVEL_FLOOR)
			insert(l, p, -(int)(sum / count));
		p->audio.window[i].count = p->audio.window[i].sum = 0;
	}
	if (a->observers[i] == 0 || (silent && l->count == 0))
		return;
	l->number = ++a->room->model->audio.number;
	tell_all(a);
}

static void elect(struct cp_room_audio *a)
{
	const struct cp_producer *who = a->speaker.who, *loudest = NULL, *p;

	TAILQ_FOREACH(p, &a->room->producers, in_room)
	if (p->audio.voice.now > 0 && (!loudest || p->audio.voice.smooth > loudest->audio.voice.smooth))
		loudest = p;
	if (cp_speaker_tick(&a->speaker, who ? &who->audio.voice : NULL, loudest,
		    loudest ? &loudest->audio.voice : NULL))
		set_speaker(a);
}

/* One tick of a room. Frees `a` when nobody asks and the data plane observes nothing any more. */
static void measure(struct cp_room_audio *a)
{
	struct cp_room *room = a->room;
	unsigned commands = 0, observed = 0;
	struct cp_producer *p;

	TAILQ_FOREACH(p, &room->producers, in_room)
	{
		if (!p->live || p->consumable.kind != SH_KIND_AUDIO)
			continue;
		if (p->audio.observed != (a->all > 0) && commands < COMMANDS) {
			observe(p, a->all > 0);
			commands++;
		}
		observed += p->audio.observed;
		if (p->audio.observed)
			hear(room->model, p);
	}
	if (a->all == 0 && observed == 0) {
		cp_audio_end(room);
		return;
	}
	elect(a);
	a->ticks++;
	for (unsigned i = 0; i < CP_AUDIO_INTERVALS && a->ticks % (1u << i) == 0; i++)
		report(a, i);
}

/* Measures the next rooms. */
static void measure_slice(struct cp_model *m)
{
	uint64_t now = now_ms(m);
	unsigned work = 0;

	if (!m->audio.next && now >= m->audio.next_ms) {
		m->audio.next = TAILQ_FIRST(&m->audio.rooms);
		m->audio.next_ms += CP_SPEAKER_TICK_MS;
		if (m->audio.next_ms <= now)
			m->audio.next_ms = now + CP_SPEAKER_TICK_MS;
	}
	while (work < SLICE && m->audio.next) {
		struct cp_room_audio *a = m->audio.next;

		m->audio.next = TAILQ_NEXT(a, in_model);
		work += 1 + a->room->producer_count;
		measure(a);
	}
}

/* --- telling ---------------------------------------------------------------------------------- */

/* Returns the number of notices. */
static unsigned tell(struct cp_room_audio *a, struct cp_peer *to)
{
	const struct cp_levels *l = &a->levels[to->audio.interval];
	const struct cp_producer *who = a->speaker.who;
	unsigned n = 0;

	if (to->audio.entries == 0)
		return 0;
	if (to->audio.speaker != a->speaker_number) {
		to->audio.speaker = a->speaker_number;
		to->listener->active_speaker(to, who ? who->id : NULL, a->speaker_number);
		n++;
	}
	if (to->audio.levels != l->number) {
		to->audio.levels = l->number;
		to->listener->audio_levels(to, l, to->audio.entries);
		n++;
	}
	return n;
}

/* Tells peers of a room while `*allowed` and `*looks` last. True: all have been looked at. */
static bool tell_room(struct cp_room_audio *a, unsigned *allowed, unsigned *looks)
{
	uint32_t left = a->room->state == CP_ROOM_CLOSING ? 0 : a->left;

	for (; left > 0 && *allowed > 0 && *looks > 0; left--) {
		struct cp_peer *to = a->next ? a->next : TAILQ_FIRST(&a->room->peers);
		unsigned told = tell(a, to);

		a->next = TAILQ_NEXT(to, in_room);
		*allowed -= told < *allowed ? told : *allowed;
		--*looks;
	}
	if (left > 0)
		a->left = left;
	else
		told_all(a);
	return left == 0;
}

/* Round robin, so that a small room does not wait for a large one. */
static void tell_slice(struct cp_model *m)
{
	unsigned allowed = cp_notices_allowed(m), left = allowed, looks = SLICE;
	struct cp_room_audio *a;

	while (left > 0 && looks > 0 && (a = TAILQ_FIRST(&m->audio.telling))) {
		if (tell_room(a, &left, &looks))
			continue;
		TAILQ_REMOVE(&m->audio.telling, a, in_telling);
		TAILQ_INSERT_TAIL(&m->audio.telling, a, in_telling);
	}
	cp_notices_spend(m, allowed - left);
}

uint64_t cp_audio_due_ms(const struct cp_model *m)
{
	if (TAILQ_EMPTY(&m->audio.rooms))
		return UINT64_MAX;
	return m->audio.next || !TAILQ_EMPTY(&m->audio.telling) ? 0 : m->audio.next_ms;
}

void cp_audio_run(struct cp_model *m)
{
	if (TAILQ_EMPTY(&m->audio.rooms))
		return;
	measure_slice(m);
	tell_slice(m);
}

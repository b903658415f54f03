/* SPDX-License-Identifier: Apache-2.0 */
#include "controlplane/rooms/room.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "controlplane/persist/persist.h"
#include "controlplane/rooms/announce.h"
#include "controlplane/rooms/audio.h"
#include "controlplane/rooms/call.h"
#include "controlplane/rooms/consumer.h"
#include "controlplane/rooms/model.h"
#include "controlplane/rooms/producer.h"
#include "controlplane/rooms/recent_ends.h"
#include "controlplane/rooms/restore.h"
#include "controlplane/rooms/room_state.h"
#include "controlplane/rooms/transport.h"
#include "controlplane/rooms/user.h"

int cp_model_init(struct cp_model *m, const struct sh_config *config, const struct cp_bridge *bridge,
	void *bridge_arg, const struct cp_clock *clock, void *clock_arg)
{
	int error;

	memset(m, 0, sizeof(*m));
	m->config = config;
	m->bridge = bridge;
	m->bridge_arg = bridge_arg;
	m->clock = clock;
	m->clock_arg = clock_arg;
	cp_model_set_codecs(m);
	TAILQ_INIT(&m->room_list);
	TAILQ_INIT(&m->grace);
	TAILQ_INIT(&m->closing);
	TAILQ_INIT(&m->telling);
	TAILQ_INIT(&m->recent);
	TAILQ_INIT(&m->plain);
	TAILQ_INIT(&m->transport_list);
	TAILQ_INIT(&m->walks);
	TAILQ_INIT(&m->awaited);
	TAILQ_INIT(&m->unsaved);
	TAILQ_INIT(&m->quality.producers);
	TAILQ_INIT(&m->quality.consumers);
	TAILQ_INIT(&m->audio.rooms);
	TAILQ_INIT(&m->audio.telling);
	TAILQ_INIT(&m->watch.changed);
	cp_load_init(&m->load);
	error = cp_table_init(&m->consumers_by_dp_id);
	if (error != 0)
		return error;
	error = cp_addresses_start(&m->subjects);
	if (error != 0)
		cp_table_free(&m->consumers_by_dp_id);
	return error;
}

void cp_model_set_codecs(struct cp_model *m)
{
	cp_router_init(&m->router, m->config->codec, m->config->codec_count);
}

void cp_model_end(struct cp_model *m)
{
	cp_addresses_stop(&m->subjects);
	cp_table_free(&m->consumers_by_dp_id);
}

/* Creates a room that counts for `creator`. NULL with the fault. */
static struct cp_room *room_make(struct cp_model *m, const char *name, const struct cp_holder *creator,
	struct cp_fault *fault)
{
	struct cp_room *room = calloc(1, sizeof(*room));

	if (!room) {
		cp_refuse(fault, CP_INTERNAL, "out of memory");
		return NULL;
	}
	snprintf(room->name, sizeof(room->name), "%s", name);
	cp_name_log(room->log_name, name);
	room->model = m;
	room->router = m->router;
	TAILQ_INIT(&room->peers);
	TAILQ_INIT(&room->producers);
	TAILQ_INIT(&room->absent);
	TAILQ_INIT(&room->telling.producers);
	if (cp_index_add(&m->rooms, room) != 0) {
		free(room);
		cp_refuse(fault, CP_INTERNAL, "out of memory");
		return NULL;
	}
	TAILQ_INSERT_TAIL(&m->room_list, room, in_model);
	room->creator = *creator;
	if (creator->address)
		cp_address_keep(creator->address);
	if (creator->subject)
		cp_address_keep(creator->subject);
	cp_share_add(m, &room->creator, CP_TABLE_ROOMS, 1);
	return room;
}

static void room_free(struct cp_room *room)
{
	static struct sh_log_limit limit = {.event = "room-closed", .per_second = SH_LOG_CLIENTS};
	const struct cp_counts *n = &room->end.counts;

	cp_room_unqueue(room);
	cp_watch_closed(room);
	cp_user_forget_absent(room);
	cp_audio_end(room);
	cp_recent_ends_free(room);
	cp_announce_stop(room);
	while (cp_announce_forget(room))
		;
	if (room->state == CP_ROOM_CLOSING)
		sh_log_limited(&limit, SH_LOG_INFO,
			"room-closed room=%s reason=\"%s\" peers=%u consumers=%u producers=%u transports=%u",
			room->log_name, room->end.reason, n->peers, n->consumers, n->producers,
			n->transports);
	cp_index_remove(&room->model->rooms, room);
	TAILQ_REMOVE(&room->model->room_list, room, in_model);
	cp_share_remove(&room->creator, CP_TABLE_ROOMS, 1);
	cp_holder_release(&room->creator);
	free(room);
}

struct cp_room *cp_room_find(struct cp_model *m, const char *name)
{
	struct cp_room *room = cp_index_find(&m->rooms, name);

	return room && room->state != CP_ROOM_CLOSING ? room : NULL;
}

const struct cp_router *cp_room_router(struct cp_model *m, const char *name)
{
	const struct cp_room *room = cp_room_find(m, name);

	return room ? &room->router : &m->router;
}

static int check_room(struct cp_model *m, const struct cp_holder *creator, struct cp_fault *fault)
{
	if (m->rooms.count >= m->config->limit.rooms)
		return cp_refuse(fault, CP_TOO_MANY, "room: this server holds %u rooms already",
			m->rooms.count);
	return cp_share_check_room(m, creator, fault);
}

/* Finds the room to join, or creates one, which has no peer yet. NULL with the fault. */
static struct cp_room *room_to_join(struct cp_model *m, const char *name, const struct cp_holder *joiner,
	struct cp_fault *fault)
{
	struct cp_room *room = cp_index_find(&m->rooms, name);

	if (!room)
		return check_room(m, joiner, fault) == 0 ? room_make(m, name, joiner, fault) : NULL;
	if (room->state == CP_ROOM_CLOSING) {
		cp_refuse(fault, CP_UNAVAILABLE, "room: it is closing");
		return NULL;
	}
	if (room->peer_count >= m->config->limit.peers_per_room) {
		cp_refuse(fault, CP_TOO_MANY, "room: %u peers are in it already", room->peer_count);
		return NULL;
	}
	return room;
}

/* The peer takes over `holder`. NULL: no memory, and `holder` stays the caller's. */
static struct cp_peer *peer_make(struct cp_room *room, const struct cp_join *join,
	const struct cp_holder *holder)
{
	struct cp_peer *peer = calloc(1, sizeof(*peer));

	if (!peer)
		return NULL;
	if (join->id)
		snprintf(peer->id, sizeof(peer->id), "%s", join->id);
	else
		cp_id_make(peer->id);
	cp_token_make(peer->cname, sizeof(peer->cname));
	snprintf(peer->user, sizeof(peer->user), "%s", join->user);
	peer->room = room;
	peer->publish = join->publish;
	peer->subscribe = join->subscribe;
	peer->close = join->close;
	peer->of_operator = join->of_operator;
	peer->listener = join->listener;
	peer->session = join->session;
	peer->holder = *holder;
	TAILQ_INIT(&peer->transports);
	if (cp_user_enter(room, peer) != 0) {
		free(peer);
		return NULL;
	}
	return peer;
}

/* Closes everything that the peer owns: consumers, then producers, then transports. */
static void close_owned(struct cp_peer *peer, const struct cp_closing *how)
{
	struct cp_transport *t;

	TAILQ_FOREACH(t, &peer->transports, on_peer)
	while (!TAILQ_EMPTY(&t->consumers))
		cp_consumer_destroy(TAILQ_FIRST(&t->consumers), how);
	TAILQ_FOREACH(t, &peer->transports, on_peer)
	while (!TAILQ_EMPTY(&t->producers))
		cp_producer_destroy(TAILQ_FIRST(&t->producers), how);
	while (!TAILQ_EMPTY(&peer->transports))
		cp_transport_destroy(TAILQ_FIRST(&peer->transports), how);
}

/* Closes what other peers of the same user own in the room, and notifies these peers. */
static void close_same_user(struct cp_peer *peer)
{
	const struct cp_closing how = {
		.tell_owner = true, .why = CP_CONFLICT, .reason = CP_USER_JOINED_AGAIN};
	struct cp_user *user = peer->same_user;

	if (!user)
		return;
	/*
	 * A peer leaves the list when its last transport closes. The new peer is not in the list,
	 * because it has no transport yet.
	 */
	while (!TAILQ_EMPTY(&user->owners))
		close_owned(TAILQ_FIRST(&user->owners), &how);
}

/* The peer is in its room from now on. */
static void enter(struct cp_peer *peer)
{
	struct cp_room *room = peer->room;

	peer->number = ++room->model->last_peer;
	cp_user_supersede(peer);
	TAILQ_INSERT_TAIL(&room->peers, peer, in_room);
	room->peer_count++;
	room->model->peer_count++;
	cp_watch_entered(room);
}

struct cp_peer *cp_room_join(struct cp_model *m, const struct cp_join *join, struct cp_fault *fault)
{
	struct cp_holder holder;
	struct cp_room *room;
	struct cp_peer *peer;

	if (!join->of_operator && cp_drain_check(m, join->room, join->user, fault) != 0)
		return NULL;
	if (cp_holder_take(m, &holder, join->address, join->user_proven ? join->user : "") != 0) {
		cp_refuse(fault, CP_INTERNAL, "out of memory");
		return NULL;
	}
	room = room_to_join(m, join->room, &holder, fault);
	if (!room) {
		cp_holder_release(&holder);
		return NULL;
	}
	peer = peer_make(room, join, &holder);
	if (!peer) {
		if (room->peer_count == 0)
			room_free(room);
		cp_holder_release(&holder);
		cp_refuse(fault, CP_INTERNAL, "out of memory");
		return NULL;
	}
	/*
	 * Before the new peer is in the room, so that it is not notified of objects it never knew.
	 */
	close_same_user(peer);
	enter(peer);
	if (peer->same_user)
		peer->same_user->joined = true;
	return peer;
}

/* True if the peer's user has joined again before its predecessor's peer could be made again. */
static bool is_superseded(const struct cp_room *room, const char *user)
{
	const struct cp_user *known = user[0] != '\0' ? cp_index_find(&room->users, user) : NULL;

	return known && known->joined;
}

struct cp_peer *cp_room_restore(struct cp_model *m, const struct cp_join *join,
	const struct cp_saved_peer *saved)
{
	struct cp_room *room = cp_index_find(&m->rooms, join->room);
	struct cp_peer *peer = NULL;
	struct cp_holder holder;
	struct cp_fault fault;

	if (cp_holder_take(m, &holder, join->address, join->user_proven ? join->user : "") != 0)
		return NULL;
	if (!room) {
		room = room_make(m, join->room, &holder, &fault);
		if (room)
			room->restored = true;
	}
	if (room && room->state != CP_ROOM_CLOSING && !is_superseded(room, join->user))
		peer = peer_make(room, join, &holder);
	if (!peer) {
		if (room && room->peer_count == 0)
			room_free(room);
		cp_holder_release(&holder);
		return NULL;
	}
	memcpy(peer->cname, saved->cname, sizeof(peer->cname));
	enter(peer);
	if (saved->host)
		cp_room_add_host(peer);
	cp_audio_restore(peer, saved);
	return peer;
}

void cp_peer_free(struct cp_peer *peer)
{
	struct cp_room *room = peer->room;

	cp_room_peer_leaving(peer);
	cp_announce_peer_leaving(peer);
	cp_audio_remove_peer(peer);
	cp_user_leave(room, peer);
	TAILQ_REMOVE(&room->peers, peer, in_room);
	room->peer_count--;
	room->model->peer_count--;
	cp_watch_changed(room);
	if (room->peer_count == 0)
		room_free(room);
	cp_holder_release(&peer->holder);
	free(peer);
}

void cp_room_leave(struct cp_peer *peer)
{
	const struct cp_closing how = {.tell_owner = false, .why = CP_NOT_FOUND, .reason = "its owner left"};

	if (peer->call) { /* detach it: the acknowledgement then only frees it */
		peer->call->peer = NULL;
		peer->call = NULL;
	}
	close_owned(peer, &how);
	cp_peer_free(peer);
}

void cp_room_remove(struct cp_peer *peer, const char *reason)
{
	sh_log(SH_LOG_INFO, "peer-removed room=%s peer=%s reason=\"%s\"", peer->room->log_name, peer->id,
		reason);
	peer->listener->removed(peer, reason);
	cp_room_leave(peer);
}

struct cp_peer *cp_room_find_peer(struct cp_model *m, const char *id)
{
	struct cp_room *room;
	struct cp_peer *peer;

	TAILQ_FOREACH(room, &m->room_list, in_model)
	TAILQ_FOREACH(peer, &room->peers, in_room)
	if (strcmp(peer->id, id) == 0)
		return peer;
	return NULL;
}

struct cp_counts cp_room_counts(const struct cp_room *room)
{
	return (struct cp_counts){
		.peers = room->peer_count,
		.transports = room->transport_count,
		.producers = room->producer_count,
		.consumers = room->consumer_count,
	};
}

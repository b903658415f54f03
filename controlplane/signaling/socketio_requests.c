/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The table of the Socket.IO dialect's requests, and the handlers whose answers are specific to it.
 */

#include "controlplane/rooms/room.h"
#include "controlplane/signaling/drain.h"
#include "controlplane/signaling/request.h"
#include "controlplane/signaling/socketio_dialect.h"

#include <stdio.h>
#include <string.h>

/* The peer's transport of that direction; the dialect allows one of each. NULL: there is none. */
static struct cp_transport *transport_of_direction(const struct cp_peer *peer, enum cp_purpose purpose)
{
	struct cp_transport *t;

	TAILQ_FOREACH(t, &peer->transports, on_peer)
	if (t->purpose == purpose && !cp_transport_is_lost(t))
		return t;
	return NULL;
}

struct cp_transport *cp_socketio_transport(struct cp_peer *peer, const char *name, struct cp_fault *fault)
{
	size_t len = strlen(peer->id);
	struct cp_transport *t = NULL;

	if (strncmp(name, peer->id, len) == 0 && strcmp(name + len, "-send") == 0)
		t = transport_of_direction(peer, CP_PURPOSE_SEND);
	else if (strncmp(name, peer->id, len) == 0 && strcmp(name + len, "-recv") == 0)
		t = transport_of_direction(peer, CP_PURPOSE_RECV);
	return cp_peer_transport(peer, t ? t->id : name, fault);
}

void cp_socketio_name_transport(const struct cp_transport *t, cJSON *data)
{
	char name[CP_ID_SIZE + 5];

	snprintf(name, sizeof(name), "%s-%s", t->peer->id, cp_purpose_name(t->purpose));
	cJSON_AddStringToObject(data, "transportId", name);
	cJSON_AddStringToObject(data, "id", t->id);
}

void cp_socketio_get_capabilities(struct cp_session *s, const cJSON *data)
{
	const struct cp_greeting *greeting = cp_greeting_of(&s->signaling->greetings, &s->peer->room->router);
	cJSON *reply = cJSON_CreateObject();
	bool joined = s->entered;
	struct cp_fault fault;

	if (!greeting || !cJSON_AddItemReferenceToObject(reply, "rtpCapabilities", greeting->capabilities)) {
		cJSON_Delete(reply);
		cp_refuse(&fault, CP_INTERNAL, "out of memory");
		cp_session_error(s, &fault);
		return;
	}
	cp_session_reply(s, reply);
	cp_drain_tell(s);
	if (joined)
		cp_resume_issue(s);
}

/* Replaces the parameters' member id by transportId and id, so that it is not there twice. */
void cp_socketio_describe_transport(const struct cp_transport *t, cJSON *entry)
{
	cJSON_DeleteItemFromObjectCaseSensitive(entry, "id");
	cJSON_AddStringToObject(entry, "direction", cp_purpose_name(t->purpose));
	cp_socketio_name_transport(t, entry);
}

static void transport_created(struct cp_peer *peer, const struct cp_fault *fault, void *object)
{
	if (fault)
		cp_session_error(peer->session, fault);
	else
		cp_reply_transport(peer->session, object, cp_socketio_describe_transport);
}

static int enters_with_transport(const struct cp_session *s, const cJSON *data, struct cp_fault *fault)
{
	return cp_enters_with_transport(s, data, "direction", fault);
}

static void create_transport(struct cp_session *s, const cJSON *data)
{
	enum cp_purpose purpose;
	struct cp_fault fault;

	if (cp_member_purpose(s, data, "direction", &purpose) != 0)
		return;
	if (transport_of_direction(s->peer, purpose)) {
		cp_refuse(&fault, CP_CONFLICT, "direction: this socket has a %s transport already",
			cp_purpose_name(purpose));
		cp_session_error(s, &fault);
	} else {
		cp_transport_create(s->peer, purpose, transport_created);
	}
}

static cJSON *producer_json(const struct cp_producer *p)
{
	cJSON *data = cJSON_CreateObject();

	cJSON_AddStringToObject(data, "id", p->id);
	cJSON_AddStringToObject(data, "kind", cp_kind_name(p->consumable.kind));
	return data;
}

static void produced(struct cp_peer *peer, const struct cp_fault *fault, void *object)
{
	if (fault)
		cp_session_error(peer->session, fault);
	else
		cp_session_reply(peer->session, producer_json(object));
}

static void produce(struct cp_session *s, const cJSON *data)
{
	cp_request_produce(s, data, produced);
}

static void get_producers(struct cp_session *s, const cJSON *data)
{
	cp_reply_producers(s, producer_json);
}

static void consumed(struct cp_peer *peer, const struct cp_fault *fault, void *object)
{
	const struct cp_consumer *c = object;

	if (fault) {
		cp_session_error(peer->session, fault);
		return;
	}
	cp_session_reply(peer->session, cp_consumer_json(c));
	if (c->producer->told_paused) /* the answer has no member that says so */
		peer->listener->producer_paused(peer, c->producer, true);
}

static void consume(struct cp_session *s, const cJSON *data)
{
	cp_request_consume(s, data, true, consumed);
}

struct cp_request_type cp_socketio_requests[] = {
	{.name = "getRouterRtpCapabilities",
		.answer = "routerRtpCapabilities",
		.handle = cp_socketio_get_capabilities,
		.enters = cp_enters,
		.greets = true},
	{.name = "createTransport",
		.answer = "transportCreated",
		.handle = create_transport,
		.enters = enters_with_transport},
	{.name = "connectTransport", .answer = "transportConnected", .handle = cp_request_connect_transport},
	{.name = "restartIce", .answer = "iceRestarted", .handle = cp_request_restart_ice},
	{.name = "closeTransport",
		.answer = "transportClosed",
		.handle = cp_request_close_transport,
		.closes = true},
	{.name = "produce", .answer = "produced", .handle = produce},
	{.name = "pauseProducer", .answer = "producerPaused", .handle = cp_request_pause_producer},
	{.name = "resumeProducer", .answer = "producerResumed", .handle = cp_request_resume_producer},
	{.name = "closeProducer",
		.answer = "producerClosed",
		.handle = cp_request_close_producer,
		.closes = true},
	{.name = "getProducers", .answer = "producers", .handle = get_producers, .enters = cp_enters},
	{.name = "consume", .answer = "consumed", .handle = consume},
	{.name = "pauseConsumer", .answer = "consumerPaused", .handle = cp_request_pause_consumer},
	{.name = "resumeConsumer", .answer = "consumerResumed", .handle = cp_request_resume_consumer},
	{.name = "closeConsumer",
		.answer = "consumerClosed",
		.handle = cp_request_close_consumer,
		.closes = true},
	{.name = "setPreferredLayers",
		.answer = "preferredLayersSet",
		.handle = cp_request_set_preferred_layers},
	{.name = "setPriority", .answer = "prioritySet", .handle = cp_request_set_priority},
	{.name = "setMaxBitrate", .answer = "maxBitrateSet", .handle = cp_request_set_max_bitrate},
	{.name = "observeAudio", .answer = "audioObserved", .handle = cp_request_observe_audio},
	{.name = "requestKeyFrame", .answer = "keyFrameRequested", .handle = cp_request_keyframe},
	{.name = "getStats", .answer = "stats", .handle = cp_request_get_stats},
	{.name = "closeRoom", .answer = "roomClosing", .handle = cp_request_close_room},
	{.name = "unknown"},
};

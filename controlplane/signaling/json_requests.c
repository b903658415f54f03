/* SPDX-License-Identifier: Apache-2.0 */

/* The table of the JSON dialect's requests, and the handlers whose answers are specific to it. */

#include "controlplane/signaling/json_dialect.h"
#include "controlplane/signaling/request.h"

void cp_json_describe_transport(const struct cp_transport *t, cJSON *entry)
{
	cJSON_AddStringToObject(entry, "purpose", cp_purpose_name(t->purpose));
}

static void tell_existing(struct cp_peer *peer, const struct cp_producer *p, void *arg)
{
	peer->listener->new_producer(peer, p);
}

static void transport_created(struct cp_peer *peer, const struct cp_fault *fault, void *object)
{
	const struct cp_transport *t = object;

	if (fault)
		cp_session_error(peer->session, fault);
	else if (cp_reply_transport(peer->session, t, cp_json_describe_transport) == 0 &&
		 t->purpose == CP_PURPOSE_RECV)
		cp_peer_each_visible_producer(peer, tell_existing, NULL);
}

static int enters_with_transport(const struct cp_session *s, const cJSON *data, struct cp_fault *fault)
{
	return cp_enters_with_transport(s, data, "purpose", fault);
}

static void create_transport(struct cp_session *s, const cJSON *data)
{
	enum cp_purpose purpose;

	if (cp_member_purpose(s, data, "purpose", &purpose) == 0)
		cp_transport_create(s->peer, purpose, transport_created);
}

static void produced(struct cp_peer *peer, const struct cp_fault *fault, void *object)
{
	const struct cp_producer *p = object;
	cJSON *reply;

	if (fault) {
		cp_session_error(peer->session, fault);
		return;
	}
	reply = cJSON_CreateObject();
	cJSON_AddStringToObject(reply, "id", p->id);
	cp_session_reply(peer->session, reply);
}

static void produce(struct cp_session *s, const cJSON *data)
{
	cp_request_produce(s, data, produced);
}

static void consumed(struct cp_peer *peer, const struct cp_fault *fault, void *object)
{
	const struct cp_consumer *c = object;
	cJSON *reply;

	if (fault) {
		cp_session_error(peer->session, fault);
		return;
	}
	reply = cp_consumer_json(c);
	cJSON_AddBoolToObject(reply, "producerPaused", c->producer->told_paused);
	cp_session_reply(peer->session, reply);
}

static void consume(struct cp_session *s, const cJSON *data)
{
	bool paused = false;

	if (cp_member_bool(s, data, "paused", &paused) == 0)
		cp_request_consume(s, data, paused, consumed);
}

static cJSON *list_entry(const struct cp_producer *p)
{
	cJSON *entry = cJSON_CreateObject();

	cJSON_AddStringToObject(entry, "id", p->id);
	cJSON_AddStringToObject(entry, "kind", cp_kind_name(p->consumable.kind));
	cJSON_AddStringToObject(entry, "socketId", p->transport->peer->id);
	return entry;
}

static void get_producers(struct cp_session *s, const cJSON *data)
{
	cp_reply_producers(s, list_entry);
}

struct cp_request_type cp_json_requests[] = {
	{.name = "createWebRtcTransport", .handle = create_transport, .enters = enters_with_transport},
	{.name = "connectWebRtcTransport", .handle = cp_request_connect_transport},
	{.name = "restartIce", .handle = cp_request_restart_ice},
	{.name = "closeTransport", .handle = cp_request_close_transport, .closes = true},
	{.name = "produce", .handle = produce},
	{.name = "pauseProducer", .handle = cp_request_pause_producer},
	{.name = "resumeProducer", .handle = cp_request_resume_producer},
	{.name = "closeProducer", .handle = cp_request_close_producer, .closes = true},
	{.name = "getProducers", .handle = get_producers, .enters = cp_enters},
	{.name = "consume", .handle = consume},
	{.name = "pauseConsumer", .handle = cp_request_pause_consumer},
	{.name = "resumeConsumer", .handle = cp_request_resume_consumer},
	{.name = "closeConsumer", .handle = cp_request_close_consumer, .closes = true},
	{.name = "setPreferredLayers", .handle = cp_request_set_preferred_layers},
	{.name = "setPriority", .handle = cp_request_set_priority},
	{.name = "setMaxBitrate", .handle = cp_request_set_max_bitrate},
	{.name = "observeAudio", .handle = cp_request_observe_audio, .enters = cp_enters},
	{.name = "requestKeyFrame", .handle = cp_request_keyframe},
	{.name = "getStats", .handle = cp_request_get_stats},
	{.name = "closeRoom", .handle = cp_request_close_room},
	{.name = "unknown"},
};

/* SPDX-License-Identifier: Apache-2.0 */

/* Handles the requests that create, change and close consumers. */

#include "controlplane/signaling/request.h"

#include <errno.h>

#include "controlplane/negotiation/json.h"

cJSON *cp_consumer_json(const struct cp_consumer *c)
{
	cJSON *data = cJSON_CreateObject();

	cJSON_AddStringToObject(data, "id", c->id);
	cJSON_AddStringToObject(data, "producerId", c->producer->id);
	cJSON_AddStringToObject(data, "kind", cp_kind_name(c->producer->consumable.kind));
	cJSON_AddStringToObject(data, "type", cp_stream_type_name(c->producer->consumable.type));
	cJSON_AddRawToObject(data, "rtpParameters", c->rtp_parameters);
	return data;
}

/*
 * The transport `name`, or if that is NULL the newest receiving one of the peer. NULL with the
 * fault.
 */
static struct cp_transport *receiving_transport(struct cp_session *s, const char *name,
	struct cp_fault *fault)
{
	struct cp_transport *t;

	if (name)
		return s->dialect->transport(s->peer, name, fault);
	TAILQ_FOREACH_REVERSE(t, &s->peer->transports, cp_transport_list, on_peer)
	if (t->purpose == CP_PURPOSE_RECV)
		return t;
	cp_refuse(fault, CP_BAD_REQUEST, "transportId: this peer has no transport to receive with");
	return NULL;
}

void cp_request_consume(struct cp_session *s, const cJSON *data, bool paused, cp_done done)
{
	const char *producer_id = cp_member_id(s, data, "producerId"), *transport = NULL;
	struct cp_producer *p;
	struct cp_transport *t = NULL;
	struct cp_fault fault;

	if (!producer_id)
		return;
	if (cJSON_GetObjectItemCaseSensitive(data, "transportId") &&
		!(transport = cp_member_id(s, data, "transportId")))
		return;
	p = cp_peer_visible_producer(s->peer, producer_id, &fault);
	if (p)
		t = receiving_transport(s, transport, &fault);
	if (!t)
		cp_session_error(s, &fault);
	else
		cp_consumer_create(t, p, cJSON_GetObjectItemCaseSensitive(data, "rtpCapabilities"), paused,
			done);
}

/* The peer's consumer that the request names. NULL: the error was sent. */
static struct cp_consumer *named(struct cp_session *s, const cJSON *data)
{
	const char *id = cp_member_id(s, data, "consumerId");
	struct cp_consumer *c;
	struct cp_fault fault;

	if (!id)
		return NULL;
	c = cp_peer_consumer(s->peer, id, &fault);
	if (!c)
		cp_session_error(s, &fault);
	return c;
}

static void changed(struct cp_peer *peer, const struct cp_fault *fault, void *object)
{
	if (fault)
		cp_session_error(peer->session, fault);
	else
		cp_reply_member(peer->session, "consumerId");
}

void cp_request_pause_consumer(struct cp_session *s, const cJSON *data)
{
	struct cp_consumer *c = named(s, data);

	if (c)
		cp_consumer_pause(c, true, changed);
}

void cp_request_resume_consumer(struct cp_session *s, const cJSON *data)
{
	struct cp_consumer *c = named(s, data);

	if (c)
		cp_consumer_pause(c, false, changed);
}

void cp_request_keyframe(struct cp_session *s, const cJSON *data)
{
	struct cp_consumer *c = named(s, data);

	if (c)
		cp_consumer_request_keyframe(c, changed);
}

void cp_request_close_consumer(struct cp_session *s, const cJSON *data)
{
	struct cp_consumer *c = named(s, data);

	if (!c)
		return;
	cp_consumer_close(c);
	cp_reply_member(s, "consumerId");
}

/* --- layers and priority ---------------------------------------------------------------------- */

/* The highest layer of `count` within the bound. */
static int highest(uint8_t bound, uint8_t count)
{
	return bound < count ? bound : count - 1;
}

cJSON *cp_preferred_layers_json(const struct cp_consumer *c)
{
	const struct cp_consumable *stream = &c->producer->consumable;
	cJSON *layers;

	if (c->wishes.spatial == SH_LAYER_ANY && c->wishes.temporal == SH_LAYER_ANY)
		return cJSON_CreateNull();
	layers = cJSON_CreateObject();
	if (c->wishes.spatial == SH_LAYER_ANY)
		cJSON_AddNullToObject(layers, "spatialLayer");
	else
		cJSON_AddNumberToObject(layers, "spatialLayer",
			highest(c->wishes.spatial, stream->spatial_layers));
	cJSON_AddNumberToObject(layers, "temporalLayer",
		highest(c->wishes.temporal, stream->temporal_layers));
	return layers;
}

/* A layer, or null for SH_LAYER_ANY. 0, or EINVAL: the error was sent. */
static int member_layer(struct cp_session *s, const cJSON *data, const char *name, uint8_t *out)
{
	uint64_t layer = SH_LAYER_ANY;

	if (!cJSON_IsNull(cJSON_GetObjectItemCaseSensitive(data, name)) &&
		cp_member_integer(s, data, name, 0, SH_LAYER_ANY - 1, &layer) != 0)
		return EINVAL;
	*out = (uint8_t)layer;
	return 0;
}

/* A reply that names the consumer. NULL: the request has failed, and its error is sent. */
static cJSON *reply_about(struct cp_peer *peer, const struct cp_fault *fault, const struct cp_consumer *c)
{
	cJSON *reply;

	if (fault) {
		cp_session_error(peer->session, fault);
		return NULL;
	}
	reply = cJSON_CreateObject();
	cJSON_AddStringToObject(reply, "consumerId", c->id);
	return reply;
}

static void preferred(struct cp_peer *peer, const struct cp_fault *fault, void *object)
{
	const struct cp_consumer *c = object;
	cJSON *reply = reply_about(peer, fault, c);

	if (fault)
		return;
	cp_json_add(reply, "preferredLayers", cp_preferred_layers_json(c));
	cp_session_reply(peer->session, reply);
}

void cp_request_set_preferred_layers(struct cp_session *s, const cJSON *data)
{
	struct cp_consumer *c = named(s, data);
	uint8_t spatial, temporal = SH_LAYER_ANY;

	if (!c || member_layer(s, data, "spatialLayer", &spatial) != 0)
		return;
	if (cJSON_GetObjectItemCaseSensitive(data, "temporalLayer") &&
		member_layer(s, data, "temporalLayer", &temporal) != 0)
		return;
	cp_consumer_prefer_layers(c, spatial, temporal, preferred);
}

static void prioritized(struct cp_peer *peer, const struct cp_fault *fault, void *object)
{
	const struct cp_consumer *c = object;
	cJSON *reply = reply_about(peer, fault, c);

	if (fault)
		return;
	cJSON_AddNumberToObject(reply, "priority", c->wishes.priority);
	cp_session_reply(peer->session, reply);
}

void cp_request_set_priority(struct cp_session *s, const cJSON *data)
{
	struct cp_consumer *c = named(s, data);
	uint64_t priority;

	if (c && cp_member_integer(s, data, "priority", 1, UINT8_MAX, &priority) == 0)
		cp_consumer_set_priority(c, (uint8_t)priority, prioritized);
}

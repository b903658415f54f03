/* SPDX-License-Identifier: Apache-2.0 */
#include "controlplane/operator/viewer.h"

#include <inttypes.h>
#include <stdio.h>

#include "controlplane/negotiation/codecs.h"
#include "controlplane/rooms/consumer.h"
#include "controlplane/rooms/model.h"
#include "controlplane/rooms/producer.h"
#include "controlplane/rooms/room.h"
#include "controlplane/rooms/transport.h"

static void add_dp_id(cJSON *entry, sh_id id)
{
	char text[17];

	snprintf(text, sizeof(text), "%016" PRIx64, id);
	cJSON_AddStringToObject(entry, "dp_id", text);
}

/* {spatialLayer, temporalLayer}; a layer that is SH_LAYER_ANY is null. */
static void add_layers(cJSON *entry, const char *name, uint8_t spatial, uint8_t temporal)
{
	const struct {
		const char *name;
		uint8_t layer;
	} both[] = {{"spatialLayer", spatial}, {"temporalLayer", temporal}};
	cJSON *layers = cJSON_AddObjectToObject(entry, name);

	for (unsigned i = 0; i < 2; i++)
		if (both[i].layer == SH_LAYER_ANY)
			cJSON_AddNullToObject(layers, both[i].name);
		else
			cJSON_AddNumberToObject(layers, both[i].name, both[i].layer);
}

/* The producer behind a consumer: what of it there is to be sent. */
static void add_source(cJSON *entry, const struct cp_producer *p)
{
	cJSON *source = cJSON_AddObjectToObject(entry, "source"), *layers;

	add_dp_id(source, p->encoding[0].dp_id);
	if (p->transport)
		cJSON_AddStringToObject(source, "peer", p->transport->peer->id);
	cJSON_AddBoolToObject(source, "paused", p->paused);
	if (p->consumable.type == CP_STREAM_SIMPLE)
		return;
	layers = cJSON_AddArrayToObject(source, "layers");
	for (unsigned i = 0; i < p->consumable.spatial_layers; i++) {
		const struct cp_layer *l = &p->quality.layer[i];
		cJSON *layer = cJSON_CreateObject();

		cJSON_AddBoolToObject(layer, "active", l->active);
		cJSON_AddNumberToObject(layer, "width", l->width);
		cJSON_AddNumberToObject(layer, "height", l->height);
		cJSON_AddNumberToObject(layer, "bitrate", (double)l->bitrate);
		cJSON_AddItemToArray(layers, layer);
	}
}

static cJSON *consumer_json(const struct cp_consumer *c)
{
	const struct sh_layers *now = &c->quality.layers;
	cJSON *entry = cJSON_CreateObject();

	cJSON_AddStringToObject(entry, "id", c->id);
	add_dp_id(entry, c->dp_id);
	cJSON_AddStringToObject(entry, "producer", c->producer->id);
	cJSON_AddStringToObject(entry, "kind", cp_kind_name(c->producer->consumable.kind));
	cJSON_AddStringToObject(entry, "mime", c->producer->consumable.router.codec->mime);
	cJSON_AddBoolToObject(entry, "paused", c->paused);
	cJSON_AddNumberToObject(entry, "score", cp_score_value(&c->quality.score));
	add_source(entry, c->producer);
	if (c->producer->consumable.type == CP_STREAM_SIMPLE)
		return entry;
	cJSON_AddNumberToObject(entry, "priority", c->wishes.priority);
	add_layers(entry, "currentLayers", now->spatial, now->temporal);
	add_layers(entry, "targetLayers", now->target_spatial, now->target_temporal);
	add_layers(entry, "preferredLayers", c->wishes.spatial, c->wishes.temporal);
	return entry;
}

/* A transport, with its consumers or with `only` one of them. */
static cJSON *transport_json(const struct cp_transport *t, const struct cp_consumer *only)
{
	cJSON *entry = cJSON_CreateObject(), *list;
	const struct cp_consumer *c;

	cJSON_AddStringToObject(entry, "id", t->id);
	add_dp_id(entry, t->dp_id);
	if (t->max_bps > 0)
		cJSON_AddNumberToObject(entry, "max_bps", (double)t->max_bps);
	list = cJSON_AddArrayToObject(entry, "consumers");
	TAILQ_FOREACH(c, &t->consumers, on_transport)
	if (!only || c == only)
		cJSON_AddItemToArray(list, consumer_json(c));
	return entry;
}

static cJSON *add_peer(cJSON *reply, const struct cp_peer *peer)
{
	cJSON_AddStringToObject(reply, "room", peer->room->name);
	cJSON_AddStringToObject(reply, "peer", peer->id);
	if (peer->user[0])
		cJSON_AddStringToObject(reply, "user", peer->user);
	return cJSON_AddArrayToObject(reply, "transports");
}

bool cp_admin_viewer(const struct cp_view *v, const char *id, cJSON *reply)
{
	const struct cp_consumer *c = cp_index_find(&v->model->consumers, id);
	const struct cp_transport *t = c ? c->transport : cp_index_find(&v->model->transports, id);
	const struct cp_producer *p = cp_index_find(&v->model->producers, id);
	const struct cp_peer *peer;
	cJSON *list;

	if (p && !t)
		t = p->transport;
	peer = t ? t->peer : cp_room_find_peer(v->model, id);
	if (!peer)
		return false;
	list = add_peer(reply, peer);
	if (t) {
		cJSON_AddItemToArray(list, transport_json(t, c));
		return true;
	}
	TAILQ_FOREACH(t, &peer->transports, on_peer)
	cJSON_AddItemToArray(list, transport_json(t, NULL));
	return true;
}

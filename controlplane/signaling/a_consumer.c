/* SPDX-License-Identifier: Apache-2.0 */
#include "dialect_a.h"

static void consumed(struct cp_peer *peer, const struct cp_fault *fault, void *object)
{
	const struct cp_consumer *c = object;
	cJSON *reply;

	if (fault != NULL) {
		cp_session_error(peer->session, fault);
		return;
	}
	reply = cJSON_CreateObject();
	cJSON_AddStringToObject(reply, "id", c->id);
	cJSON_AddStringToObject(reply, "producerId", c->producer->id);
	cJSON_AddStringToObject(reply, "kind", cp_kind_name(c->producer->consumable.kind));
	cJSON_AddStringToObject(reply, "type", "simple");
	cJSON_AddItemToObject(reply, "rtpParameters", cJSON_Duplicate(c->rtp_parameters, true));
	cJSON_AddBoolToObject(reply, "producerPaused", c->producer->paused);
	cp_session_reply(peer->session, reply);
}

/* The one the request names, else the newest that receives. NULL with the fault. */
static struct cp_transport *receiving(struct cp_session *s, const char *id, struct cp_fault *fault)
{
	struct cp_transport *t;

	if (id != NULL)
		return cp_peer_transport(s->peer, id, fault);
	TAILQ_FOREACH_REVERSE(t, &s->peer->transports, cp_transport_list, on_peer)
	if (t->purpose == CP_PURPOSE_RECV)
		return t;
	cp_refuse(fault, CP_BAD_REQUEST, "transportId: this peer has no transport to receive with");
	return NULL;
}

void cp_a_consume(struct cp_session *s, const cJSON *data)
{
	const char *producer_id = cp_member_id(s, data, "producerId"), *transport_id = NULL;
	struct cp_producer *p;
	struct cp_transport *t = NULL;
	struct cp_fault fault;
	bool paused = false;

	if (producer_id == NULL)
		return;
	if (cJSON_GetObjectItemCaseSensitive(data, "transportId") != NULL &&
		(transport_id = cp_member_id(s, data, "transportId")) == NULL)
		return;
	if (cp_member_bool(s, data, "paused", &paused) < 0)
		return;
	p = cp_peer_visible_producer(s->peer, producer_id, &fault);
	if (p != NULL)
		t = receiving(s, transport_id, &fault);
	if (t == NULL)
		cp_session_error(s, &fault);
	else
		cp_consumer_create(t, p, cJSON_GetObjectItemCaseSensitive(data, "rtpCapabilities"), paused,
			consumed);
}

/* The peer's own that the request names; NULL: the error was sent. */
static struct cp_consumer *named(struct cp_session *s, const cJSON *data)
{
	const char *id = cp_member_id(s, data, "consumerId");
	struct cp_consumer *c;
	struct cp_fault fault;

	if (id == NULL)
		return NULL;
	c = cp_peer_consumer(s->peer, id, &fault);
	if (c == NULL)
		cp_session_error(s, &fault);
	return c;
}

static cJSON *reply_with_id(const struct cp_consumer *c)
{
	cJSON *reply = cJSON_CreateObject();

	cJSON_AddStringToObject(reply, "consumerId", c->id);
	return reply;
}

static void changed(struct cp_peer *peer, const struct cp_fault *fault, void *object)
{
	if (fault != NULL)
		cp_session_error(peer->session, fault);
	else
		cp_session_reply(peer->session, reply_with_id(object));
}

void cp_a_pause_consumer(struct cp_session *s, const cJSON *data)
{
	struct cp_consumer *c = named(s, data);

	if (c != NULL)
		cp_consumer_pause(c, true, changed);
}

void cp_a_resume_consumer(struct cp_session *s, const cJSON *data)
{
	struct cp_consumer *c = named(s, data);

	if (c != NULL)
		cp_consumer_pause(c, false, changed);
}

void cp_a_request_keyframe(struct cp_session *s, const cJSON *data)
{
	struct cp_consumer *c = named(s, data);

	if (c != NULL)
		cp_consumer_request_keyframe(c, changed);
}

void cp_a_close_consumer(struct cp_session *s, const cJSON *data)
{
	struct cp_consumer *c = named(s, data);
	cJSON *reply;

	if (c == NULL)
		return;
	reply = reply_with_id(c);
	cp_consumer_close(c);
	cp_session_reply(s, reply);
}

void cp_a_set_preferred_layers(struct cp_session *s, const cJSON *data)
{
	const cJSON *spatial = cJSON_GetObjectItemCaseSensitive(data, "spatialLayer");
	const cJSON *temporal = cJSON_GetObjectItemCaseSensitive(data, "temporalLayer");
	struct cp_fault fault;

	if (named(s, data) == NULL)
		return;
	if (!cJSON_IsNumber(spatial))
		cp_refuse(&fault, CP_BAD_REQUEST, "spatialLayer: must be a number");
	else if (temporal != NULL && !cJSON_IsNumber(temporal))
		cp_refuse(&fault, CP_BAD_REQUEST, "temporalLayer: must be a number");
	else
		cp_refuse(&fault, CP_UNSUPPORTED, "consumerId: this consumer has one layer only");
	cp_session_error(s, &fault);
}

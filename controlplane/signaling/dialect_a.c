/* SPDX-License-Identifier: Apache-2.0 */
#include "dialect_a.h"

#include <string.h>

static struct {
	const char *name;
	void (*handle)(struct cp_session *s, const cJSON *data);
	uint64_t count;
} types[] = {
	{"createWebRtcTransport", cp_a_create_transport, 0},
	{"connectWebRtcTransport", cp_a_connect_transport, 0},
	{"restartIce", cp_a_restart_ice, 0},
	{"closeTransport", cp_a_close_transport, 0},
	{"produce", cp_a_produce, 0},
	{"pauseProducer", cp_a_pause_producer, 0},
	{"resumeProducer", cp_a_resume_producer, 0},
	{"closeProducer", cp_a_close_producer, 0},
	{"getProducers", cp_a_get_producers, 0},
	{"consume", cp_a_consume, 0},
	{"pauseConsumer", cp_a_pause_consumer, 0},
	{"resumeConsumer", cp_a_resume_consumer, 0},
	{"closeConsumer", cp_a_close_consumer, 0},
	{"setPreferredLayers", cp_a_set_preferred_layers, 0},
	{"requestKeyFrame", cp_a_request_keyframe, 0},
	{"getStats", cp_a_get_stats, 0},
	{"unknown", NULL, 0},
};

enum { TYPES = sizeof(types) / sizeof(types[0]), UNKNOWN = TYPES - 1 };

unsigned cp_dialect_a_types(void)
{
	return TYPES;
}

const char *cp_dialect_a_type_name(unsigned i)
{
	return types[i].name;
}

uint64_t cp_dialect_a_type_count(unsigned i)
{
	return types[i].count;
}

static int check_envelope(const cJSON *message, struct cp_fault *fault)
{
	const cJSON *id = cJSON_GetObjectItemCaseSensitive(message, "id");

	if (!cJSON_IsObject(message))
		return cp_refuse(fault, CP_BAD_REQUEST, "a message is an object with type and data");
	if (id != NULL && !cJSON_IsNumber(id) && !cJSON_IsString(id))
		return cp_refuse(fault, CP_BAD_REQUEST, "id: must be a number or a string");
	if (cJSON_IsString(id) && strlen(id->valuestring) > CP_REQUEST_ID_MAX)
		return cp_refuse(fault, CP_BAD_REQUEST, "id: longer than %d bytes", CP_REQUEST_ID_MAX);
	if (!cJSON_IsString(cJSON_GetObjectItemCaseSensitive(message, "type")))
		return cp_refuse(fault, CP_BAD_REQUEST, "type: must be a string");
	return 0;
}

void cp_dialect_a_request(struct cp_session *s, const cJSON *message)
{
	const cJSON *type = cJSON_GetObjectItemCaseSensitive(message, "type");
	const cJSON *data = cJSON_GetObjectItemCaseSensitive(message, "data");
	struct cp_fault fault;
	unsigned i = 0;

	if (check_envelope(message, &fault) < 0) {
		types[UNKNOWN].count++;
		cp_session_error(s, &fault);
		return;
	}
	while (i < UNKNOWN && strcmp(types[i].name, type->valuestring) != 0)
		i++;
	types[i].count++;
	if (i == UNKNOWN) {
		cp_refuse(&fault, CP_BAD_REQUEST, "type: no such request");
		cp_session_error(s, &fault);
	} else if (data != NULL && !cJSON_IsObject(data)) {
		cp_refuse(&fault, CP_BAD_REQUEST, "data: must be an object");
		cp_session_error(s, &fault);
	} else {
		types[i].handle(s, data);
	}
}

const char *cp_member_id(struct cp_session *s, const cJSON *data, const char *name)
{
	const cJSON *item = cJSON_GetObjectItemCaseSensitive(data, name);
	struct cp_fault fault;

	if (!cJSON_IsString(item)) {
		cp_refuse(&fault, CP_BAD_REQUEST, "%s: must be a string", name);
	} else if (item->valuestring[0] == '\0' || strlen(item->valuestring) > 64) {
		cp_refuse(&fault, CP_BAD_REQUEST, "%s: must have 1 to 64 characters", name);
	} else {
		return item->valuestring;
	}
	cp_session_error(s, &fault);
	return NULL;
}

int cp_member_bool(struct cp_session *s, const cJSON *data, const char *name, bool *out)
{
	const cJSON *item = cJSON_GetObjectItemCaseSensitive(data, name);
	struct cp_fault fault;

	if (item == NULL)
		return 0;
	if (!cJSON_IsBool(item)) {
		cp_refuse(&fault, CP_BAD_REQUEST, "%s: must be true or false", name);
		cp_session_error(s, &fault);
		return -1;
	}
	*out = cJSON_IsTrue(item);
	return 0;
}

/* --- what a peer is told unasked ------------------------------------------------------------ */

static cJSON *one_id(const char *name, const char *id)
{
	cJSON *data = cJSON_CreateObject();

	cJSON_AddStringToObject(data, name, id);
	return data;
}

static void new_producer(struct cp_peer *to, const struct cp_producer *p)
{
	cp_session_notify(to->session, "newProducer", cp_a_producer_json(p));
}

static void producer_closed(struct cp_peer *to, const struct cp_producer *p)
{
	cp_session_notify(to->session, "producerClosed", one_id("producerId", p->id));
}

static void producer_paused(struct cp_peer *to, const struct cp_producer *p)
{
	cp_session_notify(to->session, p->paused ? "producerPaused" : "producerResumed",
		one_id("producerId", p->id));
}

static void consumer_closed(struct cp_peer *to, const struct cp_consumer *c)
{
	cJSON *data = one_id("consumerId", c->id);

	cJSON_AddStringToObject(data, "producerId", c->producer->id);
	cp_session_notify(to->session, "consumerClosed", data);
}

static void transport_closed(struct cp_peer *to, const struct cp_transport *t, enum cp_code why,
	const char *reason)
{
	cJSON *data;

	if (why == CP_UNAVAILABLE) {
		data = one_id("transportId", t->id);
		cJSON_AddStringToObject(data, "code", cp_code_name(why));
		cJSON_AddStringToObject(data, "message", reason);
		cp_session_notify(to->session, "error", data);
	}
	data = one_id("transportId", t->id);
	cJSON_AddStringToObject(data, "reason", reason);
	cp_session_notify(to->session, "transportClosed", data);
}

const struct cp_listener cp_dialect_a_listener = {
	.new_producer = new_producer,
	.producer_closed = producer_closed,
	.producer_paused = producer_paused,
	.consumer_closed = consumer_closed,
	.transport_closed = transport_closed,
};

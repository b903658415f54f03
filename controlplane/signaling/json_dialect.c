/* SPDX-License-Identifier: Apache-2.0 */
#include "controlplane/signaling/json_dialect.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "controlplane/negotiation/json.h"
#include "controlplane/persist/persist.h"
#include "controlplane/signaling/request.h"

/* --- messages ---------------------------------------------------------------------------- */

/* The message {type, id, data}. Takes over `data`, and copies `id`; NULL: none. NULL: no memory. */
static struct cp_text *message_text(const char *type, const cJSON *id, cJSON *data)
{
	cJSON *message = cJSON_CreateObject();
	struct cp_text *text;

	cJSON_AddStringToObject(message, "type", type);
	if (id)
		cp_json_add(message, "id", cJSON_Duplicate(id, false));
	if (!cp_json_add(message, "data", data)) {
		cJSON_Delete(message);
		return NULL;
	}
	text = cp_text_json(message);
	cJSON_Delete(message);
	return text;
}

/* The request's id, for the answer. NULL: it has none, or not one that may be repeated. */
static const cJSON *request_id(const cJSON *request)
{
	const cJSON *id = cJSON_GetObjectItemCaseSensitive(request, "id");

	if (cJSON_IsNumber(id) || (cJSON_IsString(id) && strlen(id->valuestring) <= CP_REQUEST_ID_MAX))
		return id;
	return NULL;
}

struct cp_text *cp_json_greeting(cJSON *capabilities)
{
	return message_text("rtpCapabilities", NULL, capabilities);
}

struct cp_text *cp_json_error_text(const cJSON *request, const struct cp_fault *fault)
{
	const cJSON *type = cJSON_GetObjectItemCaseSensitive(request, "type");
	cJSON *data = cJSON_CreateObject();

	cJSON_AddStringToObject(data, "code", cp_code_name(fault->code));
	cJSON_AddStringToObject(data, "message", fault->message);
	if (cJSON_IsString(type) && strlen(type->valuestring) <= CP_REQUEST_ID_MAX)
		cJSON_AddStringToObject(data, "request", type->valuestring);
	return message_text("error", request_id(request), data);
}

static struct cp_text *notice(const char *type, cJSON *data)
{
	return message_text(type, NULL, data);
}

static struct cp_text *printed_notice(const char *type, const char *data)
{
	static const char form[] = "{\"type\":\"%s\",\"data\":%s}";
	size_t len = strlen(form) - strlen("%s%s") + strlen(type) + strlen(data);
	struct cp_text *text = cp_text_make(len);

	if (text)
		snprintf(cp_text_chars(text), len + 1, form, type, data);
	return text;
}

static void reply(struct cp_session *s, const cJSON *request, cJSON *data)
{
	cp_session_send(s, message_text(cp_request_answer(s), request_id(request), data));
}

static void error(struct cp_session *s, const cJSON *request, const struct cp_fault *fault)
{
	cp_session_send(s, cp_json_error_text(request, fault));
}

/* --- requests ---------------------------------------------------------------------------- */

static int check_envelope(const cJSON *message, struct cp_fault *fault)
{
	const cJSON *id = cJSON_GetObjectItemCaseSensitive(message, "id");

	if (!cJSON_IsObject(message))
		return cp_refuse(fault, CP_BAD_REQUEST, "a message is an object with type and data");
	if (id && !cJSON_IsNumber(id) && !cJSON_IsString(id))
		return cp_refuse(fault, CP_BAD_REQUEST, "id: must be a number or a string");
	if (cJSON_IsString(id) && strlen(id->valuestring) > CP_REQUEST_ID_MAX)
		return cp_refuse(fault, CP_BAD_REQUEST, "id: longer than %d bytes", CP_REQUEST_ID_MAX);
	if (!cJSON_IsString(cJSON_GetObjectItemCaseSensitive(message, "type")))
		return cp_refuse(fault, CP_BAD_REQUEST, "type: must be a string");
	return 0;
}

static void handle_request(struct cp_session *s, const cJSON *message)
{
	const cJSON *type = cJSON_GetObjectItemCaseSensitive(message, "type");
	const cJSON *data = cJSON_GetObjectItemCaseSensitive(message, "data");
	struct cp_fault fault;
	int error = check_envelope(message, &fault);

	if (!s->type)
		s->type = cp_request_type(&cp_json_dialect, error == 0 ? type->valuestring : "");
	cp_resume_confirm(s);
	if (error == 0 && !s->type->handle)
		error = cp_refuse(&fault, CP_BAD_REQUEST, "type: no such request");
	if (error == 0 && data && !cJSON_IsObject(data))
		error = cp_refuse(&fault, CP_BAD_REQUEST, "data: must be an object");
	if (error == 0 && !s->peer) /* the room was closed: creates it again and joins it */
		error = cp_session_enter(s, s->room, data, &fault);
	if (error == 0)
		error = cp_request_allowed(s, &fault);
	if (error == EINPROGRESS) /* it begins again when the gate has answered */
		return;
	if (error != 0)
		cp_session_error(s, &fault);
	else
		s->type->handle(s, data);
}

/* --- notices ----------------------------------------------------------------------------- */

static void name_transport(const struct cp_transport *t, cJSON *data)
{
	cJSON_AddStringToObject(data, "transportId", t->id);
}

static cJSON *producer(const struct cp_producer *p)
{
	cJSON *data = cJSON_CreateObject();

	cJSON_AddStringToObject(data, "producerId", p->id);
	cJSON_AddStringToObject(data, "socketId", p->transport->peer->id);
	cJSON_AddStringToObject(data, "kind", cp_kind_name(p->consumable.kind));
	return data;
}

static bool save(const struct cp_session *s, struct cp_saved_peer *out)
{
	out->client = CP_SAVED_JSON;
	return cp_resume_save(s, out);
}

static struct cp_announced announced;

const struct cp_dialect cp_json_dialect = {
	.name = "websocket",
	.request = handle_request,
	.reply = reply,
	.error = error,
	.notice = notice,
	.printed_notice = printed_notice,
	.transport = cp_peer_transport,
	.name_transport = name_transport,
	.describe_transport = cp_json_describe_transport,
	.producer = producer,
	.save = save,
	.types = cp_json_requests,
	.announced = &announced,
};

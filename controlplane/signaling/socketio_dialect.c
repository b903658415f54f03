/* SPDX-License-Identifier: Apache-2.0 */
#include "controlplane/signaling/socketio_dialect.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "controlplane/base/json.h"
#include "controlplane/persist/persist.h"
#include "controlplane/signaling/request.h"

enum { EVENT_NAME_MAX = 64 /* bytes of the longest event name that an error repeats */ };

/* --- packets -------------------------------------------------------------------------- */

/* An event: 2["name",{…}]. `json` may be NULL for lack of memory. NULL: no memory. */
static struct cp_text *event_text(const char *name, const char *json)
{
	/* Names of the server's events have no characters that JSON escapes. */
	size_t size = strlen("2[\"\",]") + strlen(name) + (json ? strlen(json) : 0);
	struct cp_text *text = json ? cp_text_make(size) : NULL;

	if (text)
		snprintf(cp_text_chars(text), size + 1, "2[\"%s\",%s]", name, json);
	return text;
}

/* An acknowledgement: 3N[{…}]. */
static struct cp_text *ack_text(double number, const char *json)
{
	char head[24];
	size_t size;
	struct cp_text *text;

	if (!json)
		return NULL;
	snprintf(head, sizeof(head), "3%.0f", number);
	size = strlen(head) + strlen(json) + 2;
	text = cp_text_make(size);
	if (text)
		snprintf(cp_text_chars(text), size + 1, "%s[%s]", head, json);
	return text;
}

static struct cp_text *notice(const char *name, cJSON *data)
{
	char *json = cp_json_print(data);
	struct cp_text *text = event_text(name, json);

	cJSON_free(json);
	cJSON_Delete(data);
	return text;
}

/*
 * Sends the answer as an event and, if the request asked for an acknowledgement, also as that.
 * Takes over `data`.
 */
static void answer(struct cp_session *s, const cJSON *request, const char *name, cJSON *data)
{
	const cJSON *ack = cJSON_GetObjectItemCaseSensitive(request, "ack");
	char *json = cp_json_print(data);

	cp_session_send(s, event_text(name, json));
	if (cJSON_IsNumber(ack))
		cp_session_send(s, ack_text(ack->valuedouble, json));
	cJSON_free(json);
	cJSON_Delete(data);
}

static void reply(struct cp_session *s, const cJSON *request, cJSON *data)
{
	answer(s, request, cp_request_answer(s), data);
}

static void error(struct cp_session *s, const cJSON *request, const struct cp_fault *fault)
{
	const cJSON *event = cJSON_GetObjectItemCaseSensitive(request, "event");
	cJSON *data = cJSON_CreateObject();

	cJSON_AddStringToObject(data, "code", cp_code_name(fault->code));
	cJSON_AddStringToObject(data, "message", fault->message);
	if (cJSON_IsString(event) && strlen(event->valuestring) <= EVENT_NAME_MAX)
		cJSON_AddStringToObject(data, "event", event->valuestring);
	answer(s, request, "error", data);
}

/* --- requests --------------------------------------------------------------------------- */

/*
 * Checks the room that a request names, and joins it if the session is in none: with
 * getRouterRtpCapabilities any room, with another request only the room it was in before that
 * closed. 0, or errno with the fault.
 */
static int enter_room(struct cp_session *s, const cJSON *data, struct cp_fault *fault)
{
	const char *room = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(data, "roomId"));
	bool joins = s->type->handle == cp_socketio_get_capabilities;

	if (!room)
		return cp_refuse(fault, CP_BAD_REQUEST, "roomId: must be a string");
	if (!cp_name_valid(room))
		return cp_refuse(fault, CP_BAD_REQUEST, "roomId: " CP_NAME_RULE);
	if (s->peer && strcmp(s->room, room) == 0)
		return 0;
	if (s->peer)
		return cp_refuse(fault, joins ? CP_CONFLICT : CP_NOT_FOUND,
			"roomId: this socket is in another room");
	if (!joins && strcmp(s->room, room) != 0)
		return cp_refuse(fault, CP_NOT_FOUND,
			"roomId: this socket is not in that room; getRouterRtpCapabilities joins it");
	return cp_session_enter(s, room, data, fault);
}

static void handle_request(struct cp_session *s, const cJSON *message)
{
	const char *event = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(message, "event"));
	const cJSON *data = cJSON_GetObjectItemCaseSensitive(message, "data");
	struct cp_fault fault;
	int error = 0;

	if (!s->type)
		s->type = cp_request_type(&cp_socketio_dialect, event ? event : "");
	if (!s->type->greets)
		cp_resume_confirm(s);
	if (!s->type->handle)
		error = cp_refuse(&fault, CP_BAD_REQUEST, "event: no such request");
	else if (!cJSON_IsObject(data))
		error = cp_refuse(&fault, CP_BAD_REQUEST, "data: must be an object");
	else
		error = enter_room(s, data, &fault);
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

static cJSON *producer(const struct cp_producer *p)
{
	cJSON *data = cJSON_CreateObject();

	cJSON_AddStringToObject(data, "producerId", p->id);
	cJSON_AddStringToObject(data, "kind", cp_kind_name(p->consumable.kind));
	return data;
}

static bool save(const struct cp_session *s, struct cp_saved_peer *out)
{
	out->client = CP_SAVED_SOCKETIO;
	return cp_resume_save(s, out);
}

static struct cp_announced announced;

const struct cp_dialect cp_socketio_dialect = {
	.name = "socket.io",
	.request = handle_request,
	.reply = reply,
	.error = error,
	.notice = notice,
	.printed_notice = event_text,
	.transport = cp_socketio_transport,
	.name_transport = cp_socketio_name_transport,
	.describe_transport = cp_socketio_describe_transport,
	.producer = producer,
	.save = save,
	.types = cp_socketio_requests,
	.announced = &announced,
};

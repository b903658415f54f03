/* SPDX-License-Identifier: Apache-2.0 */
#include "controlplane/signaling/request.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "controlplane/negotiation/json.h"
#include "controlplane/rooms/user.h"

struct cp_request_type *cp_request_type(const struct cp_dialect *d, const char *name)
{
	struct cp_request_type *type = d->types;

	while (type->handle && strcmp(type->name, name) != 0)
		type++;
	type->count++;
	return type;
}

int cp_request_allowed(const struct cp_session *s, struct cp_fault *fault)
{
	return s->type->closes ? 0 : cp_user_check(s->peer, fault);
}

const char *cp_request_answer(const struct cp_session *s)
{
	return s->type->answer ? s->type->answer : s->type->name;
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

	if (!item)
		return 0;
	if (!cJSON_IsBool(item)) {
		cp_refuse(&fault, CP_BAD_REQUEST, "%s: must be true or false", name);
		cp_session_error(s, &fault);
		return EINVAL;
	}
	*out = cJSON_IsTrue(item);
	return 0;
}

int cp_member_integer(struct cp_session *s, const cJSON *data, const char *name, uint64_t min, uint64_t max,
	uint64_t *out)
{
	const cJSON *item = cJSON_GetObjectItemCaseSensitive(data, name);
	struct cp_fault fault;
	double d = item ? item->valuedouble : 0;

	/* The comparisons are also false for NaN. */
	if (cJSON_IsNumber(item) && d >= (double)min && d <= (double)max && (double)(uint64_t)d == d) {
		*out = (uint64_t)d;
		return 0;
	}
	cp_refuse(&fault, CP_BAD_REQUEST, "%s: must be an integer from %" PRIu64 " to %" PRIu64, name, min,
		max);
	cp_session_error(s, &fault);
	return EINVAL;
}

int cp_purpose_read(const cJSON *data, const char *name, enum cp_purpose *out, struct cp_fault *fault)
{
	const char *value = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(data, name));

	if (value && strcmp(value, "send") == 0)
		*out = CP_PURPOSE_SEND;
	else if (value && strcmp(value, "recv") == 0)
		*out = CP_PURPOSE_RECV;
	else
		return cp_refuse(fault, CP_BAD_REQUEST, "%s: must be \"send\" or \"recv\"", name);
	return 0;
}

int cp_member_purpose(struct cp_session *s, const cJSON *data, const char *name, enum cp_purpose *out)
{
	struct cp_fault fault;
	int error = cp_purpose_read(data, name, out, &fault);

	if (error != 0)
		cp_session_error(s, &fault);
	return error;
}

int cp_enters(const struct cp_session *s, const cJSON *data, struct cp_fault *fault)
{
	return 0;
}

int cp_enters_with_transport(const struct cp_session *s, const cJSON *data, const char *name,
	struct cp_fault *fault)
{
	enum cp_purpose purpose;
	int error = cp_purpose_read(data, name, &purpose, fault);

	if (error != 0)
		return error;
	return cp_transport_check(s->signaling->model, purpose, s->grant.publish, s->grant.subscribe, fault);
}

void cp_reply_member(struct cp_session *s, const char *name)
{
	const cJSON *data = cJSON_GetObjectItemCaseSensitive(s->current, "data");
	cJSON *reply = cJSON_CreateObject();

	cp_json_add(reply, name, cJSON_Duplicate(cJSON_GetObjectItemCaseSensitive(data, name), false));
	cp_session_reply(s, reply);
}

void cp_request_close_room(struct cp_session *s, const cJSON *data)
{
	struct cp_fault fault;
	cJSON *reply;

	if (cp_room_close_by(s->peer, &fault) != 0) {
		cp_session_error(s, &fault);
		return;
	}
	reply = cJSON_CreateObject();
	cJSON_AddStringToObject(reply, "roomId", s->room);
	cp_session_reply(s, reply);
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "dialect_a.h"

cJSON *cp_a_producer_json(const struct cp_producer *p)
{
	cJSON *data = cJSON_CreateObject();

	cJSON_AddStringToObject(data, "producerId", p->id);
	cJSON_AddStringToObject(data, "socketId", p->transport->peer->id);
	cJSON_AddStringToObject(data, "kind", cp_kind_name(p->consumable.kind));
	return data;
}

static void produced(struct cp_peer *peer, const struct cp_fault *fault, void *object)
{
	const struct cp_producer *p = object;
	cJSON *reply;

	if (fault != NULL) {
		cp_session_error(peer->session, fault);
		return;
	}
	reply = cJSON_CreateObject();
	cJSON_AddStringToObject(reply, "id", p->id);
	cp_session_reply(peer->session, reply);
}

void cp_a_produce(struct cp_session *s, const cJSON *data)
{
	const cJSON *app_data = cJSON_GetObjectItemCaseSensitive(data, "appData");
	const char *id = cp_member_id(s, data, "transportId");
	bool paused = false;
	struct cp_transport *t;
	struct cp_fault fault;

	if (id == NULL || cp_member_bool(s, data, "paused", &paused) < 0)
		return;
	t = cp_peer_transport(s->peer, id, &fault);
	if (t != NULL && app_data != NULL && !cJSON_IsObject(app_data)) {
		cp_refuse(&fault, CP_BAD_REQUEST, "appData: must be an object");
		t = NULL;
	}
	if (t == NULL)
		cp_session_error(s, &fault);
	else
		cp_producer_create(t, cJSON_GetObjectItemCaseSensitive(data, "kind"),
			cJSON_GetObjectItemCaseSensitive(data, "rtpParameters"), paused, produced);
}

/* The peer's own that the request names; NULL: the error was sent. */
static struct cp_producer *named(struct cp_session *s, const cJSON *data)
{
	const char *id = cp_member_id(s, data, "producerId");
	struct cp_producer *p;
	struct cp_fault fault;

	if (id == NULL)
		return NULL;
	p = cp_peer_producer(s->peer, id, &fault);
	if (p == NULL)
		cp_session_error(s, &fault);
	return p;
}

static cJSON *reply_with_id(const struct cp_producer *p)
{
	cJSON *reply = cJSON_CreateObject();

	cJSON_AddStringToObject(reply, "producerId", p->id);
	return reply;
}

static void changed(struct cp_peer *peer, const struct cp_fault *fault, void *object)
{
	if (fault != NULL)
		cp_session_error(peer->session, fault);
	else
		cp_session_reply(peer->session, reply_with_id(object));
}

void cp_a_pause_producer(struct cp_session *s, const cJSON *data)
{
	struct cp_producer *p = named(s, data);

	if (p != NULL)
		cp_producer_pause(p, true, changed);
}

void cp_a_resume_producer(struct cp_session *s, const cJSON *data)
{
	struct cp_producer *p = named(s, data);

	if (p != NULL)
		cp_producer_pause(p, false, changed);
}

void cp_a_close_producer(struct cp_session *s, const cJSON *data)
{
	struct cp_producer *p = named(s, data);
	cJSON *reply;

	if (p == NULL)
		return;
	reply = reply_with_id(p);
	cp_producer_close(p);
	cp_session_reply(s, reply);
}

static void add_to_list(struct cp_peer *peer, const struct cp_producer *p, void *list)
{
	cJSON *entry = cJSON_CreateObject();

	cJSON_AddStringToObject(entry, "id", p->id);
	cJSON_AddStringToObject(entry, "kind", cp_kind_name(p->consumable.kind));
	cJSON_AddStringToObject(entry, "socketId", p->transport->peer->id);
	cJSON_AddItemToArray(list, entry);
}

void cp_a_get_producers(struct cp_session *s, const cJSON *data)
{
	cJSON *reply = cJSON_CreateObject();

	cp_peer_each_visible_producer(s->peer, add_to_list, cJSON_AddArrayToObject(reply, "producers"));
	cp_session_reply(s, reply);
}

/* SPDX-License-Identifier: Apache-2.0 */

/* Handles the requests that create, pause, resume, close and list producers. */

#include "controlplane/signaling/request.h"

void cp_request_produce(struct cp_session *s, const cJSON *data, cp_done done)
{
	const cJSON *app_data = cJSON_GetObjectItemCaseSensitive(data, "appData");
	const char *name = cp_member_id(s, data, "transportId");
	bool paused = false;
	struct cp_transport *t;
	struct cp_fault fault;

	if (!name || cp_member_bool(s, data, "paused", &paused) != 0)
		return;
	t = s->dialect->transport(s->peer, name, &fault);
	if (t && app_data && !cJSON_IsObject(app_data)) {
		cp_refuse(&fault, CP_BAD_REQUEST, "appData: must be an object");
		t = NULL;
	}
	if (!t)
		cp_session_error(s, &fault);
	else
		cp_producer_create(t, cJSON_GetObjectItemCaseSensitive(data, "kind"),
			cJSON_GetObjectItemCaseSensitive(data, "rtpParameters"), paused, done);
}

/* The peer's producer that the request names. NULL: the error was sent. */
static struct cp_producer *named(struct cp_session *s, const cJSON *data)
{
	const char *id = cp_member_id(s, data, "producerId");
	struct cp_producer *p;
	struct cp_fault fault;

	if (!id)
		return NULL;
	p = cp_peer_producer(s->peer, id, &fault);
	if (!p)
		cp_session_error(s, &fault);
	return p;
}

static void changed(struct cp_peer *peer, const struct cp_fault *fault, void *object)
{
	if (fault)
		cp_session_error(peer->session, fault);
	else
		cp_reply_member(peer->session, "producerId");
}

void cp_request_pause_producer(struct cp_session *s, const cJSON *data)
{
	struct cp_producer *p = named(s, data);

	if (p)
		cp_producer_pause(p, true, changed);
}

void cp_request_resume_producer(struct cp_session *s, const cJSON *data)
{
	struct cp_producer *p = named(s, data);

	if (p)
		cp_producer_pause(p, false, changed);
}

void cp_request_close_producer(struct cp_session *s, const cJSON *data)
{
	struct cp_producer *p = named(s, data);

	if (!p)
		return;
	cp_producer_close(p);
	cp_reply_member(s, "producerId");
}

struct list {
	cJSON *json;
	cJSON *(*entry)(const struct cp_producer *p);
};

static void add_to_list(struct cp_peer *peer, const struct cp_producer *p, void *arg)
{
	const struct list *list = arg;

	cJSON_AddItemToArray(list->json, list->entry(p));
}

void cp_reply_producers(struct cp_session *s, cJSON *(*entry)(const struct cp_producer *p))
{
	cJSON *reply = cJSON_CreateObject();
	struct list list = {cJSON_AddArrayToObject(reply, "producers"), entry};

	cp_peer_each_visible_producer(s->peer, add_to_list, &list);
	cp_session_reply(s, reply);
}

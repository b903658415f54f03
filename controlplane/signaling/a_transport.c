/* SPDX-License-Identifier: Apache-2.0 */
#include "dialect_a.h"

#include <string.h>

static const char *purpose_name(enum cp_purpose purpose)
{
	return purpose == CP_PURPOSE_SEND ? "send" : "recv";
}

static void tell_existing(struct cp_peer *peer, const struct cp_producer *p, void *arg)
{
	cp_session_notify(peer->session, "newProducer", cp_a_producer_json(p));
}

static void created(struct cp_peer *peer, const struct cp_fault *fault, void *object)
{
	struct cp_session *s = peer->session;
	const struct cp_transport *t = object;
	struct cp_fault memory;
	cJSON *data;

	if (fault != NULL) {
		cp_session_error(s, fault);
		return;
	}
	data = cp_transport_parameters(t);
	if (data == NULL) {
		cp_refuse(&memory, CP_INTERNAL, "out of memory");
		cp_session_error(s, &memory);
		return;
	}
	cJSON_AddStringToObject(data, "purpose", purpose_name(t->purpose));
	cp_session_reply(s, data);
	if (t->purpose == CP_PURPOSE_RECV)
		cp_peer_each_visible_producer(peer, tell_existing, NULL);
}

void cp_a_create_transport(struct cp_session *s, const cJSON *data)
{
	const char *purpose = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(data, "purpose"));
	struct cp_fault fault;

	if (purpose != NULL && strcmp(purpose, "send") == 0) {
		cp_transport_create(s->peer, CP_PURPOSE_SEND, created);
	} else if (purpose != NULL && strcmp(purpose, "recv") == 0) {
		cp_transport_create(s->peer, CP_PURPOSE_RECV, created);
	} else {
		cp_refuse(&fault, CP_BAD_REQUEST, "purpose: must be \"send\" or \"recv\"");
		cp_session_error(s, &fault);
	}
}

/* The one that the request names; NULL: the error was sent. */
static struct cp_transport *named(struct cp_session *s, const cJSON *data)
{
	const char *id = cp_member_id(s, data, "transportId");
	struct cp_transport *t;
	struct cp_fault fault;

	if (id == NULL)
		return NULL;
	t = cp_peer_transport(s->peer, id, &fault);
	if (t == NULL)
		cp_session_error(s, &fault);
	return t;
}

static cJSON *reply_with_id(const struct cp_transport *t)
{
	cJSON *reply = cJSON_CreateObject();

	cJSON_AddStringToObject(reply, "transportId", t->id);
	return reply;
}

void cp_a_connect_transport(struct cp_session *s, const cJSON *data)
{
	struct cp_transport *t = named(s, data);
	struct cp_fault fault;

	if (t == NULL)
		return;
	if (cp_transport_connect(t, cJSON_GetObjectItemCaseSensitive(data, "dtlsParameters"), &fault) < 0)
		cp_session_error(s, &fault);
	else
		cp_session_reply(s, reply_with_id(t));
}

void cp_a_restart_ice(struct cp_session *s, const cJSON *data)
{
	struct cp_transport *t = named(s, data);
	struct cp_fault fault;
	cJSON *parameters, *reply;

	if (t == NULL)
		return;
	parameters = cp_transport_restart(t, &fault);
	if (parameters == NULL) {
		cp_session_error(s, &fault);
		return;
	}
	reply = reply_with_id(t);
	cJSON_AddItemToObject(reply, "iceParameters", parameters);
	cp_session_reply(s, reply);
}

void cp_a_close_transport(struct cp_session *s, const cJSON *data)
{
	struct cp_transport *t = named(s, data);
	cJSON *reply;

	if (t == NULL)
		return;
	reply = reply_with_id(t);
	cp_transport_close(t);
	cp_session_reply(s, reply);
}

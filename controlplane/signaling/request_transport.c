/* SPDX-License-Identifier: Apache-2.0 */

/* Handles the requests that connect, limit and close WebRTC transports, and that restart ICE. */

#include "controlplane/signaling/request.h"

#include <errno.h>
#include <time.h>

#include "controlplane/base/clock.h"
#include "controlplane/negotiation/json.h"
#include "controlplane/signaling/ice_servers.h"

static const uint64_t MAX_BITRATE = 1000000000000; /* bit/s; more than any path carries */

int cp_reply_transport(struct cp_session *s, const struct cp_transport *t,
	void (*add)(const struct cp_transport *t, cJSON *data))
{
	struct cp_histogram *join =
		s->signaling->counters
			->join[t->purpose == CP_PURPOSE_RECV ? CP_JOIN_VIEWER : CP_JOIN_PUBLISHER];
	cJSON *data = cp_transport_parameters(t), *servers;
	struct cp_fault fault;

	if (!data) {
		cp_refuse(&fault, CP_INTERNAL, "out of memory");
		cp_session_error(s, &fault);
		return ENOMEM;
	}
	add(t, data);
	servers = cp_ice_servers_json(s->signaling->config, s->id, (int64_t)time(NULL));
	if (servers)
		cp_json_add(data, "iceServers", servers);
	cp_histogram_add(&join[CP_JOIN_HTTP], cp_now_ns() - s->arrived_ns);
	cp_session_reply(s, data);
	return 0;
}

/* The peer's transport that the request names. NULL: the error was sent. */
static struct cp_transport *named(struct cp_session *s, const cJSON *data)
{
	const char *name = cp_member_id(s, data, "transportId");
	struct cp_transport *t;
	struct cp_fault fault;

	if (!name)
		return NULL;
	t = s->dialect->transport(s->peer, name, &fault);
	if (!t)
		cp_session_error(s, &fault);
	return t;
}

int cp_session_connect(struct cp_session *s, struct cp_transport *t, const cJSON *dtls_parameters,
	struct cp_fault *fault)
{
	int error;

	/* A handshake takes more of the CPU than all else that a client can ask for. */
	if (!cp_address_may(s->address, CP_BUDGET_HANDSHAKES))
		return cp_refuse(fault, CP_TOO_MANY, "too many transports are connected from this address");
	error = cp_transport_connect(t, dtls_parameters, fault);
	if (error == 0)
		(void)cp_address_take(s->address, CP_BUDGET_HANDSHAKES, 1);
	return error;
}

void cp_request_connect_transport(struct cp_session *s, const cJSON *data)
{
	struct cp_transport *t = named(s, data);
	struct cp_fault fault;

	if (!t)
		return;
	if (cp_session_connect(s, t, cJSON_GetObjectItemCaseSensitive(data, "dtlsParameters"), &fault) != 0)
		cp_session_error(s, &fault);
	else
		cp_reply_member(s, "transportId");
}

void cp_request_restart_ice(struct cp_session *s, const cJSON *data)
{
	struct cp_transport *t = named(s, data);
	struct cp_fault fault;
	cJSON *parameters, *reply;

	if (!t)
		return;
	parameters = cp_transport_restart(t, &fault);
	if (!parameters) {
		cp_session_error(s, &fault);
		return;
	}
	reply = cJSON_CreateObject();
	cJSON_AddStringToObject(reply, "transportId",
		cJSON_GetObjectItemCaseSensitive(data, "transportId")->valuestring);
	cp_json_add(reply, "iceParameters", parameters);
	cp_session_reply_saved(s, reply);
}

void cp_request_close_transport(struct cp_session *s, const cJSON *data)
{
	struct cp_transport *t = named(s, data);

	if (!t)
		return;
	cp_transport_close(t);
	cp_reply_member(s, "transportId");
}

/* The transport is named as the request named it. */
static void limited(struct cp_peer *peer, const struct cp_fault *fault, void *object)
{
	const struct cp_transport *t = object;
	struct cp_session *s = peer->session;
	const cJSON *data;
	cJSON *reply;

	if (fault) {
		cp_session_error(s, fault);
		return;
	}
	data = cJSON_GetObjectItemCaseSensitive(s->current, "data");
	reply = cJSON_CreateObject();
	cJSON_AddStringToObject(reply, "transportId",
		cJSON_GetObjectItemCaseSensitive(data, "transportId")->valuestring);
	cJSON_AddNumberToObject(reply, "bitrate", (double)t->max_bps);
	cp_session_reply(s, reply);
}

void cp_request_set_max_bitrate(struct cp_session *s, const cJSON *data)
{
	struct cp_transport *t = named(s, data);
	uint64_t bitrate;

	if (t && cp_member_integer(s, data, "bitrate", 0, MAX_BITRATE, &bitrate) == 0)
		cp_transport_limit(t, bitrate, limited);
}

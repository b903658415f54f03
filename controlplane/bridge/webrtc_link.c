/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Implements struct cp_bridge for WebRTC transports, producers and consumers; passes plain
 * transports on to plain_link.c.
 */

#include "controlplane/bridge/dataplane.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "controlplane/base/clock.h"
#include "controlplane/bridge/join.h"
#include "controlplane/rooms/producer.h"
#include "controlplane/rooms/room.h"
#include "controlplane/rooms/saved.h"
#include "shared/log.h"

/* Connects a transport of the rooms with its ICE and DTLS half. transport_close frees it. */
struct link {
	struct cp_dataplane *dataplane;
	struct cp_transport *transport;
	struct cp_webrtc *webrtc;
	cp_bridge_done done; /* transport_open's; NULL once it was called */
	void *arg;
	struct cp_join_times join;
};

static void pass(struct link *link, enum cp_join_phase phase)
{
	bool viewer = link->transport->purpose == CP_PURPOSE_RECV;

	cp_join_pass(&link->join, phase, cp_now_ns(),
		link->dataplane->counters->join[viewer ? CP_JOIN_VIEWER : CP_JOIN_PUBLISHER]);
}

static void reached(void *arg, struct cp_webrtc *w, enum cp_webrtc_milestone milestone)
{
	struct link *link = arg;
	bool viewer = link->transport->purpose == CP_PURPOSE_RECV;

	if (milestone == CP_WEBRTC_BOUND)
		pass(link, CP_JOIN_ICE);
	else if (milestone == (viewer ? CP_WEBRTC_SENT : CP_WEBRTC_RECEIVED))
		pass(link, CP_JOIN_FIRST_PACKET);
	else if (viewer && milestone == CP_WEBRTC_REPORTED)
		pass(link, CP_JOIN_FIRST_REPORT);
}

static void created(void *arg, struct cp_webrtc *w, int error)
{
	struct link *link = arg;
	cp_bridge_done done = link->done;

	link->done = NULL;
	cp_join_begin(&link->join, cp_now_ns());
	done(link->arg, error); /* with an error, this closes the transport and frees the link */
}

/* FAILED and CLOSED close the transport and free the link. */
static void state_changed(void *arg, struct cp_webrtc *w, enum cp_webrtc_state state, const char *reason)
{
	static struct sh_log_limit limit = {.event = "transport-state", .per_second = SH_LOG_CLIENTS};
	struct link *link = arg;
	struct cp_transport *t = link->transport;

	if (state == CP_WEBRTC_CHECKING || state == CP_WEBRTC_CONNECTED)
		sh_log_limited(&limit, SH_LOG_INFO, "transport-%s room=%s peer=%s transport=%s",
			cp_webrtc_state_name(state), t->peer->room->log_name, t->peer->id, t->id);
	switch (state) {
	case CP_WEBRTC_CONNECTED:
		link->dataplane->counters->dtls_connected++;
		pass(link, CP_JOIN_DTLS);
		cp_transport_connected(t);
		break;
	case CP_WEBRTC_FAILED:
		if (cp_webrtc_handshake_failed(w))
			link->dataplane->counters->dtls_failed++;
		cp_transport_fail(t, CP_INTERNAL, reason);
		break;
	case CP_WEBRTC_CLOSED:
		/* A client that has closed its side may have gone on, and is not told. */
		if (cp_webrtc_peer_closed(w))
			cp_transport_close(t);
		else
			cp_transport_fail(t, CP_NOT_FOUND, reason);
		break;
	default:
		break;
	}
}

/* A successor has to know the transport's new addresses and credentials. */
static void changed(void *arg, struct cp_webrtc *w)
{
	const struct link *link = arg;

	cp_transport_save(link->transport);
}

static const struct cp_webrtc_events link_events = {
	.created = created, .state = state_changed, .changed = changed, .reached = reached};

static bool up(void *bridge)
{
	const struct cp_dataplane *p = bridge;

	return p->up;
}

static int transport_open(void *bridge, struct cp_transport *t, cp_bridge_done done, void *arg)
{
	struct cp_dataplane *p = bridge;
	struct link *link;
	int error;

	if (t->plain)
		return cp_plain_link_open(p, t, done, arg);
	link = calloc(1, sizeof(*link));
	if (!link)
		return ENOMEM;
	*link = (struct link){.dataplane = p, .transport = t, .done = done, .arg = arg};
	error = cp_webrtc_create(&link->webrtc, p->webrtc, t->worker, &link_events, link);
	if (error != 0) {
		free(link);
		return error;
	}
	snprintf(t->id, sizeof(t->id), "%s", cp_webrtc_id(link->webrtc));
	t->dp_id = cp_webrtc_sh_id(link->webrtc);
	t->link = link;
	return 0;
}

static cJSON *transport_parameters(void *bridge, const struct cp_transport *t)
{
	const struct link *link = t->link;

	return cp_webrtc_parameters(link->webrtc);
}

static void add_address(cJSON *into, const char *ip_name, const char *port_name,
	const struct sh_addr *address)
{
	struct sh_addr ip = *address;
	char text[64];

	ip.port = 0;
	sh_addr_format(&ip, text, sizeof(text));
	cJSON_AddStringToObject(into, ip_name, text);
	cJSON_AddNumberToObject(into, port_name, address->port);
}

static void transport_describe(void *bridge, const struct cp_transport *t, cJSON *into)
{
	const struct link *link = t->link;
	const struct sh_path *path = cp_webrtc_selected(link->webrtc);
	cJSON *tuple;

	cJSON_AddStringToObject(into, "iceState", path ? "completed" : "new");
	cJSON_AddStringToObject(into, "dtlsState", cp_webrtc_dtls_state(link->webrtc));
	if (!path)
		return;
	tuple = cJSON_AddObjectToObject(into, "iceSelectedTuple");
	add_address(tuple, "localIp", "localPort", &path->local);
	add_address(tuple, "remoteIp", "remotePort", &path->remote);
	cJSON_AddStringToObject(tuple, "protocol", "udp");
}

static int transport_connect(void *bridge, struct cp_transport *t, const cJSON *dtls_parameters,
	struct cp_fault *fault)
{
	struct link *link = t->link;
	char err[160] = "";

	switch (cp_webrtc_connect(link->webrtc, dtls_parameters, err, sizeof(err))) {
	case 0:
		cp_join_asked(&link->join, cp_now_ns());
		return 0;
	case EINVAL:
		return cp_refuse(fault, CP_BAD_REQUEST, "%s", err);
	case EALREADY:
		return cp_refuse(fault, CP_CONFLICT, "transportId: this transport was connected before");
	case EPIPE:
		return cp_refuse(fault, CP_NOT_FOUND, "transportId: this transport is closed");
	default:
		return cp_refuse(fault, CP_INTERNAL, "out of memory");
	}
}

static cJSON *transport_restart(void *bridge, struct cp_transport *t, struct cp_fault *fault)
{
	const struct link *link = t->link;
	cJSON *parameters = NULL;
	int error = cp_webrtc_restart_ice(link->webrtc, &parameters);

	if (error == 0)
		return parameters;
	if (error == EPIPE)
		cp_refuse(fault, CP_NOT_FOUND, "transportId: this transport is closed");
	else
		cp_refuse(fault, CP_INTERNAL, "new credentials: %s", strerror(error));
	return NULL;
}

static bool transport_save(void *bridge, const struct cp_transport *t, struct cp_saved_ice *out)
{
	const struct link *link = t->link;

	return cp_webrtc_save(link->webrtc, out);
}

static int transport_restore(void *bridge, struct cp_transport *t, const struct cp_saved_ice *saved)
{
	struct cp_dataplane *p = bridge;
	struct link *link = calloc(1, sizeof(*link));
	int error;

	if (!link)
		return ENOMEM;
	*link = (struct link){.dataplane = p, .transport = t};
	error = cp_webrtc_restore(&link->webrtc, p->webrtc, t->id, t->dp_id, t->worker, saved, &link_events,
		link);
	if (error != 0)
		free(link);
	else
		t->link = link;
	return error;
}

static void transport_close(void *bridge, struct cp_transport *t)
{
	struct link *link = t->link;

	if (t->plain) {
		cp_plain_link_close(t);
		return;
	}
	cp_webrtc_close(link->webrtc);
	if (link->done)
		link->done(link->arg, ECANCELED);
	free(link);
}

static int submit(void *bridge, struct sh_cmd *cmd, cp_bridge_done done, void *arg)
{
	struct cp_dataplane *p = bridge;

	return cp_dp_send(p->dp, cmd, done, arg);
}

/* The slot is the one that the last sample of the load found. */
static bool audio_levels(void *bridge, const struct cp_producer *producer, uint64_t *out)
{
	const struct cp_dataplane *p = bridge;
	const struct cp_encoding *e = &producer->encoding[0];
	struct sh_producer_stats now;

	if (!p->stats.map || e->stats_slot >= p->stats.producers ||
		!sh_stats_producer(&p->stats, e->stats_slot, &now) || now.id != e->dp_id)
		return false;
	*out = now.audio_levels;
	return true;
}

const struct cp_bridge cp_dataplane_bridge = {
	.audio_levels = audio_levels,
	.up = up,
	.transport_open = transport_open,
	.transport_parameters = transport_parameters,
	.transport_describe = transport_describe,
	.transport_connect = transport_connect,
	.transport_restart = transport_restart,
	.transport_save = transport_save,
	.transport_restore = transport_restore,
	.transport_close = transport_close,
	.submit = submit,
};

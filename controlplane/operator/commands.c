/* SPDX-License-Identifier: Apache-2.0 */
#include "controlplane/operator/commands.h"

#include <stdio.h>
#include <string.h>

#include "controlplane/base/clock.h"
#include "controlplane/bridge/upgrade.h"
#include "controlplane/operator/cluster.h"
#include "controlplane/operator/history.h"
#include "controlplane/operator/kept_drain.h"
#include "controlplane/operator/overview.h"
#include "controlplane/operator/plain_commands.h"
#include "controlplane/operator/readiness.h"
#include "controlplane/operator/record_commands.h"
#include "controlplane/operator/reply_line.h"
#include "controlplane/operator/transport_list.h"
#include "controlplane/operator/viewer.h"
#include "controlplane/rooms/model.h"
#include "controlplane/rooms/plain_transport.h"
#include "controlplane/rooms/room.h"
#include "controlplane/signaling/drain.h"

/*
 * The objects and the load placed on each worker. The list is empty while no data plane is
 * connected.
 */
static void add_workers(const struct cp_view *v, cJSON *reply)
{
	cJSON *list = cJSON_AddArrayToObject(reply, "workers");
	const struct cp_load *l = &v->model->load;

	for (uint32_t i = 0; i < l->workers && v->stats->map; i++) {
		const struct cp_worker_load *w = &l->worker[i];
		cJSON *entry = cJSON_CreateObject();

		cJSON_AddNumberToObject(entry, "worker", i);
		cJSON_AddNumberToObject(entry, "transports", w->transports);
		cJSON_AddNumberToObject(entry, "consumers", w->consumers);
		cJSON_AddNumberToObject(entry, "load", (double)cp_placement_load(w));
		cJSON_AddNumberToObject(entry, "busy_percent", w->busy / 10.0);
		cJSON_AddBoolToObject(entry, "overloaded", w->overloaded);
		cJSON_AddItemToArray(list, entry);
	}
}

/* Why nobody can join, as /readyz says. */
static void add_unready(const struct cp_view *v, cJSON *reply)
{
	struct cp_unready reason[CP_UNREADY_MAX];
	unsigned count = cp_unready_reasons(v, reason);
	cJSON *list = cJSON_AddArrayToObject(reply, "unready");

	for (unsigned i = 0; i < count; i++) {
		cJSON *entry = cJSON_CreateObject();

		cJSON_AddStringToObject(entry, "code", reason[i].code);
		cJSON_AddStringToObject(entry, "message", reason[i].message);
		cJSON_AddItemToArray(list, entry);
	}
}

/* How far the drain has come, if the node drains. */
static void add_drain(const struct cp_view *v, cJSON *reply)
{
	const struct cp_signaling *s = v->signaling;
	cJSON *drain;

	if (v->model->drain.stage == CP_DRAIN_OFF)
		return;
	drain = cJSON_AddObjectToObject(reply, "drain");
	cJSON_AddStringToObject(drain, "state",
		v->model->drain.stage == CP_DRAIN_ON ? "draining"
		: s->drain.over                      ? "drained"
						     : "ending");
	cJSON_AddNumberToObject(drain, "deadline_s", (double)((cp_drain_left_ms(s) + 999) / 1000));
	cJSON_AddNumberToObject(drain, "viewers", cp_drain_viewers(v->model));
	cJSON_AddNumberToObject(drain, "moved", (double)s->drain.moved);
	cJSON_AddNumberToObject(drain, "refused", (double)v->model->drain.refused);
}

/* How the last planned restart has gone, if there was one. */
static void add_upgrade(const struct cp_view *v, cJSON *reply)
{
	const struct cp_upgrade *u = v->upgrade;
	cJSON *upgrade;

	if (!u || u->stage == CP_UPGRADE_NONE)
		return;
	upgrade = cJSON_AddObjectToObject(reply, "upgrade");
	cJSON_AddStringToObject(upgrade, "state", cp_upgrade_stage_name(u->stage));
	cJSON_AddStringToObject(upgrade, "what", u->both ? "both" : "dataplane");
	if (u->stage == CP_UPGRADE_RUNNING)
		return;
	cJSON_AddNumberToObject(upgrade, "ms", u->ms);
	cJSON_AddNumberToObject(upgrade, "lost", u->lost);
	if (u->reason[0])
		cJSON_AddStringToObject(upgrade, "reason", u->reason);
}

static void add_status(const struct cp_view *v, cJSON *reply)
{
	const struct cp_model *m = v->model;

	cJSON_AddStringToObject(reply, "version", CP_VERSION);
	cJSON_AddNumberToObject(reply, "uptime_s", (double)((cp_now_ns() - v->started_ns) / 1000000000));
	cJSON_AddStringToObject(reply, "dataplane", v->stats->map ? "connected" : "away");
	cJSON_AddNumberToObject(reply, "rooms", m->rooms.count);
	cJSON_AddNumberToObject(reply, "rooms_in_grace", m->grace_count);
	cJSON_AddNumberToObject(reply, "rooms_closing", m->closing_count);
	cJSON_AddNumberToObject(reply, "peers", m->peer_count);
	cJSON_AddNumberToObject(reply, "transports", m->transports.count);
	cJSON_AddNumberToObject(reply, "producers", m->producers.count);
	cJSON_AddNumberToObject(reply, "consumers", m->consumers.count);
	add_drain(v, reply);
	add_upgrade(v, reply);
	add_unready(v, reply);
	add_workers(v, reply);
}

static void add_rooms(const struct cp_view *v, cJSON *reply)
{
	cJSON *list = cJSON_AddArrayToObject(reply, "rooms");
	const struct cp_room *room;

	TAILQ_FOREACH(room, &v->model->room_list, in_model)
	{
		struct cp_counts counts = cp_room_counts(room);
		cJSON *entry = cJSON_CreateObject();

		cJSON_AddStringToObject(entry, "name", room->name);
		cJSON_AddStringToObject(entry, "state", cp_room_state_name(room->state));
		if (room->state == CP_ROOM_GRACE)
			cJSON_AddNumberToObject(entry, "closes_in_s",
				(double)((cp_room_grace_left_ms(room) + 999) / 1000));
		cJSON_AddNumberToObject(entry, "peers", counts.peers);
		cJSON_AddNumberToObject(entry, "hosts", room->host_count);
		cJSON_AddNumberToObject(entry, "transports", counts.transports);
		cJSON_AddNumberToObject(entry, "producers", counts.producers);
		cJSON_AddNumberToObject(entry, "consumers", counts.consumers);
		cJSON_AddItemToArray(list, entry);
	}
}

static void refuse(cJSON *reply, const char *error)
{
	cJSON_ReplaceItemInObjectCaseSensitive(reply, "ok", cJSON_CreateBool(false));
	cJSON_AddStringToObject(reply, "error", error);
}

/* `error` NULL: nothing is refused. */
static void refuse_if(cJSON *reply, const char *error)
{
	if (error)
		refuse(reply, error);
}

static void close_room(const struct cp_view *v, const cJSON *request, cJSON *reply)
{
	const char *name = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(request, "room"));
	struct cp_room *room = name ? cp_room_find(v->model, name) : NULL;

	if (!name)
		refuse(reply, "room: must be a string");
	else if (!room)
		refuse(reply, "room: there is none of that name, or it is closing already");
	else
		cp_room_close(room, "the operator closed it");
}

static void close_peer(const struct cp_view *v, const cJSON *request, cJSON *reply)
{
	const char *id = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(request, "peer"));
	struct cp_peer *peer = id ? cp_room_find_peer(v->model, id) : NULL;

	if (!id)
		refuse(reply, "peer: must be a string");
	else if (!peer)
		refuse(reply, "peer: there is none with that id");
	else if (peer->of_operator)
		refuse(reply, "peer: it holds a room's plain transports; plain-close ends each of them");
	else
		cp_room_remove(peer, "the operator closed this connection");
}

static void close_plain(const struct cp_view *v, const cJSON *request, cJSON *reply)
{
	struct cp_fault fault;

	if (cp_admin_plain_close(v->model, request, &fault) != 0)
		refuse(reply, fault.message);
}

static void show_viewer(const struct cp_view *v, const cJSON *request, cJSON *reply)
{
	const char *id = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(request, "id"));

	if (!id)
		refuse(reply, "id: must be a string");
	else if (!cp_admin_viewer(v, id, reply))
		refuse(reply, "id: no peer, transport, producer or consumer has it");
}

static void begin_drain(const struct cp_view *v, const cJSON *request, cJSON *reply)
{
	const cJSON *given = cJSON_GetObjectItemCaseSensitive(request, "deadline_s");
	double seconds = given ? given->valuedouble : v->model->config->drain.deadline_s;

	if ((given && !cJSON_IsNumber(given)) || !(seconds >= 1) || seconds > SH_DRAIN_MAX_S ||
		seconds != (double)(uint32_t)seconds) {
		refuse(reply, "deadline_s: must be a whole number of seconds from 1 to 604800 (a week)");
		return;
	}
	cp_drain_begin(v->signaling, (uint32_t)seconds);
	cp_drain_keep(v->signaling, v->dir);
	add_drain(v, reply);
}

static void cancel_drain(const struct cp_view *v, cJSON *reply)
{
	if (!cp_drain_cancel(v->signaling)) {
		refuse(reply, "undrain: this node is not being drained");
		return;
	}
	cp_drain_keep(v->signaling, v->dir);
	cJSON_AddNumberToObject(reply, "peers", v->model->peer_count);
}

static void begin_upgrade(const struct cp_view *v, const cJSON *request, cJSON *reply)
{
	const char *what = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(request, "what"));
	bool both = what && strcmp(what, "both") == 0;
	char err[160];

	if (!what || (!both && strcmp(what, "dataplane") != 0))
		refuse(reply, "what: must be \"dataplane\" or \"both\"");
	else if (!v->dataplane || v->begin_upgrade(v->dataplane, both, err, sizeof(err)) != 0)
		refuse(reply, v->dataplane ? err : "no data plane is connected");
	else
		add_upgrade(v, reply);
}

/* Begins a command that is answered when the data plane has acknowledged. False: refused. */
static bool begin_plain(const struct cp_view *v, const char *cmd, const cJSON *request,
	struct cp_admin_asker *asker, cJSON *reply)
{
	bool produce = strcmp(cmd, "plain-produce") == 0;
	struct cp_fault fault;

	if (produce ? cp_admin_plain_produce(v->model, request, asker, &fault)
		    : cp_admin_plain_consume(v->model, request, asker, &fault))
		return true;
	refuse(reply, fault.message);
	return false;
}

/* Executes a command and fills in `reply`. False: the answer comes later, through `asker`. */
static bool answer(const struct cp_view *v, const char *cmd, const cJSON *request,
	struct cp_admin_asker *asker, cJSON *reply)
{
	const char *error;

	if (cmd && strcmp(cmd, "transports") == 0) {
		cp_admin_list_transports(v, asker);
		return false;
	}
	if (!cmd)
		refuse(reply, "cmd: must be a string in a JSON object");
	else if (strcmp(cmd, "status") == 0)
		add_status(v, reply);
	else if (strcmp(cmd, "rooms") == 0)
		add_rooms(v, reply);
	else if (strcmp(cmd, "overview") == 0) {
		add_status(v, reply);
		cp_admin_overview(v, reply);
	} else if (strcmp(cmd, "peers") == 0 && cp_admin_peers(v, request, reply) != 0)
		refuse(reply, "room: there is none of that name");
	else if (strcmp(cmd, "peers") == 0)
		return true;
	else if (strcmp(cmd, "history") == 0 && v->history)
		cp_history_json(v->history, reply);
	else if (strcmp(cmd, "cluster") == 0)
		cp_admin_cluster(v->cluster, reply);
	else if (strcmp(cmd, "viewer") == 0)
		show_viewer(v, request, reply);
	else if (strcmp(cmd, "room-close") == 0)
		close_room(v, request, reply);
	else if (strcmp(cmd, "peer-close") == 0)
		close_peer(v, request, reply);
	else if (strcmp(cmd, "reload") == 0 && v->reload)
		v->reload(v->reload_arg, reply);
	else if (strcmp(cmd, "drain") == 0)
		begin_drain(v, request, reply);
	else if (strcmp(cmd, "undrain") == 0)
		cancel_drain(v, reply);
	else if (strcmp(cmd, "upgrade") == 0)
		begin_upgrade(v, request, reply);
	else if (strcmp(cmd, "plain-produce") == 0 || strcmp(cmd, "plain-consume") == 0)
		return !begin_plain(v, cmd, request, asker, reply);
	else if (strcmp(cmd, "plain-close") == 0)
		close_plain(v, request, reply);
	else if (strcmp(cmd, "plain-list") == 0)
		cp_admin_plain_list(v->model, cJSON_AddArrayToObject(reply, "plain"));
	else if (v->recordings && cp_admin_record(v, cmd, request, reply, &error))
		refuse_if(reply, error);
	else
		refuse(reply, "cmd: must be status, overview, history, rooms, peers, transports, viewer, "
			      "room-close, peer-close, reload, drain, "
			      "undrain, upgrade, plain-produce, plain-consume, plain-close, plain-list, "
			      "producers, record-report, record-list or record-stop");
	return true;
}

void cp_admin_serve(const struct cp_view *v, const char *line, size_t len, struct cp_admin_asker *asker)
{
	cJSON *request = cJSON_ParseWithLength(line, len), *reply = cJSON_CreateObject();
	const char *cmd = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(request, "cmd"));

	cJSON_AddBoolToObject(reply, "ok", true);
	if (answer(v, cmd, request, asker, reply))
		asker->answer(asker, cp_admin_line(reply));
	cp_admin_wipe_keys(request);
	cJSON_Delete(request);
	cJSON_Delete(reply);
}

void cp_admin_abandon(const struct cp_view *v, struct cp_admin_asker *asker)
{
	cp_plain_abandon(v->model, asker);
	cp_admin_abandon_transports(v, asker);
	cp_admin_wipe_keys(asker->srtp);
	cJSON_Delete(asker->srtp);
	asker->srtp = NULL;
}

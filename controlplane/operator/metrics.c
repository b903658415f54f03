/* SPDX-License-Identifier: Apache-2.0 */

/* Writes /metrics in Prometheus' text exposition format, version 0.0.4. */

#include "controlplane/operator/pages.h"

#include <assert.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "controlplane/base/clock.h"
#include "controlplane/operator/cluster.h"
#include "controlplane/operator/loop_lag.h"
#include "controlplane/operator/metrics_dataplane.h"
#include "controlplane/operator/metrics_hooks.h"
#include "controlplane/operator/metrics_joins.h"
#include "controlplane/operator/metrics_ports.h"
#include "controlplane/operator/metrics_process.h"
#include "controlplane/operator/readiness.h"
#include "controlplane/operator/recordings.h"
#include "controlplane/rooms/model.h"
#include "controlplane/signaling/drain.h"
#include "controlplane/signaling/json_dialect.h"
#include "controlplane/signaling/socketio_dialect.h"
#include "controlplane/signaling/whep_events.h"
#include "controlplane/webrtc/webrtc.h"
#include "shared/log.h"
#include "shared/stats_names.h"

static void head(FILE *f, const char *name, const char *type, const char *help)
{
	fprintf(f, "# HELP spate_%s %s\n# TYPE spate_%s %s\n", name, help, name, type);
}

static void single(FILE *f, const char *name, const char *type, const char *help, uint64_t value)
{
	head(f, name, type, help);
	fprintf(f, "spate_%s %" PRIu64 "\n", name, value);
}

static void requests(FILE *f, const struct cp_dialect *d)
{
	for (const struct cp_request_type *type = d->types;; type++) {
		fprintf(f, "spate_requests_total{dialect=\"%s\",type=\"%s\"} %" PRIu64 "\n", d->name,
			type->name, type->count);
		if (!type->handle)
			return;
	}
}

static void engine_io(FILE *f, const struct cp_eio_counts *c)
{
	head(f, "engineio_sessions", "gauge", "Engine.IO sessions, by Engine.IO transport.");
	fprintf(f, "spate_engineio_sessions{transport=\"polling\"} %" PRIu32 "\n", c->polling);
	fprintf(f, "spate_engineio_sessions{transport=\"websocket\"} %" PRIu32 "\n", c->websocket);
	single(f, "engineio_opened_total", "counter", "Engine.IO sessions opened.", c->opened);
	single(f, "engineio_upgrades_total", "counter", "Engine.IO sessions upgraded to WebSocket.",
		c->upgraded);
	single(f, "engineio_upgrades_failed_total", "counter", "Upgrades to WebSocket that did not finish.",
		c->upgrades_failed);
	single(f, "engineio_polls_held", "gauge", "Polls held until packets are queued.", c->polls_held);
}

static void shares(FILE *f, const struct cp_share_counts *c)
{
	head(f, "share_refused_total", "counter",
		"Objects refused because an address or user had its share, or for the reserve, by table.");
	for (enum cp_table_name table = 0; table < CP_TABLES; table++) {
		fprintf(f, "spate_share_refused_total{table=\"%s\",reason=\"share\"} %" PRIu64 "\n",
			cp_table_name(table), c->over_share[table]);
		fprintf(f, "spate_share_refused_total{table=\"%s\",reason=\"reserve\"} %" PRIu64 "\n",
			cp_table_name(table), c->reserved[table]);
	}
	single(f, "transports_unconnected_total", "counter",
		"Transports closed because they had not connected while a table was crowded.",
		c->unconnected);
}

static void admission(FILE *f, const uint64_t refused[CP_REFUSALS])
{
	head(f, "admission_refused_total", "counter",
		"Connections, requests and messages refused for a limit, by reason.");
	for (enum cp_refusal reason = 0; reason < CP_REFUSALS; reason++)
		fprintf(f, "spate_admission_refused_total{reason=\"%s\"} %" PRIu64 "\n",
			cp_refusal_name(reason), refused[reason]);
}

static void refusals(FILE *f, const struct cp_webrtc_refusals *r)
{
	head(f, "ice_refused_total", "counter", "Addresses of clients that were refused, by reason.");
	fprintf(f, "spate_ice_refused_total{reason=\"address_in_use\"} %" PRIu64 "\n", r->address_in_use);
	fprintf(f, "spate_ice_refused_total{reason=\"unproven_address\"} %" PRIu64 "\n", r->unproven_address);
	fprintf(f, "spate_ice_refused_total{reason=\"too_many_addresses\"} %" PRIu64 "\n",
		r->too_many_addresses);
}

static const char *const protocols[] = {"whip", "whep"};

static void ended(FILE *f, const char *protocol, const char *how, uint64_t count)
{
	fprintf(f, "spate_whip_sessions_ended_total{protocol=\"%s\",how=\"%s\"} %" PRIu64 "\n", protocol, how,
		count);
}

static void whip(FILE *f, const struct cp_counters *m)
{
	const struct cp_whip_counts *const counts[] = {&m->whip, &m->whep};

	head(f, "whip_sessions", "gauge", "Sessions of WHIP and WHEP.");
	for (unsigned i = 0; i < 2; i++)
		fprintf(f, "spate_whip_sessions{protocol=\"%s\"} %" PRIu64 "\n", protocols[i],
			counts[i]->sessions);
	head(f, "whip_sessions_created_total", "counter",
		"Sessions of WHIP and WHEP that were answered 201.");
	for (unsigned i = 0; i < 2; i++)
		fprintf(f, "spate_whip_sessions_created_total{protocol=\"%s\"} %" PRIu64 "\n", protocols[i],
			counts[i]->created);
	head(f, "whip_sessions_ended_total", "counter",
		"Sessions of WHIP and WHEP that were deleted, ended with their transport, room or stream, or "
		"never connected.");
	for (unsigned i = 0; i < 2; i++) {
		ended(f, protocols[i], "deleted", counts[i]->deleted);
		ended(f, protocols[i], "ended", counts[i]->ended);
		ended(f, protocols[i], "unconnected", counts[i]->unconnected);
	}
	head(f, "whip_refused_total", "counter", "Requests of WHIP and WHEP that were refused, by status.");
	for (unsigned i = 0; i < 2 * CP_WHIP_STATUSES; i++)
		fprintf(f, "spate_whip_refused_total{protocol=\"%s\",status=\"%u\"} %" PRIu64 "\n",
			protocols[i / CP_WHIP_STATUSES], cp_whip_statuses[i % CP_WHIP_STATUSES],
			counts[i / CP_WHIP_STATUSES]->refused[i % CP_WHIP_STATUSES]);
}

static void events(FILE *f, const struct cp_counters *m)
{
	static_assert(sizeof(m->whep_events) / sizeof(m->whep_events[0]) == CP_WHEP_EVENTS,
		"one counter for each event");

	single(f, "whep_event_streams", "gauge", "Event streams of WHEP players that are read.",
		m->event_streams);
	single(f, "whep_event_streams_slow_total", "counter",
		"Event streams closed because their readers were too slow.", m->event_streams_slow);
	head(f, "whep_events_total", "counter", "Events sent to WHEP players, by event.");
	for (unsigned e = 0; e < CP_WHEP_EVENTS; e++)
		fprintf(f, "spate_whep_events_total{event=\"%s\"} %" PRIu64 "\n", cp_whep_event_name(e),
			m->whep_events[e]);
}

static void drain(FILE *f, const struct cp_signaling *s)
{
	enum cp_drain_stage stage = s->model->drain.stage;

	single(f, "draining", "gauge", "Whether the node is being drained, or has been.",
		stage != CP_DRAIN_OFF);
	single(f, "drained", "gauge", "Whether the drain is over: nobody is left.",
		stage == CP_DRAIN_END && s->drain.over);
	single(f, "drain_deadline_seconds", "gauge", "Time until the drain ends whoever is left.",
		(cp_drain_left_ms(s) + 999) / 1000);
	single(f, "drain_refused_total", "counter", "Clients that were not let in because the node drains.",
		s->model->drain.refused);
	single(f, "drain_moved_total", "counter", "WHEP players that were told to play elsewhere.",
		s->drain.moved);
}

static void resumes(FILE *f, const struct cp_resume_counts *c)
{
	single(f, "resume_lost", "gauge", "Clients whose connection was lost and who may come back.",
		c->lost);
	single(f, "resumes_total", "counter", "Sessions that their clients have resumed.", c->resumed);
	single(f, "resume_expired_total", "counter",
		"Sessions that ended because their clients did not come back in time.", c->expired);
	head(f, "resume_refused_total", "counter", "Tokens to resume with that were refused, by reason.");
	for (enum cp_resume_refusal reason = 0; reason < CP_RESUME_REFUSALS; reason++)
		fprintf(f, "spate_resume_refused_total{reason=\"%s\"} %" PRIu64 "\n",
			cp_resume_refusal_name(reason), c->refused[reason]);
}

/* What became of a predecessor's objects. */
static void restored(FILE *f, const struct cp_restore_counts *c)
{
	static const char *const kinds[] = {
		[SH_OBJECT_TRANSPORT] = "transport",
		[SH_OBJECT_PRODUCER] = "producer",
		[SH_OBJECT_CONSUMER] = "consumer",
	};

	head(f, "restored_objects", "gauge", "Objects of a predecessor that were made again at the start.");
	for (unsigned kind = SH_OBJECT_TRANSPORT; kind <= SH_OBJECT_CONSUMER; kind++)
		fprintf(f, "spate_restored_objects{object=\"%s\"} %u\n", kinds[kind], c->restored[kind]);
	head(f, "swept_objects", "gauge",
		"Objects of a predecessor that were left to be swept after the start, by reason.");
	fprintf(f, "spate_swept_objects{reason=\"version\"} %u\n", c->other_version);
	fprintf(f, "spate_swept_objects{reason=\"damaged\"} %u\n", c->damaged);
	fprintf(f, "spate_swept_objects{reason=\"orphaned\"} %u\n", c->orphaned);
	fprintf(f, "spate_swept_objects{reason=\"no_blob\"} %u\n", c->without_blob);
}

static void control_plane(FILE *f, const struct cp_view *v)
{
	const struct cp_counters *m = v->counters;
	struct cp_unready reason[CP_UNREADY_MAX];

	single(f, "uptime_seconds", "gauge", "Time since the control plane started.",
		(cp_now_ns() - v->started_ns) / 1000000000);
	single(f, "dataplane_up", "gauge", "Whether the data plane is connected.", v->stats->map != NULL);
	single(f, "dataplane_connects_total", "counter", "Times the data plane was connected.",
		m->dataplane_connected);
	single(f, "dataplane_losses_total", "counter", "Times the data plane was lost.", m->dataplane_lost);
	restored(f, &m->restored);
	single(f, "rooms", "gauge", "Rooms.", v->model->rooms.count);
	single(f, "rooms_grace", "gauge", "Rooms whose last host has left.", v->model->grace_count);
	single(f, "rooms_closing", "gauge", "Rooms that are closing.", v->model->closing_count);
	single(f, "peers", "gauge", "Peers in rooms.", v->model->peer_count);
	single(f, "transports", "gauge", "WebRTC transports.", v->model->transports.count);
	single(f, "producers", "gauge", "Producers.", v->model->producers.count);
	single(f, "consumers", "gauge", "Consumers.", v->model->consumers.count);
	single(f, "room_notices_total", "counter", "Notices sent to whole rooms.", v->model->notices.told);
	single(f, "room_notices_merged_total", "counter",
		"Changes of producers that were told together with another one, or not at all.",
		v->model->notices.merged);
	shares(f, &v->model->shares);
	admission(f, m->refused);
	single(f, "sockets", "gauge", "Open WebSockets.", m->sockets_open);
	single(f, "sockets_accepted_total", "counter", "WebSockets accepted.", m->sockets_accepted);
	single(f, "sockets_refused_total", "counter", "WebSockets refused.", m->sockets_refused);
	single(f, "connections_refused_total", "counter",
		"TCP connections closed at once because of a limit.", m->connections_refused);
	single(f, "requests_refused_total", "counter",
		"HTTP requests refused for their request line or headers.", m->requests_refused);
	single(f, "admin_requests_refused_total", "counter",
		"Requests to the administration port refused for their token or their origin.",
		m->admin_refused);
	single(f, "messages_received_total", "counter",
		"Messages received: of WebSockets, and packets of long-polling.", m->messages_in);
	single(f, "messages_sent_total", "counter",
		"Messages sent: of WebSockets, and packets of long-polling.", m->messages_out);

	single(f, "loop_lag_milliseconds", "gauge",
		"By how much the control plane's event loop was late at most in the last seconds.",
		cp_loop_lag_ms(v->lag));
	single(f, "ready", "gauge", "Whether a client could join and watch now, as /readyz says.",
		cp_unready_reasons(v, reason) == 0);
	single(f, "log_lines_lost_total", "counter", "Lines of the control plane's log that were lost.",
		sh_log_lost());
	drain(f, v->signaling);
	engine_io(f, v->engineio);
	resumes(f, &m->resume);
	whip(f, m);
	events(f, m);
	head(f, "requests_total", "counter", "Requests, by dialect and type.");
	requests(f, &cp_json_dialect);
	requests(f, &cp_socketio_dialect);
	head(f, "errors_total", "counter", "Errors sent to clients, by code.");
	for (unsigned i = CP_OK + 1; i < CP_CODE_COUNT; i++)
		fprintf(f, "spate_errors_total{code=\"%s\"} %" PRIu64 "\n", cp_code_name(i), m->error[i]);
	head(f, "dtls_handshakes_total", "counter", "DTLS handshakes, by result.");
	fprintf(f, "spate_dtls_handshakes_total{result=\"ok\"} %" PRIu64 "\n", m->dtls_connected);
	fprintf(f, "spate_dtls_handshakes_total{result=\"failed\"} %" PRIu64 "\n", m->dtls_failed);
	cp_metrics_joins(f, m);
	if (v->webrtc && *v->webrtc)
		refusals(f, cp_webrtc_server_refusals(*v->webrtc));
}

char *cp_metrics_text(const struct cp_view *v, size_t *len)
{
	char *text = NULL;
	FILE *f = open_memstream(&text, len);

	if (!f)
		return NULL;
	control_plane(f, v);
	cp_process_metrics(f, v->loop);
	if (v->hooks)
		cp_metrics_hooks(f, v->hooks);
	if (v->recordings)
		cp_recordings_metrics(f, v->recordings, cp_now_ns() / 1000000);
	cp_metrics_cluster(f, v->cluster);
	if (v->stats->map) {
		cp_metrics_dataplane(f, v->stats);
		cp_metrics_placement(f, &v->model->load);
		cp_metrics_ports(f, v->stats);
	}
	if (fclose(f) != 0) {
		free(text);
		return NULL;
	}
	return text;
}

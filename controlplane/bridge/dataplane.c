/* SPDX-License-Identifier: Apache-2.0 */
#include "controlplane/bridge/dataplane.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "controlplane/rooms/quality.h"
#include "shared/log.h"

/*
 * Ends the snapshot: what was not claimed stays for the grace time, in which the clients of a
 * predecessor whose state could not be made again join with new transports.
 */
static void serve(struct cp_dataplane *p)
{
	struct sh_cmd end = {.op = SH_OP_SNAPSHOT_END};

	end.snapshot_end.grace_ms = p->config->media.sweep_s * 1000;
	cp_dp_send(p->dp, &end, NULL, NULL);
	p->up = true;
	cp_upgrade_served(p);
	p->calls->connected(p);
}

static void use_statistics(struct cp_dataplane *p)
{
	char err[160];
	size_t size;
	const void *map = cp_dp_stats(p->dp, &size);

	if (!map || sh_stats_use(&p->stats, map, size, err, sizeof(err)) != 0)
		sh_log(SH_LOG_WARN, "statistics-unreadable reason=\"%s\"", map ? err : "none came");
}

static void dp_connected(void *arg, const struct cp_dp_info *info)
{
	struct sh_cmd begin = {.op = SH_OP_SNAPSHOT_BEGIN};
	struct cp_dataplane *p = arg;

	use_statistics(p);
	cp_load_sampler_reset(p, info->workers);
	p->away[0] = '\0';
	p->counters->dataplane_connected++;
	sh_log(SH_LOG_INFO, "dataplane-connected instance=%016" PRIx64 " workers=%u", info->instance,
		info->workers);
	cp_webrtc_server_connected(p->webrtc, info);
	cp_dp_send(p->dp, &begin, NULL, NULL);
	if (!cp_rebuild_begin(p))
		serve(p);
}

/* A planned restart is over. What the rooms and transports know holds for the next data plane. */
static void dp_resumed(void *arg, const struct cp_dp_info *info)
{
	struct cp_dataplane *p = arg;

	use_statistics(p);
	cp_load_sampler_reset(p, info->workers);
	cp_webrtc_server_connected(p->webrtc, info);
	cp_upgrade_resumed(p);
}

static void dp_brought(void *arg, const char *refused)
{
	cp_upgrade_brought(arg, refused);
}

static void dp_object(void *arg, const struct sh_object *object)
{
	struct cp_dataplane *p = arg;

	if (cp_rebuild_object(p, object))
		serve(p);
}

static void say_away(struct cp_dataplane *p, const char *reason)
{
	snprintf(p->away, sizeof(p->away), "no data plane is connected: %s", reason);
}

static void dp_lost(void *arg, const char *reason)
{
	struct cp_dataplane *p = arg;

	p->up = false;
	cp_rebuild_abort(p);
	cp_upgrade_lost(p, reason);
	say_away(p, reason);
	memset(&p->stats, 0, sizeof(p->stats));
	p->counters->dataplane_lost++;
	sh_log(SH_LOG_ERROR, "dataplane-lost reason=\"%s\" transports=%u", reason,
		p->model->transports.count);
	cp_webrtc_server_lost(p->webrtc);
	cp_model_lose_transports(p->model);
}

static void dp_refused(void *arg, const char *reason)
{
	struct cp_dataplane *p = arg;

	cp_upgrade_lost(p,
		reason); /* this process has replaced one, and finds no data plane of its version */
	say_away(p, reason);
	sh_log(SH_LOG_WARN, "dataplane-away reason=\"%s\"", reason);
}

static void dp_event(void *arg, const struct sh_event *event)
{
	struct cp_dataplane *p = arg;

	if (event->kind == SH_EV_TRANSPORT_LOST)
		p->upgrade.lost++;
	if (event->kind == SH_EV_LAYERS_CHANGED)
		cp_model_layers_changed(p->model, event->id, &event->layers);
	else if (!cp_webrtc_server_event(p->webrtc, event) && !cp_plain_link_event(p, event))
		sh_log(SH_LOG_DEBUG, "event-ignored kind=%u id=%016" PRIx64, event->kind, event->id);
}

static void dp_punt(void *arg, const struct sh_packet *packet)
{
	struct cp_dataplane *p = arg;

	cp_webrtc_server_punt(p->webrtc, packet);
}

int cp_dataplane_start(struct cp_dataplane *p, uv_loop_t *loop, const struct sh_config *config,
	struct cp_model *model, struct cp_counters *counters, const struct cp_dataplane_calls *calls,
	void *owner, char *err, size_t err_size)
{
	static const struct cp_dp_events events = {
		.connected = dp_connected,
		.resumed = dp_resumed,
		.brought = dp_brought,
		.lost = dp_lost,
		.refused = dp_refused,
		.event = dp_event,
		.punt = dp_punt,
		.object = dp_object,
	};
	char path[SH_PATH_MAX + 32];
	int error;

	memset(p, 0, sizeof(*p));
	p->config = config;
	p->model = model;
	p->counters = counters;
	p->calls = calls;
	p->owner = owner;
	TAILQ_INIT(&p->plain);
	cp_random(&p->plain_next, sizeof(p->plain_next));
	snprintf(path, sizeof(path), "%s/dataplane.sock", config->run_dir);
	error = cp_dp_create(&p->dp, loop, path, &events, p);
	if (error != 0) {
		snprintf(err, err_size, "%s: %s", path, strerror(error));
		return error;
	}
	error = cp_webrtc_server_create(&p->webrtc, loop, config, p->dp, err, err_size);
	if (error != 0) {
		cp_dp_destroy(p->dp);
		return error;
	}
	cp_load_sampler_start(p, loop);
	cp_consumer_sampler_start(p, loop);
	return 0;
}

void cp_dataplane_detach(struct cp_dataplane *p)
{
	p->up = false;
	cp_rebuild_abort(p);
	memset(&p->stats, 0, sizeof(p->stats));
	cp_dp_destroy(p->dp); /* before the transports close, so that no command deletes them there */
	p->dp = NULL;
	cp_model_close_transports(p->model);
}

void cp_dataplane_stop(struct cp_dataplane *p)
{
	cp_load_sampler_stop(p);
	cp_consumer_sampler_stop(p);
	cp_webrtc_server_destroy(p->webrtc);
	p->webrtc = NULL; /* who shows how it is finds none */
}

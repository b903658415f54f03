/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Runs spate-controlplane: signaling, ICE and DTLS. One event loop runs everything but DTLS
 * handshakes, which have threads of their own.
 */

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include <uv.h>

#include "controlplane/admin_port.h"
#include "controlplane/affinity.h"
#include "controlplane/auth/auth.h"
#include "controlplane/base/clock.h"
#include "controlplane/base/json.h"
#include "controlplane/bridge/dataplane.h"
#include "controlplane/cluster/cluster.h"
#include "controlplane/operator/admin_socket.h"
#include "controlplane/operator/kept_drain.h"
#include "controlplane/operator/kept_upgrade.h"
#include "controlplane/operator/loop_lag.h"
#include "controlplane/operator/pages.h"
#include "controlplane/operator/recordings.h"
#include "controlplane/options.h"
#include "controlplane/persist/persist.h"
#include "controlplane/privileges/kept_directory.h"
#include "controlplane/privileges/key_files.h"
#include "controlplane/reload.h"
#include "controlplane/rooms/model.h"
#include "controlplane/routes.h"
#include "shared/config.h"
#include "shared/log.h"
#include "shared/privileges/capabilities.h"
#include "shared/privileges/privileges.h"
#include "shared/privileges/system_calls.h"
#include "shared/run_dir.h"
#include "shared/service_manager.h"

enum {
	FILES_MAX = 262144, /* file descriptors to allow, if the hard limit is not lower; one per socket */
	FAREWELL_MS = 150, /* time for close frames to be sent */
	FIRST_PORT_FOR_ALL = 1024,
};

struct control {
	struct sh_config config;
	uv_loop_t loop;
	struct cp_model model;
	struct cp_counters counters;
	struct cp_dataplane dataplane;
	struct cp_view view;
	struct cp_public public;
	struct cp_admin admin;
	struct cp_admin_port admin_port;
	struct cp_loop_lag lag;
	struct cp_cluster cluster;
	struct sh_privileges privileges;
	struct cp_auth *auth;
	struct cp_fetcher *fetcher;
	struct cp_hooks hooks;
	struct cp_options options;
	struct cp_reload reload;
	struct cp_recordings recordings;
	uv_signal_t sigint, sigterm, sighup;
	uv_timer_t farewell, rooms;
	bool ready, stopping;
};

/* --- running ---------------------------------------------------------------------------------- */

static void raise_file_limit(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
		return;
	limit.rlim_cur = limit.rlim_max < FILES_MAX ? limit.rlim_max : FILES_MAX;
	if (setrlimit(RLIMIT_NOFILE, &limit) != 0)
		sh_log(SH_LOG_WARN, "file-limit reason=\"%s\"", strerror(errno));
}

/* --- the rooms' clock --------------------------------------------------------------------- */

static uint64_t now_ms(void *clock)
{
	return cp_now_ns() / 1000000;
}

static void run_rooms(uv_timer_t *timer)
{
	struct control *c = timer->data;

	cp_model_run(&c->model);
}

static void wake_in(void *clock, uint64_t ms)
{
	struct control *c = clock;

	/* The timer counts from the loop's time, which is that of the last iteration. */
	uv_update_time(&c->loop);
	uv_timer_start(&c->rooms, run_rooms, ms, 0);
}

static const struct cp_clock loop_clock = {.now_ms = now_ms, .wake_in = wake_in};

/* --- signals --------------------------------------------------------------------------------- */

static void reload(uv_signal_t *handle, int number)
{
	struct control *c = handle->data;

	cp_reload_run(&c->reload, NULL);
}

/* For spatectl. */
static void reload_and_say(void *arg, cJSON *reply)
{
	struct control *c = arg;

	cp_reload_run(&c->reload, reply);
}

static void dataplane_connected(struct cp_dataplane *dataplane)
{
	struct control *c = dataplane->owner;

	c->public.signaling.resumes.unread = false;
	if (c->ready)
		return;
	c->ready = true;
	sh_log(SH_LOG_INFO, "ready url=http%s://localhost:%u/",
		c->config.tls.certificate[0] != '\0' ? "s" : "", c->config.http.port);
}

/* A predecessor's client, with its session. */
static struct cp_peer *make_peer(struct cp_dataplane *dataplane, const struct cp_saved_transport *saved)
{
	struct control *c = dataplane->owner;
	struct cp_address *address;
	struct cp_peer *peer;

	if (saved->peer.client >= CP_SAVED_WHIP)
		return cp_whip_restore_peer(&c->public.whip, saved);
	address = cp_address_hold(&c->public.server.addresses, saved->peer.address);
	peer = address ? cp_resume_restore(&c->public.signaling, &saved->peer, address) : NULL;
	cp_address_release(address);
	return peer;
}

/* The farewell is over: closes the handles, after which uv_run returns. */
static void end(uv_timer_t *timer)
{
	struct control *c = timer->data;

	cp_public_stop(&c->public);
	cp_admin_port_stop(&c->admin_port);
	cp_fetcher_close(c->fetcher);
	cp_hooks_stop(&c->hooks);
	cp_auth_stop(c->auth);
	uv_close((uv_handle_t *)&c->sigint, NULL);
	uv_close((uv_handle_t *)&c->sigterm, NULL);
	uv_close((uv_handle_t *)&c->sighup, NULL);
	uv_close((uv_handle_t *)&c->rooms, NULL);
	cp_loop_lag_stop(&c->lag);
	cp_cluster_stop(&c->cluster);
	uv_close((uv_handle_t *)timer, NULL);
}

static void stop(struct control *c, const char *why)
{
	if (c->stopping)
		return;
	c->stopping = true;
	sh_service_stopping();
	sh_log(SH_LOG_INFO, "stopping reason=\"%s\" peers=%u transports=%u", why, c->model.peer_count,
		c->model.transports.count);
	cp_admin_stop(&c->admin);
	cp_hooks_silence(&c->hooks);
	/*
	 * The farewell only queues close frames. The data plane is detached before clients reply to
	 * them: a session that ends would otherwise delete its transports there and stop its media.
	 */
	cp_public_farewell(&c->public);
	cp_dataplane_detach(&c->dataplane);
	cp_dataplane_stop(&c->dataplane);
	uv_timer_start(&c->farewell, end, c->model.peer_count > 0 ? FAREWELL_MS : 0, 0);
}

static void stop_by_signal(uv_signal_t *handle, int number)
{
	stop(handle->data, number == SIGINT ? "SIGINT" : "SIGTERM");
}

static void replace_now(uv_timer_t *timer)
{
	stop(timer->data, "an upgrade of both processes");
}

/* Another control plane takes this one's place. The data plane's client is not left from within a call. */
static void replace(struct cp_dataplane *dataplane)
{
	struct control *c = dataplane->owner;

	cp_upgrade_keep(&dataplane->upgrade, c->admin.dir);
	uv_timer_start(&c->farewell, replace_now, 0, 0);
}

static const struct cp_dataplane_calls dataplane_calls = {
	.connected = dataplane_connected, .replace = replace, .make_peer = make_peer};

static int limit_privileges(struct control *c, char *err, size_t err_size)
{
	bool low_port = c->config.http.port < FIRST_PORT_FOR_ALL ||
			(c->config.admin.port > 0 && c->config.admin.port < FIRST_PORT_FOR_ALL);
	int error =
		sh_privileges_limit(&c->privileges, low_port ? SH_CAP_NET_BIND_SERVICE : 0, err, err_size);

	if (error == 0 && c->privileges.root)
		error = sh_control_user(&c->privileges.user, &c->config, err, err_size);
	if (error == 0)
		sh_privileges_lock_memory();
	return error;
}

/*
 * Drops root when all is open that needs it: the ports, the administration socket, key files. No
 * byte of a stranger was read until then.
 */
static int drop_privileges(struct control *c, char *err, size_t err_size)
{
	const struct sh_privileges *p = &c->privileges;
	int error = p->root ? cp_admin_give(&c->admin, p->user.uid, p->user.gid) : 0;

	if (error != 0) {
		snprintf(err, err_size, "run_dir: the socket of spatectl: %s", strerror(error));
		return error;
	}
	cp_directory_keep(c->config.run_dir);
	cp_directory_keep(c->config.http.web_root);
	error = sh_privileges_drop(p, err, err_size);
	if (error == 0)
		sh_log(SH_LOG_INFO, "privileges uid=%u gid=%u", geteuid(), getegid());
	return error;
}

/* What a predecessor of this process has left. */
static void take_over(struct control *c)
{
	c->public.signaling.resumes.unread = true; /* until the data plane has listed its objects */
	c->view.dir = c->admin.dir;
	cp_drain_take_up(&c->public.signaling, c->admin.dir);
}

/*
 * Starts the parts that can fail. The order decides which message the operator gets: the admin
 * socket is first, because it says that another control plane is running. What has threads starts
 * after privileges are dropped, because each thread has its own.
 */
static int start(struct control *c, char *err, size_t err_size)
{
	int error = sh_run_dir_prepare(c->config.run_dir, &c->privileges.user, err, err_size);

	if (error == 0)
		error = cp_admin_start(&c->admin, &c->loop, &c->view, c->config.run_dir, err, err_size);
	if (error != 0)
		return error;
	error = cp_admin_port_start(&c->admin_port, err, err_size);
	if (error == 0)
		error = cp_public_start(&c->public, err, err_size);
	if (error != 0) {
		cp_admin_port_stop(&c->admin_port);
		cp_admin_stop(&c->admin);
		return error;
	}
	error = drop_privileges(c, err, err_size);
	if (error == 0) {
		take_over(c);
		error = cp_dataplane_start(&c->dataplane, &c->loop, &c->config, &c->model, &c->counters,
			&dataplane_calls, c, err, err_size);
	}
	if (error == 0)
		cp_upgrade_take_up(&c->dataplane.upgrade, c->admin.dir);
	if (error == 0)
		error = cp_cluster_start(&c->cluster, err, err_size);
	if (error != 0) {
		cp_admin_stop(&c->admin);
		cp_public_stop(&c->public);
		cp_admin_port_stop(&c->admin_port);
	}
	return error;
}

/* The same, and hooks before everything that they tell of. */
static int start_with_hooks(struct control *c, char *err, size_t err_size)
{
	int error = cp_fetcher_trust(c->fetcher, c->config.outgoing.ca_file, err, err_size);
	bool started;

	if (error == 0)
		error = cp_hooks_start(&c->hooks, err, err_size);
	started = error == 0;

	if (started)
		error = start(c, err, err_size);
	if (error == 0) {
		cp_auth_start(c->auth, &c->loop, c->fetcher);
		return 0;
	}
	cp_fetcher_close(c->fetcher);
	if (started)
		cp_hooks_stop(&c->hooks);
	return error;
}

/* Gives the parts pointers to each other before they start. */
static void connect_parts(struct control *c)
{
	c->hooks.loop = &c->loop;
	c->hooks.config = &c->config;
	c->hooks.model = &c->model;
	c->hooks.counters = &c->counters;
	c->hooks.fetcher = c->fetcher;
	c->hooks.node = c->public.signaling.resumes.node;
	c->view = (struct cp_view){
		.model = &c->model,
		.stats = &c->dataplane.stats,
		.away = c->dataplane.away,
		.dataplane = &c->dataplane,
		.upgrade = &c->dataplane.upgrade,
		.begin_upgrade = cp_upgrade_begin,
		.counters = &c->counters,
		.engineio = &c->public.socketio.engine.counts,
		.webrtc = &c->dataplane.webrtc,
		.loop = &c->loop,
		.lag = &c->lag,
		.cluster = &c->cluster,
		.signaling = &c->public.signaling,
		.hooks = &c->hooks,
		.recordings = &c->recordings,
		.reload = reload_and_say,
		.reload_arg = c,
		.started_ns = cp_now_ns(),
	};
	c->reload = (struct cp_reload){
		.options = &c->options,
		.config = &c->config,
		.auth = c->auth,
		.admin_port = &c->admin_port,
		.public = &c->public,
		.hooks = &c->hooks,
		.fetcher = c->fetcher,
	};
	c->cluster.loop = &c->loop;
	c->cluster.config = &c->config;
	c->cluster.model = &c->model;
	c->public.loop = &c->loop;
	c->public.config = &c->config;
	c->public.model = &c->model;
	c->public.stats = &c->dataplane.stats;
	c->public.auth = c->auth;
	c->public.gate = &c->hooks.gate.calls;
	c->public.cluster = &c->cluster;
	c->public.counters = &c->counters;
	c->public.view = &c->view;
	c->admin_port.loop = &c->loop;
	c->admin_port.config = &c->config;
	c->admin_port.counters = &c->counters;
	c->admin_port.view = &c->view;
	c->view.history = &c->admin_port.history;
}

int main(int argc, char **argv)
{
	static struct control c;
	char err[300];
	int status = cp_options_read(&c.options, argc, argv);

	if (status == CP_GO_ON)
		status = cp_options_configure(&c.options, &c.config);
	if (status != CP_GO_ON)
		return status;
	sh_log_init("control", c.config.log_level);
	cp_json_watch();
	if (limit_privileges(&c, err, sizeof(err)) != 0) {
		sh_log(SH_LOG_ERROR, "start-failed reason=\"%s\"", err);
		return EXIT_FAILURE;
	}
	status = cp_key_files_start(&c.privileges, &c.config, c.options.config);
	if (status != 0) {
		sh_log(SH_LOG_ERROR, "start-failed reason=\"key files: %s\"", strerror(status));
		return EXIT_FAILURE;
	}
	status = sh_log_start();
	if (status != 0) {
		sh_log(SH_LOG_ERROR, "start-failed reason=\"log: %s\"", strerror(status));
		return EXIT_FAILURE;
	}
	signal(SIGPIPE, SIG_IGN);
	raise_file_limit();
	if (cp_affinity_apply(&c.config, err, sizeof(err)) != 0) {
		sh_log(SH_LOG_ERROR, "start-failed reason=\"%s\"", err);
		return EXIT_FAILURE;
	}
	sh_log_move_here();
	uv_loop_init(&c.loop);
	c.auth = cp_auth_open(&c.config, err, sizeof(err));
	if (!c.auth) {
		sh_log(SH_LOG_ERROR, "start-failed reason=\"%s\"", err);
		return EXIT_FAILURE;
	}
	uv_timer_init(&c.loop, &c.rooms);
	c.rooms.data = &c;
	c.fetcher = cp_fetcher_open(&c.loop);
	if (!c.fetcher || cp_model_init(&c.model, &c.config, &cp_dataplane_bridge, &c.dataplane, &loop_clock,
				  &c) != 0) {
		sh_log(SH_LOG_ERROR, "start-failed reason=\"out of memory\"");
		return EXIT_FAILURE;
	}
	connect_parts(&c);
	if (start_with_hooks(&c, err, sizeof(err)) != 0) {
		sh_log(SH_LOG_ERROR, "start-failed reason=\"%s\"", err);
		uv_close((uv_handle_t *)&c.rooms, NULL);
		uv_run(&c.loop, UV_RUN_DEFAULT);
		cp_auth_close(c.auth);
		return EXIT_FAILURE;
	}
	(void)sh_system_calls_restrict((const char *const[]){NULL});
	sh_log(SH_LOG_INFO, "listening port=%u web_root=%s", c.config.http.port, c.config.http.web_root);
	sh_service_ready();
	cp_loop_lag_start(&c.lag, &c.loop, cp_is_healthy, &c.view);
	uv_timer_init(&c.loop, &c.farewell);
	uv_signal_init(&c.loop, &c.sigint);
	uv_signal_init(&c.loop, &c.sigterm);
	uv_signal_init(&c.loop, &c.sighup);
	c.farewell.data = c.sigint.data = c.sigterm.data = c.sighup.data = &c;
	uv_signal_start(&c.sigint, stop_by_signal, SIGINT);
	uv_signal_start(&c.sigterm, stop_by_signal, SIGTERM);
	uv_signal_start(&c.sighup, reload, SIGHUP);
	uv_run(&c.loop, UV_RUN_DEFAULT);
	uv_loop_close(&c.loop);
	cp_model_end(&c.model);
	cp_auth_close(c.auth);
	sh_log(SH_LOG_INFO, "stopped");
	return EXIT_SUCCESS;
}

/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_CONTROLPLANE_ROUTES_H
#define SPATE_CONTROLPLANE_ROUTES_H

/*
 * Serves the public port: maps paths to the functions that serve them, and starts and stops the
 * parts behind the port in the right order.
 */

#include <uv.h>

#include "controlplane/entry/socketio.h"
#include "controlplane/entry/whip.h"
#include "controlplane/http/server.h"
#include "controlplane/operator/page_cache.h"
#include "controlplane/operator/view.h"
#include "controlplane/signaling/signaling.h"

struct cp_cluster;
struct cp_gate;

struct cp_public {
	/* the owner sets these before cp_public_start, and they must outlive it */
	uv_loop_t *loop;
	const struct sh_config *config;
	struct cp_model *model;
	const struct sh_stats_reader *stats;
	const struct cp_auth *auth;
	const struct cp_gate *gate; /* whom to ask about who joins */
	struct cp_cluster *cluster;
	struct cp_counters *counters;
	const struct cp_view *view; /* for the pages that show how things are */

	char host[256]; /* the name of this machine */
	struct cp_signaling signaling;
	struct cp_socketio socketio;
	struct cp_whip_site whip;
	struct cp_site site;
	struct cp_server server;
	struct cp_page_cache rooms;
	/* ends sessions whose tokens have expired, and those whose clients have not come back */
	uv_timer_t expiry;
	uv_timer_t drain; /* active while the node drains */
	uv_idle_t ready; /* active while a session's next request may begin */
};

/* Listens. 0, or errno with the operator's message in `err`. */
int cp_public_start(struct cp_public *p, char *err, size_t err_size);
/* Begins to close every session, with a message that the server is stopping. */
void cp_public_farewell(struct cp_public *p);
/*
 * Closes every connection; sessions leave their rooms. The loop must continue to run until it has
 * closed the handles.
 */
void cp_public_stop(struct cp_public *p);

#endif

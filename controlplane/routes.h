/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_CONTROLPLANE_ROUTES_H
#define SPATE_CONTROLPLANE_ROUTES_H

/*
 * The public port with everything behind it: which path leads where, and the order in which the
 * parts start and stop.
 */

#include <uv.h>

#include "controlplane/entry/socketio.h"
#include "controlplane/http/server.h"
#include "controlplane/operator/view.h"
#include "controlplane/signaling/signaling.h"

struct cp_public {
	/* The owner sets these before cp_public_start; they outlive it. */
	uv_loop_t *loop;
	const struct sh_config *config;
	struct cp_model *model;
	const struct sh_stats_reader *stats;
	const struct cp_auth *auth;
	struct cp_counters *counters;
	const struct cp_view *view; /* of the operator's pages */

	struct cp_signaling signaling;
	struct cp_socketio socketio;
	struct cp_site site;
	struct cp_server server;
	uv_idle_t ready; /* runs while a session's next request may begin */
};

/* Listens. 0, or errno with the operator's message in `err`. */
int cp_public_start(struct cp_public *p, char *err, size_t err_size);
/* Tells every client that the server goes away. */
void cp_public_farewell(struct cp_public *p);
/* Closes every connection; sessions leave their rooms. The loop must run on to close handles. */
void cp_public_stop(struct cp_public *p);

#endif

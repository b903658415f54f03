/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_CONTROLPLANE_ADMIN_PORT_H
#define SPATE_CONTROLPLANE_ADMIN_PORT_H

/*
 * Serves the administration port: an HTTP server of its own, by default on loopback, with /metrics,
 * /healthz, /readyz and the operator's page (operator_page.h). What discloses media or keys is left
 * to the administration socket (operator/admin_socket.h), which knows who asks.
 */

#include "controlplane/http/server.h"
#include "controlplane/operator/bearer.h"
#include "controlplane/operator/history.h"
#include "controlplane/operator/page_cache.h"
#include "controlplane/operator/view.h"

struct cp_admin_port {
	/* the owner sets these before cp_admin_port_start, and they must outlive it */
	uv_loop_t *loop;
	const struct sh_config *config;
	struct cp_counters *counters;
	const struct cp_view *view;

	struct cp_bearer token; /* that /metrics and the operator's page ask for */
	struct cp_page_cache metrics;
	struct cp_history history; /* for the view, too */
	uv_timer_t sampler; /* of the history; active while the port listens */
	struct cp_site site;
	struct cp_server server;
};

/* Listens, unless admin.port is 0. 0, or errno with the operator's message in `err`. */
int cp_admin_port_start(struct cp_admin_port *p, char *err, size_t err_size);
/* True if the request has, in its header, the token to give commands with. */
bool cp_admin_port_may_command(const struct cp_admin_port *p, struct lws *wsi);
/* Reads the token again. 0, or errno with the operator's message in `err`: the old one stays. */
int cp_admin_port_reload(struct cp_admin_port *p, char *err, size_t err_size);
/*
 * Closes every connection. The loop must continue to run until it has closed the handles. Does
 * nothing if cp_admin_port_start() did not listen.
 */
void cp_admin_port_stop(struct cp_admin_port *p);

#endif

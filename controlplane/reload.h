/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_CONTROLPLANE_RELOAD_H
#define SPATE_CONTROLPLANE_RELOAD_H

/*
 * Reads the configuration and the files of keys again while the process runs (SIGHUP, spatectl
 * reload). A file that is wrong changes nothing. Connections go on.
 */

#include <cjson/cJSON.h>

#include "controlplane/admin_port.h"
#include "controlplane/fetch/fetch.h"
#include "controlplane/hooks/hooks.h"
#include "controlplane/options.h"
#include "controlplane/routes.h"

/* The owner sets all members. */
struct cp_reload {
	const struct cp_options *options;
	struct sh_config *config; /* the one that everybody reads */
	struct cp_auth *auth;
	struct cp_admin_port *admin_port;
	struct cp_public *public;
	struct cp_hooks *hooks;
	struct cp_fetcher *fetcher;
};

/*
 * Reloads, and logs each change. `reply` gets the lists `changed`, `needs_restart` and `failed`, or
 * `ok` false and `error`. NULL: nobody asks.
 */
void cp_reload_run(struct cp_reload *r, cJSON *reply);

#endif

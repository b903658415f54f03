/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_CONTROLPLANE_OPERATOR_VIEW_H
#define SPATE_CONTROLPLANE_OPERATOR_VIEW_H

/* Gives the administration socket and the operator's pages access to what they show. */

#include <stddef.h>
#include <stdint.h>

#include <cjson/cJSON.h>

#include "controlplane/base/counters.h"
#include "controlplane/engineio/engine.h"
#include "shared/stats_reader.h"

struct cp_dataplane;
struct cp_hooks;
struct cp_recordings;
struct cp_model;
struct cp_webrtc_server;
struct uv_loop_s;
struct cp_loop_lag;
struct cp_cluster;
struct cp_signaling;
struct cp_history;
struct cp_upgrade;

struct cp_view {
	struct cp_model *model; /* commands change it, too */
	const struct sh_stats_reader *stats; /* map NULL: the data plane is away */
	struct cp_dataplane *dataplane; /* which a command can restart; NULL: none */
	const struct cp_upgrade *upgrade; /* how that has gone */
	int (*begin_upgrade)(struct cp_dataplane *p, bool both, char *err, size_t err_size);
	const char *away; /* why no data plane is connected, as a sentence; NULL or "": not known */
	const struct cp_counters *counters;
	const struct cp_eio_counts *engineio;
	struct cp_webrtc_server *const *webrtc; /* NULL, or a pointer to NULL: no WebRTC server runs */
	struct uv_loop_s *loop;
	const struct cp_loop_lag *lag;
	const struct cp_hooks *hooks; /* NULL: there are none */
	const struct cp_cluster *cluster; /* NULL: there is none */
	struct cp_signaling *signaling; /* which a command can drain */
	int dir; /* RUN_DIR/control, where that is kept */
	const struct cp_history *history; /* NULL: none is kept */
	struct cp_recordings *recordings; /* of spatectl record */
	void (*reload)(void *arg, cJSON *reply); /* reads the configuration again */
	void *reload_arg;
	uint64_t started_ns; /* CLOCK_MONOTONIC */
};

#endif

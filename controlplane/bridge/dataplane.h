/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_CONTROLPLANE_BRIDGE_BRIDGE_H
#define SPATE_CONTROLPLANE_BRIDGE_BRIDGE_H

/*
 * The data plane as this process uses it: the connection, the WebRTC transports and the plain
 * ones on it. Implements struct cp_bridge for the rooms, and hands the data plane's events to
 * both kinds of transports.
 */

#include <uv.h>

#include "controlplane/base/counters.h"
#include "controlplane/dpclient/dpclient.h"
#include "controlplane/rooms/model.h"
#include "controlplane/rooms/transport.h"
#include "controlplane/webrtc/webrtc.h"
#include "shared/config.h"
#include "shared/stats_reader.h"

struct cp_plain_link;

/* Counters of a worker when they were last read (load_sampler.c). */
struct cp_worker_reading {
	uint64_t busy_cycles, out, late;
};

struct cp_dataplane {
	const struct sh_config *config;
	struct cp_model *model;
	struct cp_counters *counters;
	struct cp_dp *dp;
	struct cp_webrtc_server *webrtc;
	struct sh_stats_reader stats; /* map NULL: the data plane is away */
	bool up;
	TAILQ_HEAD(, cp_plain_link) plain; /* plain transports of the data plane that is there */
	/* Bit set: a plain transport has the UDP port, until its deletion is acknowledged. */
	uint64_t plain_port[65536 / 64];
	uint32_t plain_next; /* the offset to try first; starts at random */
	struct {
		uv_timer_t timer;
		uint64_t ns; /* CLOCK_MONOTONIC */
		struct cp_worker_reading worker[SH_MAX_WORKERS];
	} sampler;
	void (*connected)(struct cp_dataplane *p); /* called each time; for the log of readiness */
	void *owner; /* for `connected` */
};

extern const struct cp_bridge cp_dataplane_bridge; /* its argument is a struct cp_dataplane */

/* The arguments outlive it. 0, or errno with the operator's message in `err`. */
int cp_dataplane_start(struct cp_dataplane *p, uv_loop_t *loop, const struct sh_config *config,
	struct cp_model *model, struct cp_counters *counters, void (*connected)(struct cp_dataplane *p),
	void *owner, char *err, size_t err_size);

/*
 * Detaches from the data plane, where media goes on; transports here close without telling it.
 */
void cp_dataplane_detach(struct cp_dataplane *p);
/* After the last transport was closed. The loop must run on to close handles. */
void cp_dataplane_stop(struct cp_dataplane *p);

/* --- plain transports (plain_link.c), as struct cp_bridge has them for WebRTC ---------------- */

int cp_plain_link_open(struct cp_dataplane *p, struct cp_transport *t, cp_bridge_done done, void *arg);
void cp_plain_link_close(struct cp_transport *t);
/* True when the event was about a plain transport. */
bool cp_plain_link_event(struct cp_dataplane *p, const struct sh_event *event);

/* --- the load (load_sampler.c) -------------------------------------------------------------- */

void cp_load_sampler_start(struct cp_dataplane *p, uv_loop_t *loop);
/* The loop must run on to close the timer. */
void cp_load_sampler_stop(struct cp_dataplane *p);
/* A data plane with so many workers is connected, perhaps with what a predecessor of ours left there. */
void cp_load_sampler_reset(struct cp_dataplane *p, uint32_t workers);

#endif

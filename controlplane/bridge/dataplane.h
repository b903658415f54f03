/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_CONTROLPLANE_BRIDGE_DATAPLANE_H
#define SPATE_CONTROLPLANE_BRIDGE_DATAPLANE_H

/*
 * Represents the data plane in this process: the connection, with the WebRTC and plain transports
 * that use it. Implements struct cp_bridge for the rooms, and passes the data plane's events on to
 * both kinds of transports. Everything runs on the loop's thread.
 */

#include <uv.h>

#include "controlplane/base/counters.h"
#include "controlplane/bridge/rebuild.h"
#include "controlplane/bridge/upgrade.h"
#include "controlplane/dpclient/dpclient.h"
#include "controlplane/rooms/model.h"
#include "controlplane/rooms/transport.h"
#include "controlplane/webrtc/webrtc.h"
#include "shared/config.h"
#include "shared/stats_reader.h"

struct cp_dataplane;
struct cp_plain_link;

/* What the owner is called for. */
struct cp_dataplane_calls {
	/* At each connection to a data plane, when clients can be served. */
	void (*connected)(struct cp_dataplane *p);
	/* This process is to end, because it is being replaced (CP_UPGRADE_RUNNING or CP_UPGRADE_LOST). */
	void (*replace)(struct cp_dataplane *p);
	/* As in struct cp_restore. */
	struct cp_peer *(*make_peer)(struct cp_dataplane *p, const struct cp_saved_transport *saved);
};

/* A worker's counters at the last sample (load_sampler.c). */
struct cp_worker_reading {
	uint64_t busy_cycles, out, late;
};

struct cp_dataplane {
	const struct sh_config *config;
	struct cp_model *model;
	struct cp_counters *counters;
	struct cp_dp *dp;
	struct cp_webrtc_server *webrtc;
	struct sh_stats_reader stats; /* map NULL: no data plane, or its statistics are unreadable */
	bool up; /* a data plane is connected, and a predecessor's objects are made again */
	char away[192]; /* why none is, for clients of /readyz; "": nothing was tried yet */
	TAILQ_HEAD(, cp_plain_link) plain; /* links whose plain transport is not closed */
	/* bit set: a plain transport has the UDP port, until its deletion is acknowledged */
	uint64_t plain_port[65536 / 64];
	uint32_t plain_next; /* offset at which the search for a free port begins; random at first */
	struct {
		uv_timer_t timer;
		uint64_t ns; /* time of the last sample, CLOCK_MONOTONIC */
		struct cp_worker_reading worker[SH_MAX_WORKERS];
	} sampler;
	struct {
		uv_timer_t timer;
		uint32_t next; /* slot at which the next slice begins */
		uint64_t begun_ms; /* when the present round began, CLOCK_MONOTONIC */
	} consumer_sampler;
	struct cp_rebuild rebuild;
	struct cp_upgrade upgrade;
	const struct cp_dataplane_calls *calls;
	void *owner; /* for `calls` */
};

extern const struct cp_bridge cp_dataplane_bridge; /* its argument is a struct cp_dataplane */

/*
 * Begins to connect; `calls` are made later from the loop. All arguments must outlive `p`.
 * 0, or errno with the operator's message in `err`.
 */
int cp_dataplane_start(struct cp_dataplane *p, uv_loop_t *loop, const struct sh_config *config,
	struct cp_model *model, struct cp_counters *counters, const struct cp_dataplane_calls *calls,
	void *owner, char *err, size_t err_size);

/*
 * Disconnects from the data plane, which continues to forward media. Then closes all transports
 * here; the data plane no longer gets the commands that would delete them there.
 */
void cp_dataplane_detach(struct cp_dataplane *p);
/*
 * Call after cp_dataplane_detach. Waits for the DTLS threads. The loop must continue to run until
 * it has closed the handles.
 */
void cp_dataplane_stop(struct cp_dataplane *p);

/* --- plain transports (plain_link.c): transport_open and transport_close of struct cp_bridge --- */

int cp_plain_link_open(struct cp_dataplane *p, struct cp_transport *t, cp_bridge_done done, void *arg);
void cp_plain_link_close(struct cp_transport *t);
/* True if the event was about a plain transport, which it may have closed. */
bool cp_plain_link_event(struct cp_dataplane *p, const struct sh_event *event);

/* --- the load (load_sampler.c) -------------------------------------------------------------- */

void cp_load_sampler_start(struct cp_dataplane *p, uv_loop_t *loop);
/* The loop must continue to run until it has closed the timer. */
void cp_load_sampler_stop(struct cp_dataplane *p);
/*
 * Resets the load after a data plane with this many workers has connected, and counts the consumers
 * that a predecessor left there.
 */
void cp_load_sampler_reset(struct cp_dataplane *p, uint32_t workers);

/* --- how consumers receive (consumer_sampler.c) ----------------------------------------------- */

void cp_consumer_sampler_start(struct cp_dataplane *p, uv_loop_t *loop);
/* The loop must continue to run until it has closed the timer. */
void cp_consumer_sampler_stop(struct cp_dataplane *p);

#endif

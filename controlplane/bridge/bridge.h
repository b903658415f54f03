/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_CONTROLPLANE_BRIDGE_BRIDGE_H
#define SPATE_CONTROLPLANE_BRIDGE_BRIDGE_H

/*
 * The rooms' way to the media: struct cp_media over the WebRTC transports and the
 * connection to the data plane. Hands the data plane's news to both.
 */

#include <uv.h>

#include "controlplane/base/counters.h"
#include "controlplane/dpclient/dpclient.h"
#include "controlplane/rooms/room.h"
#include "controlplane/webrtc/webrtc.h"
#include "shared/config.h"
#include "shared/stats_reader.h"

struct cp_plain_link;

/* Counters of a worker at the last look (look.c). */
struct cp_worker_seen {
	uint64_t busy_cycles, out, late;
};

struct cp_plane {
	const struct sh_config *config;
	struct cp_model *model;
	struct cp_counters *counters;
	struct cp_dp *dp;
	struct cp_webrtc_server *webrtc;
	struct sh_stats_reader stats; /* map NULL: the data plane is away */
	bool up;
	TAILQ_HEAD(, cp_plain_link) plain; /* plain transports of the data plane that is there */
	uint64_t plain_port[65536 / 64]; /* bits: the UDP port is one's, until its deletion is acknowledged */
	uint32_t plain_next; /* the port to try first, modulo their number; begins anywhere */
	struct {
		uv_timer_t timer;
		uint64_t ns; /* CLOCK_MONOTONIC */
		struct cp_worker_seen worker[SH_MAX_WORKERS];
	} look;
	void (*connected)(struct cp_plane *p); /* called each time; for the log of readiness */
	void *owner; /* for `connected` */
};

extern const struct cp_media cp_plane_media; /* its argument is a struct cp_plane */

/* What it is given outlives it. 0, or -1 with a sentence in `err`. */
int cp_plane_start(struct cp_plane *p, uv_loop_t *loop, const struct sh_config *config,
	struct cp_model *model, struct cp_counters *counters, void (*connected)(struct cp_plane *p),
	void *owner, char *err, size_t err_size);

/* --- plain transports (plain.c), as cp_media has them for WebRTC's -------------------------- */

int cp_plane_plain_open(struct cp_plane *p, struct cp_transport *t, cp_media_done done, void *arg);
void cp_plane_plain_close(struct cp_transport *t);
/* True when the event was about one of them. */
bool cp_plane_plain_event(struct cp_plane *p, const struct sh_event *event);

/* --- what it does (look.c) ------------------------------------------------------------------ */

void cp_plane_look_start(struct cp_plane *p, uv_loop_t *loop);
/* The loop must run on to close the timer. */
void cp_plane_look_stop(struct cp_plane *p);
/* A data plane is there, with so many workers and perhaps with what a predecessor of ours has left. */
void cp_plane_look_anew(struct cp_plane *p, uint32_t workers);

/* Lets go of the data plane, where media goes on; transports here close without a word to it. */
void cp_plane_detach(struct cp_plane *p);
/* After the last transport was closed. The loop must run on to close handles. */
void cp_plane_stop(struct cp_plane *p);

#endif

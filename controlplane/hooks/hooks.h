/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_CONTROLPLANE_HOOKS_HOOKS_H
#define SPATE_CONTROLPLANE_HOOKS_HOOKS_H

/*
 * Tells the operator's application at hooks.url what happens in the rooms, and asks it who may join
 * (gate.h). Events go through a bounded outbox: whatever the application does, nobody in a room
 * waits for it.
 */

#include "controlplane/base/counters.h"
#include "controlplane/hooks/gate.h"
#include "controlplane/hooks/outbox.h"
#include "controlplane/rooms/model.h"

struct cp_hooks {
	/* the owner sets these before cp_hooks_start, and they must outlive it */
	uv_loop_t *loop;
	const struct sh_config *config;
	struct cp_model *model;
	const struct cp_counters *counters;
	struct cp_fetcher *fetcher;
	const char *node; /* this server's id */

	struct cp_hook_secret secret;
	struct cp_hook_gate gate;
	struct cp_outbox outbox;
	uint64_t sequence; /* of the last event */
	bool failing; /* the last request has failed */
	uv_timer_t send, viewers, refusals;
	uint64_t answers[CP_CODE_COUNT], limits[CP_REFUSALS]; /* refusals that were told */
};

/* 0, or errno with the operator's message in `err`. */
int cp_hooks_start(struct cp_hooks *h, char *err, size_t err_size);
/*
 * The configuration has changed: keeps to it from now on. 0, or errno with the operator's message
 * in `err`: the secret stays the one of before.
 */
int cp_hooks_reload(struct cp_hooks *h, char *err, size_t err_size);
/*
 * What happens from now on is the end of the process, and not told: its successor goes on with the
 * rooms.
 */
void cp_hooks_silence(struct cp_hooks *h);
/* Forgets all events. The fetcher must have been closed. The loop must run to close the handles. */
void cp_hooks_stop(struct cp_hooks *h);

#endif

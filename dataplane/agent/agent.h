/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_DATAPLANE_AGENT_AGENT_H
#define SPATE_DATAPLANE_AGENT_AGENT_H

/*
 * The agent: the main lcore. It alone talks to the control plane and keeps the records
 * of all objects. It sends operations to the workers that own them and collects the
 * answers, with many under way at once; operations on one worker stay in order.
 */

#include <signal.h>

#include "dataplane/worker/control_rings.h"
#include "dataplane/agent/objects.h"
#include "dataplane/worker/workers.h"

enum {
	DP_TASKS = 4096, /* commands under way */
	DP_BACKLOG = 8192, /* events that wait for room in the ring; a power of two */
	DP_PENDING = 8, /* connections that have not said HELLO yet */
};

/* A command that has been taken and not answered. */
struct dp_task {
	uint32_t seq;
	uint32_t op;
	uint32_t generation; /* of the control plane that waits */
	TAILQ_ENTRY(dp_task) order; /* as they were taken; or in the free list */
};
TAILQ_HEAD(dp_task_list, dp_task);

struct dp_agent {
	const struct sh_config *config;
	struct dp_workers *workers;
	struct dp_stats *stats;
	uint64_t instance;
	uint64_t now_ns; /* CLOCK_MONOTONIC, read once a loop */

	/* connections */
	int listener;
	char socket_path[SH_PATH_MAX + 32];
	struct dp_pending {
		int fd; /* -1: free */
		uint64_t deadline_ns;
	} pending[DP_PENDING];
	struct dp_control_rings *control_rings; /* NULL: none is connected */
	struct dp_control_rings *detached; /* until no worker can use them */
	uint32_t generation; /* counts control planes */
	uint32_t woken[SH_MAX_WORKERS + 1]; /* producer positions at the last wake: punt rings, then events */

	/* commands */
	struct dp_objects objects;
	struct dp_task task[DP_TASKS + 1]; /* [0] is not used: 0 is no task */
	struct dp_task_list running, idle;
	struct sh_cmd held; /* taken, but its turn has not come */
	bool holding;

	/* events */
	struct sh_event backlog[DP_BACKLOG];
	uint32_t backlog_head, backlog_tail;
	uint64_t events_lost;

	/* snapshot */
	uint64_t sweep_ns; /* 0: nothing to sweep */

	uint64_t active_ns; /* when the control plane last had a command or was woken */
	uint64_t tick_ns, ports_ns;
	uint64_t stop_ns; /* DRAIN: when to end; 0: not asked */
};

/* 0, or errno with an operator's message in `err`. */
int dp_agent_open(struct dp_agent *a, char *err, size_t err_size);
/* Until `*stop` is set by a signal handler, or a DRAIN's time is over. */
void dp_agent_run(struct dp_agent *a, const volatile sig_atomic_t *stop);
/* The workers have stopped. */
void dp_agent_close(struct dp_agent *a);

#endif

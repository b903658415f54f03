/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_DATAPLANE_AGENT_H
#define SPATE_DATAPLANE_AGENT_H

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

	/* hello.c */
	int listener;
	char socket_path[SH_PATH_MAX + 32];
	struct dp_pending {
		int fd; /* -1: free */
		uint64_t deadline_ns;
	} pending[DP_PENDING];
	struct dp_control *control; /* NULL: none is connected */
	struct dp_control *given_up; /* until no worker can use them */
	uint32_t generation; /* counts control planes */
	uint32_t woken[SH_MAX_WORKERS + 1]; /* producer positions at the last wake: punt rings, then events */

	/* commands.c */
	struct dp_objects objects;
	struct dp_task task[DP_TASKS + 1]; /* [0] is not used: 0 is no task */
	struct dp_task_list running, idle;
	struct sh_cmd held; /* taken, but its turn has not come */
	bool holding;

	/* events */
	struct sh_event backlog[DP_BACKLOG];
	uint32_t backlog_head, backlog_tail;
	uint64_t events_lost;

	/* snapshot.c */
	uint64_t sweep_ns; /* 0: nothing to sweep */

	uint64_t active_ns; /* when the control plane last had a command or was woken */
	uint64_t tick_ns, ports_ns;
	uint64_t stop_ns; /* DRAIN: when to end; 0: not asked */
};

/* 0, or -1 with a sentence for people in `err`. */
int dp_agent_open(struct dp_agent *a, char *err, size_t err_size);
/* Until `*stop` is set by a signal handler, or a DRAIN's time is over. */
void dp_agent_run(struct dp_agent *a, const volatile sig_atomic_t *stop);
/* The workers have stopped. */
void dp_agent_close(struct dp_agent *a);

/* --- hello.c: connections ----------------------------------------------------------- */

int dp_hello_listen(struct dp_agent *a, char *err, size_t err_size);
/* Waits at most `timeout_ms`, then serves whatever connection has something to say. */
void dp_hello_serve(struct dp_agent *a, int timeout_ms);
void dp_hello_close(struct dp_agent *a);
/* The control plane is gone, or must go: workers stop using its rings. */
void dp_control_give_up(struct dp_agent *a, const char *why);
/* Frees rings that no worker can be using any more. */
void dp_control_reap(struct dp_agent *a);

/* --- commands.c: from the control plane, to the workers and back --------------------- */

void dp_commands_init(struct dp_agent *a);
void dp_commands_take(struct dp_agent *a);
/* Sends as many deletions as there is room for. */
void dp_commands_delete(struct dp_agent *a);
void dp_commands_answers(struct dp_agent *a);
/* Checks a command that was copied out of the ring. 0 or errno; may normalise it. */
int dp_command_check(const struct dp_agent *a, struct sh_cmd *cmd);

/* --- events.c ------------------------------------------------------------------------- */

void dp_event_send(struct dp_agent *a, const struct sh_event *e);
void dp_event_ack(struct dp_agent *a, uint32_t seq, int error);
/* Moves what waits into the ring, and wakes the control plane when there is news for it. */
void dp_events_flush(struct dp_agent *a);

/* --- snapshot.c: mark and sweep --------------------------------------------------------- */

void dp_snapshot_begin(struct dp_agent *a);
void dp_snapshot_end(struct dp_agent *a, uint32_t grace_ms);
void dp_snapshot_sweep(struct dp_agent *a); /* when it is time */

#endif

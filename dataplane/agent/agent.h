/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_DATAPLANE_AGENT_AGENT_H
#define SPATE_DATAPLANE_AGENT_AGENT_H

/*
 * Runs the agent on the main lcore. The agent alone communicates with the control plane (except for
 * punted and injected packets) and keeps the records of all objects. It sends operations to the
 * workers that own the objects and collects their acknowledgements. Many operations may be pending
 * at once; those of one worker stay in order.
 */

#include <signal.h>

#include "dataplane/agent/blobs.h"
#include "dataplane/agent/handover.h"
#include "dataplane/agent/objects.h"
#include "dataplane/worker/control_rings.h"
#include "dataplane/worker/workers.h"
#include "shared/run_dir.h"

enum {
	DP_TASKS = 4096, /* pending commands */
	DP_BACKLOG = 8192, /* events that wait for a full ring; a power of two */
	DP_PENDING = 8, /* connections that have not sent HELLO yet */
};

/* A pending command: taken from the ring and not acknowledged yet. */
struct dp_task {
	uint32_t seq; /* seq of the command */
	uint32_t op; /* enum sh_op */
	uint32_t generation; /* dp_agent.generation when it was taken */
	TAILQ_ENTRY(dp_task) order; /* in `running`, in the order of the commands, or in `idle` */
};
TAILQ_HEAD(dp_task_list, dp_task);

struct dp_agent {
	const struct sh_config *config;
	struct dp_workers *workers;
	struct dp_stats *stats;
	uint64_t instance; /* random number of this process, sent in the reply to HELLO */
	uint64_t now_ns; /* CLOCK_MONOTONIC, updated in each loop */

	/* connections */
	int listener; /* -1: closed */
	int spare; /* given up for a connection when no descriptor is left; -1: it was */
	char socket_path[SH_PATH_MAX + 32];
	struct sh_user control_user; /* the control plane's; it may say HELLO */
	struct dp_pending {
		int fd; /* -1: free */
		uint64_t deadline_ns; /* closed if HELLO has not come by then */
	} pending[DP_PENDING];
	struct dp_control_rings *control_rings; /* NULL: none is connected */
	struct dp_control_rings *detached; /* list of rings that a worker may still be using */
	/*
	 * Changes when a control plane attaches or detaches. Tasks of an older generation are not
	 * acknowledged.
	 */
	uint32_t generation;
	/* producer positions when last checked: of the punt rings, the event ring, the object ring */
	uint32_t woken[SH_MAX_WORKERS + 2];

	struct dp_progress { /* of each worker */
		uint64_t loops; /* that the worker had completed when last looked */
		uint64_t since_ns; /* when that number was new */
	} progress[SH_MAX_WORKERS];
	uint64_t watched_ns; /* when they were last looked at */

	/* commands */
	struct dp_objects objects;
	struct dp_task task[DP_TASKS + 1]; /* [0] is unused, because index 0 means no task */
	struct dp_task_list running, idle;
	uint32_t running_count;
	struct sh_cmd held; /* the command being handled; it may hold keys and is wiped afterwards */
	bool holding; /* `held` cannot be carried out yet; later commands stay in the ring */

	/* events */
	struct sh_event backlog[DP_BACKLOG];
	uint32_t backlog_head, backlog_tail; /* free running; [tail, head) wait */
	uint64_t events_lost; /* since the start: the backlog had no room */

	/* snapshot */
	uint64_t sweep_ns; /* when unclaimed objects are deleted; 0: no sweep is due */

	struct dp_capture *capture; /* that runs (agent/capture.h); NULL: none */
	struct dp_capture *captures_detached; /* that a worker may still be using */

	struct dp_blob_writing writing;
	struct dp_listing listing;
	struct dp_handover handover;
	struct dp_takeover takeover;

	uint64_t active_ns; /* when a command last came or the control plane was last woken */
	uint64_t tick_ns, ports_ns; /* when the next tick, and update of port statistics, is due */
	uint64_t stop_ns; /* DRAIN: when the process exits; 0: no DRAIN came */
};

/* Allocates the records and opens the socket. 0, or errno with an operator's message in `err`. */
int dp_agent_open(struct dp_agent *a, char *err, size_t err_size);
/*
 * Runs until a signal handler sets `*stop`, the time of a DRAIN is over, or everything has been
 * handed over to another data plane.
 */
void dp_agent_run(struct dp_agent *a, const volatile sig_atomic_t *stop);
/* Whether the worker has completed no loop for longer than any loop takes. */
bool dp_agent_hangs(const struct dp_agent *a, uint32_t worker);
/* Detaches the control plane and frees everything. The workers have stopped or never ran. */
void dp_agent_close(struct dp_agent *a);

#endif

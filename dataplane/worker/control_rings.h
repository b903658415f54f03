/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_DATAPLANE_WORKER_CONTROL_RINGS_H
#define SPATE_DATAPLANE_WORKER_CONTROL_RINGS_H

/*
 * Creates the control rings of one control plane, in a memfd that is made for its HELLO and never
 * attached twice. The agent uses `cmd`, `event` and `object`; worker i uses punt[i] and inject[i].
 */

#include <stddef.h>
#include <stdint.h>

#include "shared/abi.h"
#include "shared/ring.h"

/* Entries of the rings: powers of two, of which one entry stays empty. */
enum {
	DP_CMD_SLOTS = 4096,
	DP_EVENT_SLOTS = 4096,
	DP_PUNT_SLOTS = 1024,
	DP_INJECT_SLOTS = 1024,
	DP_OBJECT_SLOTS = 256,
};

struct dp_control_rings {
	struct sh_ring cmd, event, object;
	struct sh_ring punt[SH_MAX_WORKERS], inject[SH_MAX_WORKERS];
	unsigned workers;
	void *map; /* the memfd, mapped */
	size_t size; /* in bytes */
	int memfd;
	int wake_data; /* eventfd: the control plane has queued commands */
	int wake_control; /* eventfd: events or punted packets are queued */
	int socket; /* our end of the connection that sent HELLO; -1: none */
	struct dp_control_rings *next; /* in the agent's list of detached rings */
	uint64_t quiescent[SH_MAX_WORKERS]; /* dp_worker.quiescent of each worker at the detachment */
};

/* Creates the rings for `workers` workers. NULL with errno: failed. */
struct dp_control_rings *dp_control_rings_new(unsigned workers);
/* Frees the rings and closes all descriptors, the socket included. No worker uses them any more. */
void dp_control_rings_free(struct dp_control_rings *c);

/* Fills in the members of the reply to HELLO that describe the rings. */
void dp_control_rings_describe(const struct dp_control_rings *c, struct sh_hello_reply *reply);

/*
 * Takes one command. Wipes its ring entry, which may hold keys, before the control plane can reuse
 * it. Returns 1, 0 if there is none, or SH_RING_BROKEN.
 */
int dp_control_rings_read(const struct dp_control_rings *c, struct sh_cmd *cmd);

#endif

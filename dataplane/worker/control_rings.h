/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_DATAPLANE_WORKER_CONTROL_RINGS_H
#define SPATE_DATAPLANE_WORKER_CONTROL_RINGS_H

/*
 * One control plane's rings: a memfd made for its HELLO and never attached twice. The
 * agent uses `cmd` and `event`, worker i the punt and inject ring of that number.
 */

#include <stddef.h>
#include <stdint.h>

#include "shared/abi.h"
#include "shared/ring.h"

enum {
	DP_CMD_SLOTS = 4096,
	DP_EVENT_SLOTS = 4096,
	DP_PUNT_SLOTS = 1024,
	DP_INJECT_SLOTS = 1024,
};

struct dp_control_rings {
	struct sh_ring cmd, event;
	struct sh_ring punt[SH_MAX_WORKERS], inject[SH_MAX_WORKERS];
	unsigned workers;
	void *map;
	size_t size;
	int memfd;
	int wake_data; /* eventfd: there are commands */
	int wake_control; /* eventfd: there are events or punted packets */
	int socket; /* its end of the HELLO connection; -1: gone */
	struct dp_control_rings *next; /* in the list of detached ones */
	uint64_t quiescent[SH_MAX_WORKERS]; /* the workers' counts when it was detached */
};

/* NULL with errno. */
struct dp_control_rings *dp_control_rings_new(unsigned workers);
/* No worker uses it any more. Closes every descriptor, the socket included. */
void dp_control_rings_free(struct dp_control_rings *c);

/* Fills in what HELLO's answer says of the rings. */
void dp_control_rings_describe(const struct dp_control_rings *c, struct sh_hello_reply *reply);

/*
 * Takes one command and wipes its slot while it is still ours: it may hold keys.
 * 1, 0 (none), SH_RING_BROKEN.
 */
int dp_control_rings_take(const struct dp_control_rings *c, struct sh_cmd *cmd);

#endif

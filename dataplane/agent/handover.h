/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_DATAPLANE_AGENT_HANDOVER_H
#define SPATE_DATAPLANE_AGENT_HANDOVER_H

/*
 * The planned restart: this data plane leaves all objects to another one, which goes on with them
 * (docs/shm-abi.md). They are written into a memfd after the workers have ended, and the memfd
 * leaves this process in one message after that. So whoever holds it holds final values, and a
 * process that is killed before leaves nothing. The one that takes over marks it as taken, empties
 * it, and only then begins: nobody can take over twice.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "shared/abi.h"

struct dp_agent;
struct dp_object;

/* This process hands over. */
struct dp_handover {
	bool due; /* the command was accepted: the memory is there */
	int fd; /* of the memory */
	uint8_t *memory;
	size_t size;
};

/* This process has taken over. */
struct dp_takeover {
	uint32_t pending; /* operations that are not applied yet */
	sh_id *lost; /* transports that could not be taken over; NULL: none */
	uint32_t lost_count, lost_told;
};

/*
 * HAND_OVER, when no command is pending: reserves the memory. 0; ENOTSUP: the SRTP engine keeps its
 * state to itself; or errno. Nothing has changed yet.
 */
int dp_handover_prepare(struct dp_agent *a);
/* Whether dp_handover_run() is due: no more commands are taken. */
bool dp_handover_due(const struct dp_agent *a);
/* Stops the workers, writes what they leave, and sends it to the control plane. Then the process ends. */
void dp_handover_run(struct dp_agent *a);
void dp_handover_free(struct dp_agent *a);

/*
 * Takes over what another data plane has left at `fd`, which stays the caller's. 0: this process
 * has its objects and its instance. EPROTO (refused) or EIO, logged, and with an operator's message
 * in `why`: it has none, as before.
 */
int dp_takeover(struct dp_agent *a, int fd, char *why, size_t why_size);
/* A worker has applied an operation of the takeover for `x`. */
void dp_takeover_applied(struct dp_agent *a, struct dp_object *x, int error);
/* Tells the control plane of the transports that were lost, as far as there is room for events. */
void dp_takeover_tell(struct dp_agent *a);

#endif

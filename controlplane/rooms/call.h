/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_CONTROLPLANE_ROOMS_CALL_H
#define SPATE_CONTROLPLANE_ROOMS_CALL_H

/*
 * A call is a peer's pending request to the data plane. It outlives its peer and its object if
 * these end first: it is then detached, and the acknowledgement only frees it.
 */

#include <stdbool.h>

#include "controlplane/rooms/peer.h"

struct cp_model;
struct sh_cmd;

struct cp_call {
	struct cp_peer *peer; /* NULL: detached */
	void *object;
	/*
	 * Applies the acknowledgement to `object`, which it may destroy.
	 * 0, or errno with the fault: the request failed.
	 */
	int (*finish)(struct cp_call *call, int error, struct cp_fault *fault);
	bool flag; /* set by the caller, for `finish` */
	cp_done done;
};

/*
 * Creates the peer's pending call about `object`, which stays the caller's. NULL: the room is
 * closing, another call of the peer is pending, or no memory; `done` was called with the fault.
 */
struct cp_call *cp_call_begin(struct cp_peer *peer, void *object,
	int (*finish)(struct cp_call *call, int error, struct cp_fault *fault), cp_done done);
/* The cp_bridge_done of a call: finishes the call, frees it and calls its `done`. */
void cp_call_acknowledged(void *arg, int error);
/*
 * Call before `object` is destroyed. If the peer's pending call is about it, the call fails with
 * `why` and `reason` and is detached.
 */
void cp_call_abort(struct cp_peer *peer, const void *object, enum cp_code why, const char *reason);

/* Sends the command of a call. If that fails, the call fails before this returns. */
void cp_call_submit(struct cp_call *call, struct sh_cmd *cmd);
/* Sends a command whose acknowledgement nobody waits for. Errors are ignored. */
void cp_model_submit(struct cp_model *m, struct sh_cmd *cmd);

#endif

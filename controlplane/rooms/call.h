/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_CONTROLPLANE_ROOMS_CALL_H
#define SPATE_CONTROLPLANE_ROOMS_CALL_H

/*
 * A call is a peer's pending request to the data plane, of one command or several. It outlives its
 * peer and its object if these end first: it is then detached, and the last acknowledgement only
 * frees it.
 */

#include <stdbool.h>

#include "controlplane/rooms/peer.h"
#include "shared/abi.h"

struct cp_model;

struct cp_call {
	struct cp_peer *peer; /* NULL: detached */
	void *object;
	/*
	 * Applies the acknowledgement to `object`, which it may destroy. `error` is the first of
	 * all commands. 0, or errno with the fault: the request failed.
	 */
	int (*finish)(struct cp_call *call, int error, struct cp_fault *fault);
	bool flag; /* set by the caller, for `finish` */
	struct sh_wishes wishes; /* the same */
	uint64_t max_bps; /* the same */
	unsigned awaited; /* commands whose acknowledgement has not come */
	int error; /* the first that failed; 0: none */
	cp_done done;
};

/*
 * Creates the peer's pending call about `object`, which stays the caller's. NULL: the room is
 * closing, another call of the peer is pending, or no memory; `done` was called with the fault.
 */
struct cp_call *cp_call_begin(struct cp_peer *peer, void *object,
	int (*finish)(struct cp_call *call, int error, struct cp_fault *fault), cp_done done);
/*
 * The cp_bridge_done of a call: when no command is left, finishes the call, frees it and calls its
 * `done`.
 */
void cp_call_acknowledged(void *arg, int error);
/*
 * Call before `object` is destroyed. If the peer's pending call is about it, the call fails with
 * `why` and `reason` and is detached.
 */
void cp_call_abort(struct cp_peer *peer, const void *object, enum cp_code why, const char *reason);

/*
 * Sends the `n` commands of a call, in their order. The call ends with the acknowledgement of the
 * last one; if none could be sent, it fails before this returns.
 */
void cp_call_submit(struct cp_call *call, struct sh_cmd *cmd, unsigned n);
/* Sends a command whose acknowledgement nobody waits for. Errors are ignored. */
void cp_model_submit(struct cp_model *m, struct sh_cmd *cmd);

#endif

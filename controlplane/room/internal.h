/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_CONTROLPLANE_ROOM_INTERNAL_H
#define SPATE_CONTROLPLANE_ROOM_INTERNAL_H

/* Shared by the files of room/ only. */

#include "room.h"

/*
 * A request that waits for the data plane. It outlives its peer and its object when
 * these go first: then it is detached, and the acknowledgement only frees it.
 */
struct cp_call {
	struct cp_peer *peer; /* NULL: detached */
	void *object;
	/* Takes the acknowledgement in. 0, or -1 with the fault when the request failed. */
	int (*finish)(struct cp_call *call, int error, struct cp_fault *fault);
	bool flag; /* finish's own */
	cp_done done;
};

/* NULL: the peer waits for another already, or no memory; `done` has been told so. */
struct cp_call *cp_call_begin(struct cp_peer *peer, void *object,
	int (*finish)(struct cp_call *call, int error, struct cp_fault *fault), cp_done done);
/* The cp_media_done of a call. */
void cp_call_acknowledged(void *arg, int error);
/* What the call is about goes: it fails with a sentence of `why`. */
void cp_call_abort(struct cp_peer *peer, const void *object, enum cp_code why, const char *reason);

/* Asks the data plane on behalf of `call`, which fails when it cannot be asked. */
void cp_call_submit(struct cp_call *call, struct sh_cmd *cmd);
/* Asks the data plane; nobody waits for the answer. */
void cp_model_submit(struct cp_model *m, struct sh_cmd *cmd);

/* Why something closes, and who hears of it. */
struct cp_closing {
	bool tell_owner;
	enum cp_code why;
	const char *reason;
};

void cp_consumer_destroy(struct cp_consumer *c, const struct cp_closing *how);
void cp_producer_destroy(struct cp_producer *p, const struct cp_closing *how);
void cp_transport_destroy(struct cp_transport *t, const struct cp_closing *how);

#endif

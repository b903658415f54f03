/* SPDX-License-Identifier: Apache-2.0 */
#include "controlplane/rooms/call.h"

#include <errno.h>
#include <stdlib.h>

#include "controlplane/rooms/bridge.h"
#include "controlplane/rooms/model.h"
#include "controlplane/rooms/room_state.h"
#include "controlplane/rooms/user.h"

struct cp_call *cp_call_begin(struct cp_peer *peer, void *object,
	int (*finish)(struct cp_call *call, int error, struct cp_fault *fault), cp_done done)
{
	struct cp_fault fault;
	struct cp_call *call;

	if (cp_room_check(peer->room, &fault) != 0 || cp_user_check(peer, &fault) != 0) {
		done(peer, &fault, NULL);
		return NULL;
	}
	if (peer->call) {
		cp_refuse(&fault, CP_INTERNAL, "another request of this peer is under way");
		done(peer, &fault, NULL);
		return NULL;
	}
	call = calloc(1, sizeof(*call));
	if (!call) {
		cp_refuse(&fault, CP_INTERNAL, "out of memory");
		done(peer, &fault, NULL);
		return NULL;
	}
	call->peer = peer;
	call->object = object;
	call->finish = finish;
	call->done = done;
	call->awaited = 1;
	peer->call = call;
	return call;
}

void cp_call_acknowledged(void *arg, int error)
{
	struct cp_call *call = arg;
	struct cp_peer *peer = call->peer;
	struct cp_fault fault;
	void *object = call->object;
	cp_done done = call->done;
	int failed;

	if (call->error == 0)
		call->error = error;
	if (--call->awaited > 0)
		return;
	if (!peer) {
		free(call);
		return;
	}
	if (cp_room_check(peer->room, &fault) != 0) { /* the object closes with all others of the room */
		cp_call_abort(peer, object, fault.code, fault.message);
		free(call);
		return;
	}
	peer->call = NULL;
	failed = call->finish(call, call->error, &fault);
	free(call);
	done(peer, failed != 0 ? &fault : NULL, failed != 0 ? NULL : object);
}

void cp_call_submit(struct cp_call *call, struct sh_cmd *cmd, unsigned n)
{
	const struct cp_model *m = call->peer->room->model;

	call->awaited = n;
	for (unsigned i = 0; i < n; i++) {
		int error = ENOTCONN;

		if (m->bridge->up(m->bridge_arg))
			error = m->bridge->submit(m->bridge_arg, &cmd[i], cp_call_acknowledged, call);
		if (error != 0)
			cp_call_acknowledged(call, error); /* the last one may free the call */
	}
}

void cp_model_submit(struct cp_model *m, struct sh_cmd *cmd)
{
	/*
	 * Without a data plane there is nothing to delete: when one connects, the snapshot is
	 * empty, and the data plane deletes the objects that it still has.
	 */
	if (m->bridge->up(m->bridge_arg))
		m->bridge->submit(m->bridge_arg, cmd, NULL, NULL);
}

void cp_call_abort(struct cp_peer *peer, const void *object, enum cp_code why, const char *reason)
{
	struct cp_call *call = peer->call;
	struct cp_fault fault;

	if (!call || call->object != object)
		return;
	peer->call = NULL;
	call->peer = NULL;
	call->object = NULL;
	cp_refuse(&fault, why, "%s", reason);
	call->done(peer, &fault, NULL);
}

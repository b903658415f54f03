/* SPDX-License-Identifier: Apache-2.0 */

/* Applies the agent's operations to the tables of the worker that owns the objects. */

#include "dataplane/tables/apply.h"

#include <errno.h>
#include <string.h>

#include <rte_ring_elem.h>

#include "dataplane/tables/consumer.h"
#include "dataplane/tables/saved.h"
#include "dataplane/tables/srtp_keys.h"
#include "dataplane/tables/stream.h"
#include "dataplane/tables/transport.h"
#include "dataplane/worker/messages.h"
#include "dataplane/worker/packet.h"
#include "dataplane/worker/worker.h"

/* Whether the operation's slot holds the object that its command names. ADD needs no object. */
static bool slot_matches(const struct dp_worker *w, const struct dp_op *op)
{
	switch (op->cmd.op) {
	case SH_OP_TRANSPORT_BIND:
	case SH_OP_TRANSPORT_KEYS:
	case SH_OP_TRANSPORT_SET:
	case SH_OP_TRANSPORT_DEL:
		return w->transports[op->slot].id == op->cmd.id;
	case SH_OP_PRODUCER_SET:
	case SH_OP_PRODUCER_OBSERVE:
	case SH_OP_PRODUCER_DEL:
		return w->streams[op->slot].id == op->cmd.id;
	case SH_OP_CONSUMER_SET:
	case SH_OP_CONSUMER_DEL:
		return w->consumers[op->slot].id == op->cmd.id;
	default:
		return true;
	}
}

/* Clears the id of a slot whose ADD failed or whose object was deleted. Returns `error`. */
static int clear_id_if_gone(sh_id *id, int error, bool deleted)
{
	if (error || deleted)
		*id = 0;
	return error;
}

/* The same with what was saved before a planned restart; a consumer's is its transport's. */
static int restore(struct dp_worker *w, const struct dp_op *op)
{
	switch (op->cmd.op) {
	case SH_OP_TRANSPORT_ADD:
		return dp_transport_restore(w, op);
	case SH_OP_PRODUCER_ADD:
		return clear_id_if_gone(&w->streams[op->slot].id, dp_stream_restore(w, op), false);
	case SH_OP_CONSUMER_ADD:
		return clear_id_if_gone(&w->consumers[op->slot].id, dp_consumer_add(w, op), false);
	default: /* SH_OP_TRANSPORT_KEYS: nothing else is saved */
		return dp_transport_resume(w, op);
	}
}

static int apply(struct dp_worker *w, const struct dp_op *op)
{
	if (!slot_matches(w, op))
		return ENOENT;
	if (op->saved)
		return restore(w, op);
	switch (op->cmd.op) {
	case SH_OP_TRANSPORT_ADD:
		return dp_transport_add(w, op);
	case SH_OP_TRANSPORT_BIND:
		return dp_transport_bind(w, op);
	case SH_OP_TRANSPORT_KEYS:
		return dp_transport_keys(w, op);
	case SH_OP_TRANSPORT_SET:
		return dp_transport_set(w, op);
	case SH_OP_TRANSPORT_DEL:
		return dp_transport_del(w, op);
	case SH_OP_PRODUCER_ADD:
		return clear_id_if_gone(&w->streams[op->slot].id, dp_stream_add(w, op), false);
	case SH_OP_PRODUCER_SET:
		return dp_stream_set(w, op);
	case SH_OP_PRODUCER_OBSERVE:
		return dp_stream_observe(w, op);
	case SH_OP_PRODUCER_DEL:
		return clear_id_if_gone(&w->streams[op->slot].id, dp_stream_del(w, op), true);
	case SH_OP_CONSUMER_ADD:
		return clear_id_if_gone(&w->consumers[op->slot].id, dp_consumer_add(w, op), false);
	case SH_OP_CONSUMER_SET:
		return dp_consumer_set(w, op);
	case SH_OP_CONSUMER_DEL:
		return clear_id_if_gone(&w->consumers[op->slot].id, dp_consumer_del(w, op), true);
	default:
		return EINVAL;
	}
}

/*
 * Dequeues one operation. Wipes its ring entry, which may hold keys, before the agent can reuse it.
 */
static bool dequeue_op(struct dp_worker *w, struct dp_op *op)
{
	struct rte_ring *r = w->ops;
	uint32_t at = r->cons.tail & r->mask;

	if (rte_ring_dequeue_bulk_elem_start(r, op, sizeof(*op), 1, NULL) == 0)
		return false;
	explicit_bzero((struct dp_op *)(void *)&r[1] + at, sizeof(*op));
	rte_ring_dequeue_elem_finish(r, 1);
	return true;
}

/*
 * Takes an operation only if its acknowledgement fits into the ring of reports: none is ever lost.
 */
unsigned dp_apply_ops(struct dp_worker *w)
{
	unsigned n;

	for (n = 0; n < DP_BURST && rte_ring_free_count(w->reports) > 0; n++) {
		struct dp_report r = {.kind = SH_EV_ACK};

		if (!dequeue_op(w, &r.op))
			break;
		r.op.error = apply(w, &r.op);
		r.id = r.op.cmd.id;
		if (r.op.cmd.op == SH_OP_TRANSPORT_KEYS)
			explicit_bzero(&r.op.cmd.transport_keys, sizeof(r.op.cmd.transport_keys));
		rte_ring_sp_enqueue_elem(w->reports, &r, sizeof(r));
	}
	return n;
}

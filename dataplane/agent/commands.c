/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Takes commands in order. Most become one operation of one worker and are acknowledged when the
 * worker has acknowledged that. A command that must wait is held, and with it all later ones: a
 * consumer whose producer is still being added by another worker, or that continues one which is
 * still being deleted, or an operation for which the worker's ring has no room.
 */

#include "dataplane/agent/commands.h"

#include <errno.h>
#include <string.h>

#include "dataplane/agent/agent.h"
#include "dataplane/agent/blobs.h"
#include "dataplane/agent/connections.h"
#include "dataplane/agent/events.h"
#include "dataplane/agent/handover.h"
#include "dataplane/agent/objects.h"
#include "dataplane/agent/snapshot.h"
#include "dataplane/tables/stream.h"
#include "dataplane/tables/transport.h"
#include "dataplane/worker/control_rings.h"
#include "dataplane/worker/messages.h"
#include "dataplane/worker/workers.h"
#include "shared/log.h"

/*
 * Results of handling a command, besides 0 (done) and an errno. PENDING: a task will acknowledge
 * it. HOLD: try it again later.
 */
enum { PENDING = -1, HOLD = -2 };

/* --- tasks: the pending commands -------------------------------------------------- */

void dp_commands_init(struct dp_agent *a)
{
	TAILQ_INIT(&a->running);
	TAILQ_INIT(&a->idle);
	for (unsigned i = 1; i <= DP_TASKS; i++)
		TAILQ_INSERT_TAIL(&a->idle, &a->task[i], order);
}

/* Makes the command a task, of which there is a free one. Returns its index. */
static uint32_t task_begin(struct dp_agent *a, const struct sh_cmd *cmd)
{
	struct dp_task *t = TAILQ_FIRST(&a->idle);

	TAILQ_REMOVE(&a->idle, t, order);
	t->seq = cmd->seq;
	t->op = cmd->op;
	t->generation = a->generation;
	TAILQ_INSERT_TAIL(&a->running, t, order);
	a->running_count++;
	return (uint32_t)(t - a->task);
}

static void acknowledge(struct dp_agent *a, struct dp_task *t, int error)
{
	TAILQ_REMOVE(&a->running, t, order);
	a->running_count--;
	TAILQ_INSERT_TAIL(&a->idle, t, order);
	if (t->generation == a->generation)
		dp_event_ack(a, t->seq, error);
}

/* Ends a task (0: none), and the barriers that no older task precedes any more. */
static void task_end(struct dp_agent *a, uint32_t task, int error)
{
	struct dp_task *t;

	if (task)
		acknowledge(a, &a->task[task], error);
	while ((t = TAILQ_FIRST(&a->running)) && t->op == SH_OP_BARRIER)
		acknowledge(a, t, 0);
}

/* --- to the workers ------------------------------------------------------------------ */

static bool room_for_op(const struct dp_agent *a, uint32_t worker)
{
	return rte_ring_free_count(a->workers->worker[worker]->ops) > 0;
}

/*
 * What a command for an object of the worker gets that has to wait. EIO: the worker hangs, and the
 * commands for other workers must not wait with it.
 */
static int hold(const struct dp_agent *a, uint32_t worker)
{
	return dp_agent_hangs(a, worker) ? EIO : HOLD;
}

static void send_filled(struct dp_agent *a, const struct dp_object *x, struct dp_op *op)
{
	op->slot = x->slot;
	if (x->transport)
		op->slot2 = x->transport->slot;
	if (x->producer || x->kind == DP_PRODUCER)
		op->slot3 = x->producer ? x->producer->slot : x->slot;
	rte_ring_sp_enqueue_elem(a->workers->worker[x->worker]->ops, op, sizeof(*op));
	explicit_bzero(op, sizeof(*op));
}

static void send_op(struct dp_agent *a, const struct dp_object *x, const struct sh_cmd *cmd, uint32_t task)
{
	struct dp_op op = {.cmd = *cmd, .task = task};

	send_filled(a, x, &op);
}

bool dp_commands_restore(struct dp_agent *a, const struct dp_object *x, const struct sh_cmd *cmd,
	const uint8_t *saved, uint32_t saved_len)
{
	struct dp_op op = {.cmd = *cmd, .saved = saved, .saved_len = saved_len};

	if (!room_for_op(a, x->worker))
		return false;
	send_filled(a, x, &op);
	return true;
}

/* Sends the command to the owner of object `x` as one operation. `x` may be NULL. */
static int forward(struct dp_agent *a, struct dp_object *x, const struct sh_cmd *cmd)
{
	if (!x)
		return ENOENT;
	if (!room_for_op(a, x->worker))
		return hold(a, x->worker);
	x->claimed = true;
	dp_list_note(x, cmd);
	send_op(a, x, cmd, task_begin(a, cmd));
	return PENDING;
}

/* --- the commands -------------------------------------------------------------------- */

static int add_transport(struct dp_agent *a, const struct sh_cmd *cmd)
{
	struct dp_object *x = dp_objects_find(&a->objects, DP_TRANSPORT, cmd->id);
	uint32_t worker = cmd->transport_add.worker;

	if (x)
		return x->worker == worker ? forward(a, x, cmd) : EEXIST;
	if (dp_objects_taken(&a->objects, cmd->id))
		return EEXIST;
	if (!room_for_op(a, worker))
		return hold(a, worker);
	x = dp_objects_add(&a->objects, DP_TRANSPORT, cmd->id, NULL, NULL);
	if (!x)
		return ENOSPC;
	x->worker = worker;
	x->adding = true;
	return forward(a, x, cmd);
}

/*
 * Handles an ADD of an object that exists. It is acknowledged after the first one. `same`: equal
 * parameters.
 */
static int repeated_add(const struct dp_agent *a, struct dp_object *x, bool same)
{
	if (x->adding)
		return hold(a, x->worker);
	x->claimed = true;
	return same ? 0 : EEXIST;
}

/* Whether encoding `p` may join the producer whose first encoding is `lead`. Returns 0 or an errno. */
static int check_lead(const struct dp_object *lead, const struct dp_object *t,
	const struct sh_producer_add *p)
{
	const struct sh_producer_add *first;
	const struct dp_object *other;

	if (!lead || lead->transport != t)
		return ENOENT;
	first = &lead->producer_add;
	if (lead->producer || p->kind != first->kind || p->codec != first->codec ||
		p->encodings != first->encodings)
		return EINVAL;
	LIST_FOREACH(other, &lead->encodings, on_producer)
	if (other->producer_add.encoding == p->encoding)
		return EEXIST;
	return 0;
}

static int add_producer(struct dp_agent *a, const struct sh_cmd *cmd)
{
	const struct sh_producer_add *p = &cmd->producer_add;
	struct dp_object *t = dp_objects_find(&a->objects, DP_TRANSPORT, p->transport);
	struct dp_object *x = dp_objects_find(&a->objects, DP_PRODUCER, cmd->id);
	struct dp_object *lead = p->lead ? dp_objects_find(&a->objects, DP_PRODUCER, p->lead) : NULL;
	int error;

	if (x)
		return repeated_add(a, x, memcmp(p, &x->producer_add, sizeof(*p)) == 0);
	if (!t)
		return ENOENT;
	if (p->lead) {
		error = check_lead(lead, t, p);
		if (error)
			return error;
	}
	if (dp_objects_taken(&a->objects, cmd->id))
		return EEXIST;
	if (!room_for_op(a, t->worker))
		return hold(a, t->worker);
	x = dp_objects_add(&a->objects, DP_PRODUCER, cmd->id, t, lead);
	if (!x)
		return ENOSPC;
	error = dp_stream_prepare(&a->workers->streams[x->slot], a->config, p,
		a->workers->worker[t->worker]->socket);
	if (error) {
		dp_objects_release(&a->objects, x);
		return error;
	}
	x->producer_add = *p;
	x->adding = true;
	return forward(a, x, cmd);
}

/* Whether a consumer of the transport that is being deleted has that SSRC. */
static bool is_leaving(const struct dp_object *t, uint32_t ssrc)
{
	const struct dp_object *x;

	LIST_FOREACH(x, &t->dependents, on_transport)
	if (x->kind == DP_CONSUMER && x->dying && x->consumer_add.ssrc == ssrc)
		return true;
	return false;
}

static int add_consumer(struct dp_agent *a, const struct sh_cmd *cmd)
{
	const struct sh_consumer_add *c = &cmd->consumer_add;
	struct dp_object *t = dp_objects_find(&a->objects, DP_TRANSPORT, c->transport);
	struct dp_object *p = dp_objects_find(&a->objects, DP_PRODUCER, c->producer);
	struct dp_object *x = dp_objects_find(&a->objects, DP_CONSUMER, cmd->id);

	if (x)
		return repeated_add(a, x, memcmp(c, &x->consumer_add, sizeof(*c)) == 0);
	if (!t || !p)
		return ENOENT;
	if (p->producer && !(c->flags & SH_CONSUMER_PIPE))
		return EINVAL; /* not the first encoding */
	if (dp_objects_taken(&a->objects, cmd->id))
		return EEXIST;
	if (p->adding)
		return hold(a, p->worker);
	if (!room_for_op(a, t->worker) || (c->flags & SH_CONSUMER_CONTINUES && is_leaving(t, c->ssrc)))
		return hold(a, t->worker);
	x = dp_objects_add(&a->objects, DP_CONSUMER, cmd->id, t, p);
	if (!x)
		return ENOSPC;
	x->consumer_add = *c;
	x->adding = true;
	return forward(a, x, cmd);
}

/*
 * Handles a DEL. An object that does not exist counts as deleted. EIO: the worker hangs, and other
 * workers need the tasks that are left; the object is deleted when the worker goes on.
 */
static int delete_object(struct dp_agent *a, const struct sh_cmd *cmd, enum dp_object_kind kind)
{
	struct dp_object *x = dp_objects_find(&a->objects, kind, cmd->id);

	if (!x)
		return 0;
	if (x->kind == DP_PRODUCER && x->producer)
		return EINVAL; /* it goes with its producer's first encoding */
	if (a->running_count >= DP_TASKS / 2 && dp_agent_hangs(a, x->worker)) {
		dp_objects_remove(&a->objects, x);
		return EIO;
	}
	x->task = task_begin(a, cmd);
	dp_objects_remove(&a->objects, x);
	return PENDING;
}

/* BARRIER: only tests send it so far. */
static int barrier(struct dp_agent *a, const struct sh_cmd *cmd)
{
	if (TAILQ_EMPTY(&a->running))
		return 0;
	task_begin(a, cmd);
	return PENDING;
}

/* DRAIN: for a planned restart. Media continues while the clients move to another server. */
static int drain(struct dp_agent *a, const struct sh_cmd *cmd)
{
	a->stop_ns = a->now_ns + (uint64_t)cmd->drain.within_ms * 1000000;
	sh_log(SH_LOG_INFO, "draining within_ms=%u", cmd->drain.within_ms);
	return 0;
}

/* HAND_OVER: when earlier commands have taken effect, and what was deleted is gone. */
static int hand_over(struct dp_agent *a)
{
	for (unsigned i = 0; i < a->workers->count; i++)
		if (dp_agent_hangs(a, i))
			return EIO;
	if (!TAILQ_EMPTY(&a->running) || a->objects.dying)
		return HOLD;
	return dp_handover_prepare(a);
}

static int dispatch(struct dp_agent *a, const struct sh_cmd *cmd)
{
	switch (cmd->op) {
	case SH_OP_TRANSPORT_ADD:
		return add_transport(a, cmd);
	case SH_OP_TRANSPORT_BIND:
	case SH_OP_TRANSPORT_KEYS:
	case SH_OP_TRANSPORT_SET:
		return forward(a, dp_objects_find(&a->objects, DP_TRANSPORT, cmd->id), cmd);
	case SH_OP_TRANSPORT_DEL:
		return delete_object(a, cmd, DP_TRANSPORT);
	case SH_OP_PRODUCER_ADD:
		return add_producer(a, cmd);
	case SH_OP_PRODUCER_SET:
	case SH_OP_PRODUCER_OBSERVE:
		return forward(a, dp_objects_find(&a->objects, DP_PRODUCER, cmd->id), cmd);
	case SH_OP_PRODUCER_DEL:
		return delete_object(a, cmd, DP_PRODUCER);
	case SH_OP_CONSUMER_ADD:
		return add_consumer(a, cmd);
	case SH_OP_CONSUMER_SET:
		return forward(a, dp_objects_find(&a->objects, DP_CONSUMER, cmd->id), cmd);
	case SH_OP_CONSUMER_DEL:
		return delete_object(a, cmd, DP_CONSUMER);
	case SH_OP_SNAPSHOT_BEGIN:
		dp_snapshot_begin(a);
		return 0;
	case SH_OP_SNAPSHOT_END:
		dp_snapshot_end(a, cmd->snapshot_end.grace_ms);
		return 0;
	case SH_OP_BARRIER:
		return barrier(a, cmd);
	case SH_OP_BLOB:
		return dp_blob_write(a, cmd);
	case SH_OP_LIST:
		dp_list_begin(a);
		return 0;
	case SH_OP_CLAIM:
		dp_snapshot_claim(a, &cmd->claim);
		return 0;
	case SH_OP_HAND_OVER:
		return hand_over(a);
	default: /* DRAIN: dp_command_check() has refused all others */
		return drain(a, cmd);
	}
}

/*
 * Takes and handles one command, or the one that is held. False: there is none, it must be held, or
 * no task is free. No command is taken while events wait, so that an acknowledgement always finds
 * room.
 */
static bool handle_next_command(struct dp_agent *a)
{
	struct sh_cmd *cmd = &a->held;
	int result, taken;

	if (TAILQ_EMPTY(&a->idle) || a->backlog_head != a->backlog_tail || dp_handover_due(a))
		return false;
	if (!a->holding) {
		taken = dp_control_rings_read(a->control_rings, cmd);
		if (taken == SH_RING_BROKEN)
			dp_connections_detach(a, "it broke the command ring");
		if (taken != 1)
			return false;
		a->active_ns = a->now_ns;
	}
	result = dp_command_check(a, cmd);
	if (result == 0)
		result = dispatch(a, cmd);
	a->holding = result == HOLD;
	if (a->holding)
		return false;
	if (result != PENDING) {
		dp_event_ack(a, cmd->seq, result);
		dp_events_flush(a);
	}
	explicit_bzero(cmd, sizeof(*cmd));
	return true;
}

void dp_commands_serve(struct dp_agent *a)
{
	for (unsigned i = 0; a->control_rings && i < DP_CMD_SLOTS && handle_next_command(a); i++)
		;
}

/* --- deletions ------------------------------------------------------------------------ */

static const uint32_t add_op[] = {
	[DP_TRANSPORT] = SH_OP_TRANSPORT_ADD,
	[DP_PRODUCER] = SH_OP_PRODUCER_ADD,
	[DP_CONSUMER] = SH_OP_CONSUMER_ADD,
};
static const uint32_t delete_op[] = {
	[DP_TRANSPORT] = SH_OP_TRANSPORT_DEL,
	[DP_PRODUCER] = SH_OP_PRODUCER_DEL,
	[DP_CONSUMER] = SH_OP_CONSUMER_DEL,
};

void dp_commands_delete(struct dp_agent *a)
{
	for (unsigned i = 0; i < a->workers->count; i++) {
		struct dp_object_queue *ready = &a->objects.ready[i];
		struct dp_object *x;

		while ((x = STAILQ_FIRST(ready)) && room_for_op(a, i)) {
			struct sh_cmd cmd = {.op = delete_op[x->kind], .id = x->id};

			STAILQ_REMOVE_HEAD(ready, ready);
			send_op(a, x, &cmd, 0);
		}
	}
}

/* --- reports -------------------------------------------------------------------------- */

/* Returns the kind of object that an operation concerns. */
static enum dp_object_kind kind_of(uint32_t op)
{
	if (op <= SH_OP_TRANSPORT_DEL)
		return DP_TRANSPORT;
	return op <= SH_OP_PRODUCER_DEL ? DP_PRODUCER : DP_CONSUMER;
}

/* Releases the slot of an object, and the memory of a stream. */
static void release(struct dp_agent *a, struct dp_object *x)
{
	if (x->kind == DP_PRODUCER)
		dp_stream_dispose(&a->workers->streams[x->slot]);
	dp_objects_release(&a->objects, x);
}

/*
 * Handles the acknowledgement of an operation. One of another operation than the ADD, which was
 * sent before it was known that the ADD failed, may find another object in the slot.
 */
static void op_applied(struct dp_agent *a, const struct dp_op *op)
{
	enum dp_object_kind kind = kind_of(op->cmd.op);
	struct dp_object *x = &a->objects.table[kind][op->slot];
	uint32_t task = op->task;
	int error = op->error;

	if (op->saved)
		dp_takeover_applied(a, x, op->error);

	if (op->cmd.op == delete_op[kind]) {
		task = x->task;
		error = 0; /* it may be ENOENT, if the worker had refused the ADD */
		release(a, x);
	} else if (x->adding && op->cmd.op == add_op[kind] && op->cmd.id == x->id) {
		x->adding = false;
		/* A dying object keeps its slot until its deletion is acknowledged. */
		if (error && !x->dying)
			release(a, x);
	}
	task_end(a, task, error);
}

static void handle_report(struct dp_agent *a, const struct dp_report *r)
{
	struct sh_event e = {.kind = r->kind, .id = r->id, .remote = r->remote, .layers = r->layers};

	if (r->kind == SH_EV_ACK)
		op_applied(a, &r->op);
	else
		dp_event_send(a, &e);
}

void dp_commands_reports(struct dp_agent *a)
{
	struct dp_report r;

	for (unsigned i = 0; i < a->workers->count; i++) {
		struct rte_ring *reports = a->workers->worker[i]->reports;

		for (unsigned n = 0; n < DP_REPORT_SLOTS; n++) {
			if (rte_ring_sc_dequeue_elem(reports, &r, sizeof(r)) != 0)
				break;
			handle_report(a, &r);
		}
	}
}

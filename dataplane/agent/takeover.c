/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Goes on where another data plane has stopped (handover.h). Everything is added again as if by
 * commands, with what was saved: transports, producers, consumers, and at last the keys, without
 * which a transport sends nothing. A transport of which a part cannot be added is deleted, and the
 * control plane is told that it is lost.
 */

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "dataplane/agent/agent.h"
#include "dataplane/agent/commands.h"
#include "dataplane/agent/events.h"
#include "dataplane/agent/handover.h"
#include "dataplane/agent/handover_memory.h"
#include "dataplane/device/ports.h"
#include "dataplane/tables/stream.h"
#include "dataplane/worker/clock.h"
#include "dataplane/worker/stats_memory.h"
#include "shared/log.h"

enum { WITHIN_MS = 5000, WAIT_US = 20, EVENTS_A_TURN = 256 };

#define MEMORY_MAX ((off_t)1 << 32)
#define DAMAGED    "a record is damaged, or a worker hangs"

/* --- the memory ------------------------------------------------------------------------------ */

/*
 * Whether this process understands memory of `size` bytes, which it alone has. NULL, or the reason,
 * which is in `why` or a constant.
 */
static const char *check_head(const struct dp_agent *a, const struct dp_handover_head *h, size_t size,
	char *why, size_t why_size)
{
	if (dp_handover_check_format(h, size, why, why_size) != 0)
		return why;
	if (h->workers != a->workers->count || h->udp_port_base != a->config->network.udp_port_base ||
		h->udp_port_last != a->config->network.udp_port_last)
		return "the configuration has other workers, or other UDP ports, than before";
	return NULL;
}

/* Memory of this process alone; it is locked, as all of it. NULL: none. */
static uint8_t *private_memory(size_t size)
{
	void *p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED)
		return NULL;
	(void)madvise(p, size, MADV_DONTDUMP);
	return p;
}

static void wipe_private(uint8_t *p, size_t size)
{
	explicit_bzero(p, size);
	munmap(p, size);
}

/*
 * Moves what was left at `fd` into memory of this process, *size bytes, where nobody changes it any
 * more. From the mark on, no other process can take it. NULL with the reason: there is nothing.
 */
static uint8_t *move_here(int fd, size_t *size, const char **why)
{
	struct dp_handover_head *head;
	uint8_t *copy = NULL;
	struct stat st;

	*why = "it is no sealed memory";
	if (fstat(fd, &st) != 0 || st.st_size < (off_t)sizeof(*head) || st.st_size > MEMORY_MAX ||
		(fcntl(fd, F_GET_SEALS) & (F_SEAL_SHRINK | F_SEAL_GROW)) != (F_SEAL_SHRINK | F_SEAL_GROW))
		return NULL;
	*size = (size_t)st.st_size;
	*why = "it cannot be mapped";
	head = mmap(NULL, *size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (head == MAP_FAILED)
		return NULL;
	(void)madvise(head, *size, MADV_DONTDUMP);
	*why = NULL;
	if (head->magic != DP_HANDOVER_MAGIC)
		*why = "it is empty, or incomplete";
	else if (atomic_exchange(&head->taken, 1) != 0)
		*why = "it was taken over already";
	if (!*why) {
		copy = private_memory(*size);
		*why = copy ? NULL : "there is no memory for it";
	}
	if (copy) {
		memcpy(copy, head, *size);
		explicit_bzero(head, *size);
	}
	munmap(head, *size);
	return copy;
}

/*
 * Gives what another release has left the layout of this one, at another place; *size becomes the
 * size of that. NULL: it is damaged, or there is no memory. The memory that was given is gone.
 */
static uint8_t *widen(uint8_t *memory, size_t *size)
{
	const struct dp_handover_head *head = (const void *)memory;
	size_t wide = dp_handover_widen(head, NULL, 0), narrow = *size;
	uint8_t *to = wide ? private_memory(wide) : NULL;

	if (to)
		(void)dp_handover_widen(head, to, wide);
	wipe_private(memory, narrow);
	*size = wide;
	return to;
}

/* The memory that was left at `fd`, in the layout of this release. NULL with the reason in `why`. */
static uint8_t *read_left(const struct dp_agent *a, int fd, size_t *size, char *why, size_t why_size)
{
	const char *reason = NULL;
	uint8_t *memory = move_here(fd, size, &reason);

	if (memory) {
		reason = check_head(a, (const void *)memory, *size, why, why_size);
		if (reason) {
			wipe_private(memory, *size);
			memory = NULL;
		} else if (!dp_handover_is_ours((const void *)memory)) {
			memory = widen(memory, size);
			reason = memory ? NULL : "it is damaged, or there is no memory for it";
		}
	}
	if (reason && reason != why)
		snprintf(why, why_size, "%s", reason);
	return memory;
}

/* --- what is lost ------------------------------------------------------------------------------- */

static void note_lost(struct dp_agent *a, sh_id id)
{
	struct dp_takeover *t = &a->takeover;

	if (!t->lost)
		t->lost = calloc(a->objects.slots[DP_TRANSPORT], sizeof(*t->lost));
	if (t->lost && t->lost_count < a->objects.slots[DP_TRANSPORT])
		t->lost[t->lost_count++] = id;
}

/* The transport is lost, with all that depends on it. */
static void lose(struct dp_agent *a, struct dp_object *transport)
{
	if (transport->dying)
		return;
	note_lost(a, transport->id);
	dp_objects_remove(&a->objects, transport);
}

void dp_takeover_applied(struct dp_agent *a, struct dp_object *x, int error)
{
	a->takeover.pending--;
	if (error)
		lose(a, x->kind == DP_TRANSPORT ? x : x->transport);
}

void dp_takeover_tell(struct dp_agent *a)
{
	struct dp_takeover *t = &a->takeover;

	if (!t->lost || !a->control_rings || a->backlog_head != a->backlog_tail)
		return;
	for (unsigned i = 0; i < EVENTS_A_TURN && t->lost_told < t->lost_count; i++)
		dp_event_send(a,
			&(struct sh_event){.kind = SH_EV_TRANSPORT_LOST, .id = t->lost[t->lost_told++]});
	if (t->lost_told < t->lost_count)
		return;
	free(t->lost);
	*t = (struct dp_takeover){.lost = NULL};
}

/* --- the objects ------------------------------------------------------------------------------- */

struct reading {
	struct dp_agent *a;
	uint8_t *memory;
	size_t room; /* of the memory */
	uint64_t size; /* bytes of it that are used */
	uint64_t deadline_ns;
};

static bool in_time(const struct reading *r)
{
	return dp_clock_read(CLOCK_MONOTONIC) < r->deadline_ns;
}

/* Sends the operation, and waits for room. False: the time is over. */
static bool send_op(struct reading *r, const struct dp_object *x, const struct sh_cmd *cmd,
	const uint8_t *saved, uint32_t len)
{
	while (!dp_commands_restore(r->a, x, cmd, saved, len)) {
		if (!in_time(r))
			return false;
		dp_commands_reports(r->a);
		usleep(WAIT_US);
	}
	r->a->takeover.pending++;
	return true;
}

/* Waits until all operations are applied. False: the time is over. */
static bool settle(struct reading *r)
{
	for (;;) {
		dp_commands_reports(r->a);
		if (!r->a->takeover.pending)
			return true;
		if (!in_time(r))
			return false;
		usleep(WAIT_US);
	}
}

/* Whether the transport's addresses are still ours. */
static bool paths_valid(const struct dp_agent *a, const struct dp_handover_record *rec,
	const struct dp_saved_transport *saved)
{
	const struct dp_worker *w = a->workers->worker[rec->worker];
	uint16_t port = rec->transport_add.kind == SH_TRANSPORT_PLAIN ? rec->transport_add.port : w->udp_port;

	for (unsigned i = 0; i < SH_MAX_TUPLES; i++)
		if (saved->tuple[i].path.remote.family && saved->selected != DP_NO_TUPLE &&
			!dp_ports_path_valid(&a->workers->ports, &saved->tuple[i].path, port))
			return false;
	return true;
}

static struct dp_object *add_transport(struct dp_agent *a, const struct dp_handover_record *rec,
	const uint8_t *saved, struct sh_cmd *cmd)
{
	struct dp_object *x;

	cmd->op = SH_OP_TRANSPORT_ADD;
	cmd->transport_add = rec->transport_add;
	if (rec->saved_len < sizeof(struct dp_saved_transport) || dp_command_check(a, cmd) != 0 ||
		cmd->transport_add.worker != rec->worker ||
		!paths_valid(a, rec, (const struct dp_saved_transport *)(const void *)saved))
		return NULL;
	x = dp_objects_add(&a->objects, DP_TRANSPORT, rec->id, NULL, NULL);
	if (!x)
		return NULL;
	x->worker = rec->worker;
	x->of_transport.add = rec->transport_add;
	x->of_transport.max_bps = rec->max_bps;
	x->of_transport.last_ssrc = rec->last_ssrc;
	x->of_transport.mid_len = rec->mid_len;
	memcpy(x->of_transport.mid, rec->mid, sizeof(rec->mid));
	return x;
}

static struct dp_object *add_producer(struct dp_agent *a, const struct dp_handover_record *rec,
	struct dp_object *transport, struct sh_cmd *cmd)
{
	const struct sh_producer_add *p = &rec->producer_add;
	struct dp_object *lead = p->lead ? dp_objects_find(&a->objects, DP_PRODUCER, p->lead) : NULL, *x;

	cmd->op = SH_OP_PRODUCER_ADD;
	cmd->producer_add = *p;
	if ((p->lead && !lead) || dp_command_check(a, cmd) != 0)
		return NULL;
	x = dp_objects_add(&a->objects, DP_PRODUCER, rec->id, transport, lead);
	if (!x)
		return NULL;
	if (dp_stream_prepare(&a->workers->streams[x->slot], a->config, p,
		    a->workers->worker[transport->worker]->socket) != 0) {
		dp_objects_release(&a->objects, x);
		return NULL;
	}
	x->producer_add = *p;
	return x;
}

static struct dp_object *add_consumer(struct dp_agent *a, const struct dp_handover_record *rec,
	struct dp_object *transport, struct sh_cmd *cmd)
{
	struct dp_object *p = dp_objects_find(&a->objects, DP_PRODUCER, rec->consumer_add.producer), *x;

	cmd->op = SH_OP_CONSUMER_ADD;
	cmd->consumer_add = rec->consumer_add;
	cmd->consumer_add.wishes = rec->wishes;
	cmd->consumer_add.flags &= ~(uint32_t)SH_CONSUMER_PAUSED;
	cmd->consumer_add.flags |= rec->paused ? SH_CONSUMER_PAUSED : 0;
	if (!p || p->adding || dp_command_check(a, cmd) != 0)
		return NULL;
	x = dp_objects_add(&a->objects, DP_CONSUMER, rec->id, transport, p);
	if (x)
		x->consumer_add = rec->consumer_add;
	return x;
}

static struct dp_object *transport_of(const struct dp_agent *a, const struct dp_handover_record *rec)
{
	sh_id id = rec->kind == DP_PRODUCER ? rec->producer_add.transport : rec->consumer_add.transport;

	return dp_objects_find(&a->objects, DP_TRANSPORT, id);
}

/* Gives the object what the control plane has said of it. */
static void give_rest(struct dp_object *x, const struct dp_handover_record *rec, const uint8_t *blob)
{
	x->adding = true;
	x->claimed = rec->claimed;
	x->paused = rec->paused;
	x->wishes = rec->wishes;
	if (!rec->blob_size)
		return;
	x->blob = malloc(sizeof(*x->blob) + rec->blob_size);
	if (!x->blob)
		return; /* a successor of the control plane will not know the object */
	x->blob->version = rec->blob_version;
	x->blob->size = rec->blob_size;
	memcpy(x->blob->data, blob, rec->blob_size);
}

/* Adds one object. False: the time is over. */
static bool restore_object(struct reading *r, const struct dp_handover_record *rec, const uint8_t *saved)
{
	struct sh_cmd cmd = {.id = rec->id};
	struct dp_agent *a = r->a;
	struct dp_object *transport = rec->kind == DP_TRANSPORT ? NULL : transport_of(a, rec), *x;

	if (dp_objects_taken(&a->objects, rec->id) || (rec->kind != DP_TRANSPORT && !transport))
		return true; /* it is lost with its transport */
	if (rec->refused) {
		note_lost(a, rec->id);
		return true;
	}
	if (rec->kind == DP_TRANSPORT)
		x = add_transport(a, rec, saved, &cmd);
	else if (rec->kind == DP_PRODUCER)
		x = add_producer(a, rec, transport, &cmd);
	else
		x = add_consumer(a, rec, transport, &cmd);
	if (!x) {
		if (transport)
			lose(a, transport);
		else
			note_lost(a, rec->id);
		return true;
	}
	give_rest(x, rec, saved + rec->saved_len);
	return send_op(r, x, &cmd, saved, rec->saved_len);
}

/* Opens the transport's sessions: it goes on. */
static bool restore_keys(struct reading *r, const struct dp_handover_record *rec, const uint8_t *saved)
{
	struct sh_cmd cmd = {.op = SH_OP_TRANSPORT_KEYS, .id = rec->id};
	struct dp_object *x = dp_objects_find(&r->a->objects, DP_TRANSPORT, rec->id);

	return !x || rec->refused || send_op(r, x, &cmd, saved, rec->saved_len);
}

/* Whether a record of valid sizes is at that place. */
static bool record_valid(const struct reading *r, uint64_t at)
{
	const struct dp_handover_record *rec = (const struct dp_handover_record *)(void *)(r->memory + at);

	return at + sizeof(*rec) <= r->size && rec->kind < DP_OBJECT_KINDS && rec->saved_len % 8 == 0 &&
	       rec->saved_len <= r->size && rec->blob_size <= SH_BLOB_MAX &&
	       rec->worker < r->a->workers->count && rec->mid_len <= SH_MID_MAX &&
	       at + sizeof(*rec) + rec->saved_len + dp_handover_blob_room(rec->blob_size) <= r->size;
}

/* Calls `visit` for each record. Objects of a kind are complete before those of the next begin. */
static bool for_each(struct reading *r,
	bool (*visit)(struct reading *r, const struct dp_handover_record *rec, const uint8_t *saved))
{
	uint32_t kind = DP_TRANSPORT;

	for (uint64_t at = sizeof(struct dp_handover_head); at < r->size;) {
		const struct dp_handover_record *rec =
			(const struct dp_handover_record *)(void *)(r->memory + at);

		if (!record_valid(r, at))
			return false;
		if (rec->kind != kind && !settle(r))
			return false;
		kind = rec->kind;
		if (!visit(r, rec, r->memory + at + sizeof(*rec)))
			return false;
		at += sizeof(*rec) + rec->saved_len + dp_handover_blob_room(rec->blob_size);
	}
	return settle(r);
}

static bool keys_of_transports(struct reading *r, const struct dp_handover_record *rec, const uint8_t *saved)
{
	return rec->kind != DP_TRANSPORT || restore_keys(r, rec, saved);
}

/* --- together ------------------------------------------------------------------------------------- */

static void adopt(struct dp_agent *a, const struct dp_handover_head *head)
{
	a->instance = head->instance;
	a->stats->header->instance = head->instance;
	a->sweep_ns = head->sweep_ns;
	a->writing = head->writing;
}

/* Deletes what was added so far. */
static void give_up(struct dp_agent *a)
{
	for (uint32_t i = 0; i < a->objects.slots[DP_TRANSPORT]; i++)
		if (a->objects.table[DP_TRANSPORT][i].id)
			dp_objects_remove(&a->objects, &a->objects.table[DP_TRANSPORT][i]);
	free(a->takeover.lost);
	a->takeover.lost = NULL;
	a->takeover.lost_count = 0;
}

/* Takes over what is in the reading's private memory. */
static bool take(struct reading *r)
{
	struct dp_agent *a = r->a;

	if (for_each(r, restore_object) && for_each(r, keys_of_transports)) {
		adopt(a, (const struct dp_handover_head *)(const void *)r->memory);
		sh_log(SH_LOG_INFO, "taken-over transports=%u producers=%u consumers=%u lost=%u",
			a->objects.used[DP_TRANSPORT], a->objects.used[DP_PRODUCER],
			a->objects.used[DP_CONSUMER], a->takeover.lost_count);
		return true;
	}
	give_up(a);
	sh_log(SH_LOG_ERROR, "take-over-failed reason=\"%s\"", DAMAGED);
	return false;
}

int dp_takeover(struct dp_agent *a, int fd, char *why, size_t why_size)
{
	struct reading r = {
		.a = a, .deadline_ns = dp_clock_read(CLOCK_MONOTONIC) + (uint64_t)WITHIN_MS * DP_MS};
	bool done;

	snprintf(why, why_size, "this process has objects of its own");
	if (!a->objects.used[DP_TRANSPORT] && !a->takeover.pending)
		r.memory = read_left(a, fd, &r.room, why, why_size);
	if (!r.memory) {
		sh_log(SH_LOG_ERROR, "take-over-refused reason=\"%s\"", why);
		return EPROTO;
	}
	r.size = ((const struct dp_handover_head *)(const void *)r.memory)->size;
	done = take(&r);
	if (done || settle(&r)) /* else a worker may still read it */
		wipe_private(r.memory, r.room);
	snprintf(why, why_size, "%s", done ? "" : DAMAGED);
	return done ? 0 : EIO;
}

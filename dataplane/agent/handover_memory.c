/* SPDX-License-Identifier: Apache-2.0 */
#include "dataplane/agent/handover_memory.h"

#include <string.h>

#include "dataplane/agent/agent.h"
#include "dataplane/tables/stream.h"

/* --- how much it is ---------------------------------------------------------------------- */

static size_t saved_max(const struct dp_agent *a, const struct dp_object *x)
{
	const struct dp_workers *all = a->workers;

	switch (x->kind) {
	case DP_TRANSPORT:
		return dp_transport_saved_max(all->worker[x->worker], &all->transports[x->slot]);
	case DP_PRODUCER:
		return sizeof(struct dp_saved_stream);
	default:
		return 0;
	}
}

size_t dp_handover_memory_max(const struct dp_agent *a)
{
	size_t size = sizeof(struct dp_handover_head);

	for (int k = 0; k < DP_OBJECT_KINDS; k++)
		for (uint32_t i = 0; i < a->objects.slots[k]; i++) {
			const struct dp_object *x = &a->objects.table[k][i];

			if (x->id == 0)
				continue;
			size += sizeof(struct dp_handover_record) + saved_max(a, x);
			size += x->blob ? dp_handover_blob_room(x->blob->size) : 0;
		}
	return size;
}

/* --- writing ------------------------------------------------------------------------------ */

static void describe(const struct dp_object *x, struct dp_handover_record *r)
{
	memset(r, 0, sizeof(*r)); /* the longest member of the union, too */
	r->id = x->id;
	r->kind = x->kind;
	r->worker = x->worker;
	r->wishes = x->wishes;
	r->claimed = x->claimed;
	r->paused = x->paused;
	r->blob_version = x->blob ? x->blob->version : 0;
	r->blob_size = x->blob ? x->blob->size : 0;
	if (x->kind == DP_PRODUCER)
		r->producer_add = x->producer_add;
	else if (x->kind == DP_CONSUMER)
		r->consumer_add = x->consumer_add;
	if (x->kind != DP_TRANSPORT)
		return;
	r->transport_add = x->of_transport.add;
	r->max_bps = x->of_transport.max_bps;
	r->last_ssrc = x->of_transport.last_ssrc;
	r->mid_len = x->of_transport.mid_len;
	memcpy(r->mid, x->of_transport.mid, sizeof(r->mid));
}

static uint32_t save(struct dp_agent *a, const struct dp_object *x, uint8_t *out)
{
	struct dp_workers *all = a->workers;

	if (x->kind == DP_TRANSPORT)
		return (uint32_t)dp_transport_save(all->worker[x->worker], &all->transports[x->slot], out);
	if (x->kind != DP_PRODUCER)
		return 0;
	dp_stream_save(&all->streams[x->slot], (struct dp_saved_stream *)(void *)out);
	return sizeof(struct dp_saved_stream);
}

/* Writes an object at `out`. Returns where the next one begins. */
static uint8_t *write_object(struct dp_agent *a, struct dp_object *x, uint8_t *out)
{
	struct dp_handover_record *r = (struct dp_handover_record *)(void *)out;

	describe(x, r);
	r->refused = x->refused;
	out += sizeof(*r);
	if (x->refused) {
		r->blob_size = 0;
		return out;
	}
	r->saved_len = save(a, x, out);
	out += r->saved_len;
	if (x->blob)
		memcpy(out, x->blob->data, x->blob->size);
	return out + dp_handover_blob_room(r->blob_size);
}

/* Whether an object ends because a transport is not handed over on which it depends. */
static bool ends(const struct dp_object *x)
{
	const struct dp_object *p = x->producer;

	return (x->transport && x->transport->refused) || (p && p->transport->refused);
}

/* Writes the objects of one kind; of producers, the first encodings or the others. */
static uint8_t *write_kind(struct dp_agent *a, enum dp_object_kind kind, bool first, uint8_t *out)
{
	for (uint32_t i = 0; i < a->objects.slots[kind]; i++) {
		struct dp_object *x = &a->objects.table[kind][i];

		if (x->id == 0 || ends(x) || (kind == DP_PRODUCER && first != !x->producer))
			continue;
		out = write_object(a, x, out);
	}
	return out;
}

static uint32_t refuse_transports(struct dp_agent *a)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < a->objects.slots[DP_TRANSPORT]; i++) {
		struct dp_object *x = &a->objects.table[DP_TRANSPORT][i];

		if (x->id == 0)
			continue;
		x->refused = !dp_transport_may_resume(&a->workers->transports[x->slot]);
		n += x->refused;
	}
	return n;
}

uint32_t dp_handover_memory_write(struct dp_agent *a, uint8_t *memory)
{
	struct dp_handover_head *head = (struct dp_handover_head *)(void *)memory;
	uint8_t *out = memory + sizeof(*head);
	uint32_t refused = refuse_transports(a);

	*head = (struct dp_handover_head){
		.format = DP_HANDOVER_FORMAT,
		.instance = a->instance,
		.sweep_ns = a->sweep_ns,
		.workers = a->workers->count,
		.udp_port_base = a->config->network.udp_port_base,
		.udp_port_last = a->config->network.udp_port_last,
		.writing = a->writing,
	};
	dp_handover_parts(head->part);
	out = write_kind(a, DP_TRANSPORT, true, out);
	out = write_kind(a, DP_PRODUCER, true, out);
	out = write_kind(a, DP_PRODUCER, false, out);
	out = write_kind(a, DP_CONSUMER, true, out);
	head->size = (uint64_t)(out - memory);
	atomic_thread_fence(memory_order_release);
	head->magic = DP_HANDOVER_MAGIC;
	return refused;
}

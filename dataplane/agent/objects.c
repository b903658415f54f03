/* SPDX-License-Identifier: Apache-2.0 */
#include "dataplane/agent/objects.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "dataplane/tables/transport.h"

/* Returns the lowest power of two that is at least 64 and `n`. */
static uint32_t power_of_two(uint64_t n)
{
	uint32_t p = 64;

	while (p < n)
		p *= 2;
	return p;
}

int dp_objects_init(struct dp_objects *o, const struct sh_config_limits *limit)
{
	uint64_t all = 0;

	memset(o, 0, sizeof(*o));
	for (unsigned i = 0; i < SH_MAX_WORKERS; i++)
		STAILQ_INIT(&o->ready[i]);
	o->slots[DP_TRANSPORT] = limit->transports;
	o->slots[DP_PRODUCER] = limit->producers;
	o->slots[DP_CONSUMER] = limit->consumers;
	for (int k = 0; k < DP_OBJECT_KINDS; k++) {
		STAILQ_INIT(&o->free[k]);
		o->table[k] = calloc(o->slots[k], sizeof(*o->table[k]));
		if (!o->table[k])
			return ENOMEM;
		for (uint32_t i = 0; i < o->slots[k]; i++)
			STAILQ_INSERT_TAIL(&o->free[k], &o->table[k][i], ready);
		all += o->slots[k];
	}
	o->mask = power_of_two(all) - 1;
	o->bucket = calloc((size_t)o->mask + 1, sizeof(*o->bucket));
	return o->bucket ? 0 : ENOMEM;
}

void dp_objects_free(struct dp_objects *o)
{
	for (int k = 0; k < DP_OBJECT_KINDS; k++) {
		for (uint32_t i = 0; o->table[k] && i < o->slots[k]; i++)
			free(o->table[k][i].blob);
		free(o->table[k]);
	}
	free(o->bucket);
}

/* Finds the object with the id. Ids are random, so that their lowest bits serve as the hash. */
static struct dp_object *find(const struct dp_objects *o, sh_id id)
{
	struct dp_object *x;

	SLIST_FOREACH(x, &o->bucket[id & o->mask], bucket)
	if (x->id == id)
		return x;
	return NULL;
}

struct dp_object *dp_objects_find(const struct dp_objects *o, enum dp_object_kind kind, sh_id id)
{
	struct dp_object *x = find(o, id);

	return x && x->kind == kind ? x : NULL;
}

bool dp_objects_taken(const struct dp_objects *o, sh_id id)
{
	return find(o, id) != NULL;
}

struct dp_object *dp_objects_add(struct dp_objects *o, enum dp_object_kind kind, sh_id id,
	struct dp_object *transport, struct dp_object *producer)
{
	struct dp_object *x = STAILQ_FIRST(&o->free[kind]);

	if (!x)
		return NULL;
	STAILQ_REMOVE_HEAD(&o->free[kind], ready);
	memset(x, 0, sizeof(*x));
	x->id = id;
	x->kind = kind;
	x->slot = (uint32_t)(x - o->table[kind]);
	x->claimed = true;
	x->transport = transport;
	x->producer = producer;
	if (transport) {
		x->worker = transport->worker;
		LIST_INSERT_HEAD(&transport->dependents, x, on_transport);
	}
	if (producer && kind == DP_PRODUCER)
		LIST_INSERT_HEAD(&producer->encodings, x, on_producer);
	else if (producer)
		LIST_INSERT_HEAD(&producer->viewers, x, on_producer);
	SLIST_INSERT_HEAD(&o->bucket[id & o->mask], x, bucket);
	o->used[kind]++;
	return x;
}

/*
 * Queues a dying object for deletion on its worker if it has no dependent left. Consumers may read
 * every encoding of the producer, so an encoding also waits for the consumers of the first.
 */
static void check_ready(struct dp_objects *o, struct dp_object *x)
{
	if (!x->dying || !LIST_EMPTY(&x->dependents) || !LIST_EMPTY(&x->viewers) ||
		!LIST_EMPTY(&x->encodings))
		return;
	if (x->kind == DP_PRODUCER && x->producer && !LIST_EMPTY(&x->producer->viewers))
		return;
	STAILQ_INSERT_TAIL(&o->ready[x->worker], x, ready);
}

/* A consumer of producer `p` is gone. */
static void check_encodings(struct dp_objects *o, struct dp_object *p)
{
	struct dp_object *x;

	if (!LIST_EMPTY(&p->viewers))
		return;
	LIST_FOREACH(x, &p->encodings, on_producer)
	check_ready(o, x);
}

void dp_objects_remove(struct dp_objects *o, struct dp_object *x)
{
	struct dp_object *y;

	if (x->dying)
		return;
	x->dying = true;
	o->dying++;
	SLIST_REMOVE(&o->bucket[x->id & o->mask], x, dp_object, bucket);
	LIST_FOREACH(y, &x->dependents, on_transport)
	dp_objects_remove(o, y);
	LIST_FOREACH(y, &x->viewers, on_producer)
	dp_objects_remove(o, y);
	LIST_FOREACH(y, &x->encodings, on_producer)
	dp_objects_remove(o, y);
	check_ready(o, x);
}

void dp_objects_release(struct dp_objects *o, struct dp_object *x)
{
	if (!x->dying)
		SLIST_REMOVE(&o->bucket[x->id & o->mask], x, dp_object, bucket);
	o->dying -= x->dying;
	if (x->producer) {
		LIST_REMOVE(x, on_producer);
		if (x->kind == DP_CONSUMER)
			check_encodings(o, x->producer);
		check_ready(o, x->producer);
	}
	if (x->transport) {
		LIST_REMOVE(x, on_transport);
		check_ready(o, x->transport);
	}
	free(x->blob);
	x->blob = NULL;
	x->id = 0;
	o->used[x->kind]--;
	STAILQ_INSERT_TAIL(&o->free[x->kind], x, ready);
}

/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_DATAPLANE_AGENT_OBJECTS_H
#define SPATE_DATAPLANE_AGENT_OBJECTS_H

/*
 * The agent's records of all objects: who has which slot, by id, and what stands on what.
 * A producer stands on its transport; a consumer on its transport and on its producer.
 *
 * Deleting takes an object out of the index at once, and all that stands on it. Its slot
 * is given up when its worker has answered, and it is its turn when nothing stands on it
 * any more.
 */

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

#include "shared/abi.h"
#include "shared/config.h"

enum dp_object_kind { DP_TRANSPORT, DP_PRODUCER, DP_CONSUMER, DP_OBJECT_KINDS };

struct dp_object {
	sh_id id; /* 0: the slot is free */
	enum dp_object_kind kind;
	uint32_t slot; /* the same in the workers' tables */
	uint32_t worker;
	bool adding; /* its worker has not answered the ADD yet */
	bool dying; /* out of the index, to be deleted */
	bool claimed; /* named since the last SNAPSHOT_BEGIN */
	uint32_t task; /* of the DEL command that waits for it; 0: none */
	struct dp_object *transport, *producer; /* what it stands on; NULL: nothing */
	LIST_HEAD(, dp_object) dependents; /* of a transport: producers and consumers */
	LIST_HEAD(, dp_object) viewers; /* of a producer: its consumers */
	LIST_ENTRY(dp_object) on_transport, on_producer;
	SLIST_ENTRY(dp_object) bucket;
	STAILQ_ENTRY(dp_object) ready; /* in the queue of those to delete now; or in the free list */
	union {
		struct sh_producer_add producer_add; /* as it was added: the same again is no error */
		struct sh_consumer_add consumer_add;
	};
};

STAILQ_HEAD(dp_object_queue, dp_object);
SLIST_HEAD(dp_object_bucket, dp_object);

struct dp_objects {
	struct dp_object *table[DP_OBJECT_KINDS]; /* by slot */
	uint32_t slots[DP_OBJECT_KINDS], used[DP_OBJECT_KINDS];
	struct dp_object_queue free[DP_OBJECT_KINDS];
	struct dp_object_queue ready; /* dying, with nothing left that stands on them */
	struct dp_object_bucket *bucket;
	uint32_t mask;
};

/* 0 or ENOMEM. */
int dp_objects_init(struct dp_objects *o, const struct sh_config_limits *limit);
void dp_objects_free(struct dp_objects *o);

/* NULL: no such object, or it is dying, or it is of another kind. */
struct dp_object *dp_objects_find(const struct dp_objects *o, enum dp_object_kind kind, sh_id id);
/* Whether any live object of any kind has the id. */
bool dp_objects_taken(const struct dp_objects *o, sh_id id);

/* A new record with a slot, in the index. NULL: the table is full. */
struct dp_object *dp_objects_add(struct dp_objects *o, enum dp_object_kind kind, sh_id id,
	struct dp_object *transport, struct dp_object *producer);
/* Takes it and what stands on it out of the index, to be deleted in order. */
void dp_objects_remove(struct dp_objects *o, struct dp_object *x);
/* Its worker has let go of it: the slot is free again. What it stood on may be ready now. */
void dp_objects_release(struct dp_objects *o, struct dp_object *x);

#endif

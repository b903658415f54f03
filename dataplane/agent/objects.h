/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_DATAPLANE_AGENT_OBJECTS_H
#define SPATE_DATAPLANE_AGENT_OBJECTS_H

/*
 * Keeps the agent's records of all objects: the slot of each id, and the dependencies. A producer
 * depends on its transport; a consumer depends on its transport and on its producer. A producer of
 * several encodings has an object for each; the others depend on the first, which consumers name.
 *
 * A deletion removes an object and all its dependents from the index at once. An object is deleted
 * on its worker when it has no dependent left, and its slot is released when the worker has
 * acknowledged that.
 */

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

#include "shared/abi.h"
#include "shared/config.h"

struct dp_blob;

enum dp_object_kind { DP_TRANSPORT, DP_PRODUCER, DP_CONSUMER, DP_OBJECT_KINDS };

struct dp_object {
	sh_id id; /* 0: the slot is free */
	enum dp_object_kind kind;
	uint32_t slot; /* index in the workers' tables too */
	uint32_t worker; /* the owner */
	bool adding; /* its worker has not acknowledged the ADD yet */
	bool dying; /* removed from the index; it will be deleted, or is being deleted */
	bool claimed; /* named since the last SNAPSHOT_BEGIN */
	bool refused; /* a transport that cannot be handed over (handover.h) */
	bool paused; /* a producer or consumer, by the last command */
	struct sh_wishes wishes; /* of a consumer, by the last command */
	uint32_t task; /* task of the DEL command that waits for its deletion; 0: none */
	struct dp_object *transport, *producer; /* the objects it depends on; NULL: none */
	LIST_HEAD(, dp_object) dependents; /* of a transport: producers and consumers */
	LIST_HEAD(, dp_object) viewers; /* of a producer: its consumers */
	LIST_HEAD(, dp_object) encodings; /* of a producer's first encoding: the others */
	LIST_ENTRY(dp_object) on_transport, on_producer;
	SLIST_ENTRY(dp_object) bucket;
	STAILQ_ENTRY(dp_object) ready; /* in dp_objects.ready or .free */
	struct dp_blob *blob; /* what the control plane keeps here (blobs.h); NULL: none */
	union {
		struct sh_producer_add producer_add; /* the ADD, to recognise a repeated one */
		struct sh_consumer_add consumer_add;
		struct {
			uint64_t max_bps; /* by the last command */
			/* of the consumer that was added last, to be told a successor; 0: none yet */
			uint32_t last_ssrc;
			uint8_t mid_len;
			char mid[SH_MID_MAX];
			struct sh_transport_add add; /* the last one */
		} of_transport;
	};
};

STAILQ_HEAD(dp_object_queue, dp_object);
SLIST_HEAD(dp_object_bucket, dp_object);

struct dp_objects {
	struct dp_object *table[DP_OBJECT_KINDS]; /* by slot */
	uint32_t slots[DP_OBJECT_KINDS], used[DP_OBJECT_KINDS]; /* entries of table[]; those in use */
	uint32_t dying; /* objects that are being deleted */
	struct dp_object_queue free[DP_OBJECT_KINDS];
	/* dying objects without dependents, to be deleted on their worker: by worker */
	struct dp_object_queue ready[SH_MAX_WORKERS];
	struct dp_object_bucket *bucket; /* the index: hash table by id */
	uint32_t mask; /* buckets - 1 */
};

/* Allocates records for the limits. Returns 0 or ENOMEM. */
int dp_objects_init(struct dp_objects *o, const struct sh_config_limits *limit);
void dp_objects_free(struct dp_objects *o);

/* Finds an object. NULL: there is none, it is dying, or it is of another kind. */
struct dp_object *dp_objects_find(const struct dp_objects *o, enum dp_object_kind kind, sh_id id);
/* Whether an object of any kind that is not dying has the id. */
bool dp_objects_taken(const struct dp_objects *o, sh_id id);

/*
 * Adds a record with a free slot to the index. `transport` and `producer` are what it depends on,
 * or NULL. NULL: the table is full.
 */
struct dp_object *dp_objects_add(struct dp_objects *o, enum dp_object_kind kind, sh_id id,
	struct dp_object *transport, struct dp_object *producer);
/* Removes an object and its dependents from the index, to be deleted in order, dependents first. */
void dp_objects_remove(struct dp_objects *o, struct dp_object *x);
/*
 * Frees the slot of an object that its worker has deleted or refused. The objects it depended on
 * may become ready.
 */
void dp_objects_release(struct dp_objects *o, struct dp_object *x);

#endif

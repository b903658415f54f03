/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_CONTROLPLANE_CLUSTER_DIRECTORY_H
#define SPATE_CONTROLPLANE_CLUSTER_DIRECTORY_H

/*
 * What this node knows of the others from their records, and which claim to a room is the better
 * one. The directory is a hint: what is in it may be old, and it outlives the loss of Redis. Pure:
 * time is an argument, and there is no I/O.
 */

#include <stdbool.h>
#include <stdint.h>

#include <cjson/cJSON.h>

#include "controlplane/base/index.h"
#include "shared/config.h"

enum {
	CP_NODE_TTL_MS = 10000, /* a node that has not been heard for so long is gone */
	CP_NODES_MAX = 1024, /* others that are remembered */
	CP_START_SIZE = 17, /* 64 random bits in hexadecimal digits, and a terminator */
};

/* Which life of which node a record is of, and its place among the records of that life. */
struct cp_record_age {
	char start[CP_START_SIZE]; /* chosen at random when the node started */
	uint64_t sequence; /* grows with each record of that life */
};

struct cp_node {
	char id[SH_NODE_ID_MAX + 1]; /* first: it is the key of the index */
	char url[SH_PATH_MAX];
	char region[SH_NAME_MAX];
	struct cp_record_age age;
	uint32_t viewers, capacity, rooms;
	bool draining;
	uint64_t heard_ms; /* CLOCK_MONOTONIC of this node */
	struct cp_node *next; /* in `list`, in no order */
};

struct cp_directory {
	struct cp_index nodes;
	struct cp_node *list;
	bool away; /* Redis does not answer: nobody can be heard, so nobody is taken for gone */
};

/* What a record has told. */
enum cp_heard {
	CP_HEARD_NEW, /* the node was not known, or was gone */
	CP_HEARD_AGAIN,
	CP_HEARD_OLD, /* not newer than what is known: the record was repeated */
	CP_HEARD_BAD, /* a member is missing or out of range, or there are too many nodes */
};

void cp_directory_free(struct cp_directory *d);
/* A record about itself that the node `id` has signed. */
enum cp_heard cp_directory_hear(struct cp_directory *d, const char *id, const cJSON *content,
	uint64_t now_ms);
/* Whether the node is there as far as this one knows. */
bool cp_node_alive(const struct cp_directory *d, const struct cp_node *node, uint64_t now_ms);
/*
 * Forgets nodes that are gone for long. When Redis is back, each node has CP_NODE_TTL_MS from then
 * on to be heard.
 */
void cp_directory_expire(struct cp_directory *d, bool away, uint64_t now_ms);

/* --- claims to rooms ------------------------------------------------------------------------- */

/*
 * A node claims the room whose producers it has. Two claims are compared by their epochs, never by
 * clocks: a later origin of a room takes the largest epoch that it knows plus one.
 */
struct cp_claim {
	uint64_t epoch; /* at least 1 */
	char start[CP_START_SIZE]; /* of the node's life; decides between equal epochs */
};

/* Reads the claim in the content of a room's record. 0 or EINVAL. */
int cp_claim_read(struct cp_claim *claim, const cJSON *content);
/* Whether `a` is better than `b`. Of two different claims exactly one is. */
bool cp_claim_beats(const struct cp_claim *a, const struct cp_claim *b);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_CONTROLPLANE_CLUSTER_CLAIMS_H
#define SPATE_CONTROLPLANE_CLUSTER_CLAIMS_H

/*
 * Claims the rooms of this node in the directory, so that a room has one origin. A room that nobody
 * else has is claimed when its first producer is live. If two nodes have claimed one, because Redis
 * was away or returned with old data, the better claim stays (directory.h); the other node leaves
 * the record alone and looks at it in each cycle, until it is gone.
 */

#include <stdbool.h>
#include <stdint.h>

#include "controlplane/base/name.h"
#include "controlplane/cluster/cluster.h"

enum cp_claim_state {
	CP_CLAIM_LOOKING, /* whether another node has the room */
	CP_CLAIM_OURS,
	CP_CLAIM_LOST, /* another node has it */
};

struct cp_own_room {
	char name[CP_NAME_SIZE]; /* first: it is the key of the index */
	enum cp_claim_state state;
	struct cp_claim claim; /* epoch 0: not claimed yet */
	uint64_t known_epoch; /* the largest that was seen of this room */
	char other[SH_NODE_ID_MAX + 1]; /* lost: the node that has it */
	unsigned slice; /* of each cycle, in which its record is written */
	bool asked; /* an answer of Redis is awaited */
	bool seen; /* it had a live producer when the rooms were looked at last */
	bool gone; /* freed when the answer has come */
	bool written; /* with this claim */
	unsigned char digest[20]; /* SHA-1 of the record that was written last, by which it is deleted */
	unsigned char before[20]; /* of the one before it, which SET should answer with */
	struct cp_cluster *cluster;
	struct cp_own_room *next; /* in `own_list`, in no order */
};

/* Does the part of this slice: claims rooms that are new, refreshes records, drops what has ended. */
void cp_claims_run(struct cp_cluster *c);
void cp_claims_free(struct cp_cluster *c);

#endif

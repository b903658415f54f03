/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_DATAPLANE_AGENT_BLOBS_H
#define SPATE_DATAPLANE_AGENT_BLOBS_H

/*
 * Keeps what the control plane wants kept with its objects, and lists the objects with it to a
 * successor. The agent does not read the blobs, and no worker knows of them.
 */

#include <stdbool.h>
#include <stdint.h>

#include "dataplane/agent/objects.h"
#include "shared/abi.h"

struct dp_agent;

/* A complete blob. */
struct dp_blob {
	uint16_t version, size;
	uint8_t data[];
};

/* A blob of which not all pieces have come. */
struct dp_blob_writing {
	sh_id id; /* 0: none */
	uint16_t version, size;
	uint16_t have; /* bytes that have come */
	uint8_t data[SH_BLOB_MAX];
};

/* How far the list has got. */
struct dp_listing {
	bool active;
	enum dp_object_kind kind;
	uint32_t slot; /* the next one */
	uint32_t without[DP_OBJECT_KINDS]; /* objects that were left out */
};

/* The command BLOB. 0, EINVAL: it is not the next piece, ENOENT or ENOMEM. */
int dp_blob_write(struct dp_agent *a, const struct sh_cmd *cmd);
/* The control plane has gone: forgets the incomplete blob, and ends the list. */
void dp_blobs_detach(struct dp_agent *a);

/*
 * Notes what a command for the object changes that a successor of the control plane, or of this
 * process, has to know and no blob says.
 */
void dp_list_note(struct dp_object *x, const struct sh_cmd *cmd);
/* The command LIST: begins the list, from the first object again if one is under way. */
void dp_list_begin(struct dp_agent *a);
/* Continues the list while the ring has room, a bounded part of it. */
void dp_list_run(struct dp_agent *a);

#endif

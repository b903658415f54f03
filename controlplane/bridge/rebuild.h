/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_CONTROLPLANE_BRIDGE_REBUILD_H
#define SPATE_CONTROLPLANE_BRIDGE_REBUILD_H

/* The objects of a predecessor, for dataplane.c. */

#include <stdbool.h>
#include <stdint.h>

#include "controlplane/rooms/restore.h"
#include "shared/abi.h"

struct cp_dataplane;

struct cp_rebuild {
	bool begun; /* once in a process: what a later data plane lists was made by this one, and lost */
	bool active; /* the list is being read */
	uint64_t begun_ns;
	struct cp_restore restore;
	struct sh_cmd claim; /* ids that are not claimed yet */
};

/* The data plane has connected. False: there is nothing to wait for. */
bool cp_rebuild_begin(struct cp_dataplane *p);
/* Takes a record of the list. True: it was the last one, and everything is claimed. */
bool cp_rebuild_object(struct cp_dataplane *p, const struct sh_object *o);
/* The data plane was lost. */
void cp_rebuild_abort(struct cp_dataplane *p);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_CONTROLPLANE_BRIDGE_UPGRADE_H
#define SPATE_CONTROLPLANE_BRIDGE_UPGRADE_H

/* The planned restart of the data plane, as the operator sees it. */

#include <stddef.h>
#include <stdint.h>

struct cp_dataplane;

enum cp_upgrade_stage {
	CP_UPGRADE_NONE, /* none was asked for yet */
	CP_UPGRADE_RUNNING,
	CP_UPGRADE_DONE, /* another data plane goes on */
	CP_UPGRADE_REFUSED, /* nothing has changed */
	CP_UPGRADE_LOST, /* nobody goes on: clients make new transports */
};

/* The last planned restart of the data plane. */
struct cp_upgrade {
	enum cp_upgrade_stage stage;
	uint64_t begun_ns; /* CLOCK_MONOTONIC */
	uint32_t ms; /* what it took */
	uint32_t lost; /* transports that could not go on */
	char reason[160]; /* why it was refused, or lost */
};

/* "running", "done", ... */
static inline const char *cp_upgrade_stage_name(enum cp_upgrade_stage stage)
{
	static const char *const name[] = {"none", "running", "done", "refused", "lost"};

	return name[stage];
}

/* Begins it; p->upgrade tells how it goes. 0, or an errno with the operator's message in `err`. */
int cp_upgrade_begin(struct cp_dataplane *p, char *err, size_t err_size);
/* Another data plane goes on; the data plane is lost. */
void cp_upgrade_resumed(struct cp_dataplane *p);
void cp_upgrade_lost(struct cp_dataplane *p, const char *reason);

#endif

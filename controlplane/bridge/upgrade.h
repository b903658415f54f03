/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_CONTROLPLANE_BRIDGE_UPGRADE_H
#define SPATE_CONTROLPLANE_BRIDGE_UPGRADE_H

/* The planned restart of the data plane, or of both processes, as the operator sees it. */

#include <stdbool.h>
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

/* The last planned restart. One of both goes on in the next control plane (operator/kept_upgrade.h). */
struct cp_upgrade {
	enum cp_upgrade_stage stage;
	bool both; /* this process, too */
	uint64_t begun_ns; /* CLOCK_MONOTONIC */
	uint32_t ms; /* what it took */
	uint32_t lost; /* transports that could not go on */
	char reason[176]; /* why it was refused, or lost */
};

/* "running", "done", ... */
static inline const char *cp_upgrade_stage_name(enum cp_upgrade_stage stage)
{
	static const char *const name[] = {"none", "running", "done", "refused", "lost"};

	return name[stage];
}

/* Begins it; p->upgrade tells how it goes. 0, or an errno with the operator's message in `err`. */
int cp_upgrade_begin(struct cp_dataplane *p, bool both, char *err, size_t err_size);
/* The next data plane goes on, NULL, or says why it does not: this process is to be replaced. */
void cp_upgrade_brought(struct cp_dataplane *p, const char *refused);
/* This process serves clients: if it has replaced another one, the restart is over. */
void cp_upgrade_served(struct cp_dataplane *p);
/* Another data plane goes on; the data plane is lost. */
void cp_upgrade_resumed(struct cp_dataplane *p);
void cp_upgrade_lost(struct cp_dataplane *p, const char *reason);

#endif

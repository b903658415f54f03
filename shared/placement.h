/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_SHARED_PLACEMENT_H
#define SPATE_SHARED_PLACEMENT_H

/*
 * Where threads run: what is wrong with the cores that the configuration gives the data
 * plane, and which ones that leaves to the control plane. Nothing here asks the system.
 */

#include "shared/config.h"
#include "shared/port_stats.h"
#include "shared/topology.h"

struct sh_placement_port {
	const char *device;
	bool pci;
	int node; /* NUMA; -1: none */
};

struct sh_placement {
	uint32_t count;
	struct sh_notice notice[SH_NOTICES]; /* a sentence each, with what to do */
};

/* Everything amiss with the data plane's cores and memory, the worst first. */
void sh_placement_check(struct sh_placement *p, const struct sh_config *c, const struct sh_topology *t,
	const struct sh_placement_port *port, uint32_t ports);

enum sh_control_placement {
	SH_CONTROL_APART, /* its cores are no worker's */
	SH_CONTROL_SIBLINGS, /* only hyper-threads of the workers' cores were left */
	SH_CONTROL_NOWHERE, /* nor those: `out` is all that was allowed */
};

/*
 * The CPUs for the control plane, of those `allowed` to it, where dataplane.cores is given:
 * not the workers', nor their hyper-threads, and on the agent's NUMA node (`node`; -1:
 * another, or none) where there are any.
 */
enum sh_control_placement sh_placement_control(struct sh_cpus *out, int *node, const struct sh_config *c,
	const struct sh_topology *t, const struct sh_cpus *allowed);

#endif

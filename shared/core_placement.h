/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_SHARED_CORE_PLACEMENT_H
#define SPATE_SHARED_CORE_PLACEMENT_H

/*
 * Checks the core placement: what is wrong with the cores that the configuration gives to the data
 * plane, and which CPUs remain for the control plane. Makes no system call.
 */

#include "shared/config.h"
#include "shared/port_stats.h"
#include "shared/topology.h"

struct sh_core_placement_port {
	const char *device;
	bool pci;
	int node; /* NUMA node; -1: none */
};

struct sh_core_placement {
	uint32_t count;
	struct sh_notice notice[SH_NOTICES]; /* one operator's message each, with the remedy */
};

/*
 * Collects everything that is wrong with the data plane's cores and memory, the worst first. At
 * most SH_NOTICES; further ones are dropped. `port` has `ports` elements.
 */
void sh_core_placement_check(struct sh_core_placement *p, const struct sh_config *c,
	const struct sh_topology *t, const struct sh_core_placement_port *port, uint32_t ports);

enum sh_control_placement {
	SH_CONTROL_APART, /* it shares no core with a worker */
	SH_CONTROL_SIBLINGS, /* only hyper-threads of the workers' cores are left */
	SH_CONTROL_NOWHERE, /* not even those: `out` is all of `allowed` */
};

/*
 * Chooses the control plane's CPUs from `allowed` if dataplane.cores is given: neither the workers'
 * CPUs nor their hyper-threads. If some of these are on the agent's NUMA node, `out` is limited to
 * that node and `node` names it; otherwise `node` is -1.
 */
enum sh_control_placement sh_core_placement_control(struct sh_cpus *out, int *node, const struct sh_config *c,
	const struct sh_topology *t, const struct sh_cpus *allowed);

#endif

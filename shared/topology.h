/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_SHARED_TOPOLOGY_H
#define SPATE_SHARED_TOPOLOGY_H

/* The machine as the kernel describes it: CPUs, hyper-threads, NUMA nodes, and how CPUs are set up. */

#include "shared/cpus.h"

enum { SH_NODES_MAX = 16 };

struct sh_topology {
	struct sh_cpus online;
	struct sh_cpus isolated; /* from the scheduler: isolcpus= */
	struct sh_cpus nohz_full; /* without the timer tick */
	struct sh_cpus powersave; /* under that governor */
	uint16_t core[SH_CPUS_MAX]; /* the lowest of the CPUs that share its core */
	uint32_t nodes; /* 0: nothing is said of NUMA */
	struct sh_cpus node[SH_NODES_MAX];
	uint32_t hugepages[SH_NODES_MAX]; /* reserved there, of any size */
};

/*
 * Reads what is below `root`, "/sys" but in tests. What is not there counts as not set: a
 * CPU is then alone on its core, on no node, not isolated.
 */
void sh_topology_read(struct sh_topology *t, const char *root);

/* -1: not known. */
int sh_topology_node(const struct sh_topology *t, uint32_t cpu);
/* All that share a core with one of `of`, which are among them. */
struct sh_cpus sh_topology_cores(const struct sh_topology *t, const struct sh_cpus *of);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_SHARED_TOPOLOGY_H
#define SPATE_SHARED_TOPOLOGY_H

/* Reads the kernel's description of the machine: CPUs, hyper-threads, NUMA nodes, CPU settings. */

#include "shared/cpus.h"

enum { SH_NODES_MAX = 16 };

struct sh_topology {
	struct sh_cpus online;
	struct sh_cpus isolated; /* isolcpus=: the scheduler does not use them */
	struct sh_cpus nohz_full; /* nohz_full=: no timer tick while one thread runs */
	struct sh_cpus powersave; /* their frequency governor is powersave */
	uint16_t core[SH_CPUS_MAX]; /* per CPU: the lowest CPU that shares its core */
	uint32_t nodes; /* 0: no NUMA information */
	struct sh_cpus node[SH_NODES_MAX];
	uint32_t hugepages[SH_NODES_MAX]; /* per node: reserved hugepages of all sizes together */
};

/*
 * Reads the description below `root`, which is "/sys" except in tests. A missing file counts as
 * "not set": a CPU is then alone on its core, on no node and not isolated.
 */
void sh_topology_read(struct sh_topology *t, const char *root);

/* The NUMA node of a CPU; -ENOENT: not known. */
int sh_topology_node(const struct sh_topology *t, uint32_t cpu);
/* The CPUs in `of`, and all online CPUs that share a core with one of them. */
struct sh_cpus sh_topology_cores(const struct sh_topology *t, const struct sh_cpus *of);

#endif

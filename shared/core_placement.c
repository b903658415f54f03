/* SPDX-License-Identifier: Apache-2.0 */
#include "shared/core_placement.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { LIST = 96 };

__attribute__((format(printf, 2, 3))) static void add(struct sh_core_placement *p, const char *fmt, ...)
{
	va_list args;

	if (p->count == SH_NOTICES)
		return;
	va_start(args, fmt);
	vsnprintf(p->notice[p->count].text, sizeof(p->notice[0].text), fmt, args);
	va_end(args);
	p->count++;
}

/* dataplane.cores holds the agent's CPU first, then one per worker. */
static struct sh_cpus worker_cpus(const struct sh_config *c)
{
	struct sh_cpus out = {{0}};

	for (uint32_t i = 1; i < c->dataplane.core_count; i++)
		sh_cpus_add(&out, c->dataplane.core[i]);
	return out;
}

static const char *whose(uint32_t i, char out[24])
{
	if (i == 0)
		return "the agent";
	snprintf(out, 24, "worker %u", i - 1);
	return out;
}

static void check_online(struct sh_core_placement *p, const struct sh_config *c, const struct sh_topology *t)
{
	char name[24], list[LIST];

	for (uint32_t i = 0; i < c->dataplane.core_count; i++)
		if (!sh_cpus_has(&t->online, c->dataplane.core[i]))
			add(p, "dataplane.cores: %s has CPU %u, which is not online: there are %s",
				whose(i, name), c->dataplane.core[i],
				sh_cpus_format(&t->online, list, sizeof(list)));
}

/*
 * The agent and the workers must not share cores: two hyper-threads of a core are half as fast
 * each.
 */
static void check_shared(struct sh_core_placement *p, const struct sh_config *c, const struct sh_topology *t)
{
	const uint32_t *cpu = c->dataplane.core;
	char a[24], b[24];

	for (uint32_t i = 1; i < c->dataplane.core_count; i++)
		for (uint32_t k = 0; k < i; k++) {
			if (t->core[cpu[i]] != t->core[cpu[k]])
				continue;
			if (cpu[i] == cpu[k])
				add(p, "%s and %s are both on CPU %u: give each its own in dataplane.cores",
					whose(k, a), whose(i, b), cpu[i]);
			else
				add(p,
					"%s (CPU %u) and %s (CPU %u) share a core as its hyper-threads: take "
					"another for one in dataplane.cores",
					whose(k, a), cpu[k], whose(i, b), cpu[i]);
		}
}

/* Reports the workers that are not on the NUMA node of the port. */
static void check_remote(struct sh_core_placement *p, const struct sh_config *c, const struct sh_topology *t,
	const struct sh_core_placement_port *port)
{
	struct sh_cpus away = worker_cpus(c);
	char list[LIST], near[LIST];

	if (port->node < 0 || (uint32_t)port->node >= t->nodes)
		return;
	away = sh_cpus_minus(&away, &t->node[port->node]);
	if (sh_cpus_count(&away) == 0)
		return;
	add(p,
		"port %s is on NUMA node %d, the workers of CPU %s are not: take dataplane.cores from %s, or "
		"a "
		"NIC in another slot",
		port->device, port->node, sh_cpus_format(&away, list, sizeof(list)),
		sh_cpus_format(&t->node[port->node], near, sizeof(near)));
}

static void check_kernel(struct sh_core_placement *p, const struct sh_config *c, const struct sh_topology *t)
{
	struct sh_cpus all = worker_cpus(c), set;
	char list[LIST], workers[LIST];

	sh_cpus_format(&all, workers, sizeof(workers));
	set = sh_cpus_minus(&all, &t->isolated);
	if (sh_cpus_count(&set) > 0)
		add(p,
			"CPU %s: not isolated, other processes may run on the workers' cores: boot with "
			"isolcpus=%s",
			sh_cpus_format(&set, list, sizeof(list)), workers);
	set = sh_cpus_minus(&all, &t->nohz_full);
	if (sh_cpus_count(&set) > 0)
		add(p, "CPU %s: the timer interrupts the workers: boot with nohz_full=%s rcu_nocbs=%s",
			sh_cpus_format(&set, list, sizeof(list)), workers, workers);
	set = sh_cpus_both(&all, &t->powersave);
	if (sh_cpus_count(&set) > 0) {
		sh_cpus_format(&set, list, sizeof(list));
		add(p, "CPU %s: under the powersave governor: cpupower -c %s frequency-set -g performance",
			list, list);
	}
}

static void check_memory(struct sh_core_placement *p, const struct sh_config *c, const struct sh_topology *t)
{
	struct sh_cpus all = worker_cpus(c);

	if (!c->dataplane.hugepages) {
		add(p, "dataplane.hugepages is off, 4 KiB pages cost CPU time for every viewer: reserve some "
		       "(sysctl vm.nr_hugepages=1024) and turn it on");
		return;
	}
	for (uint32_t i = 0; i < t->nodes; i++) {
		struct sh_cpus here = sh_cpus_both(&all, &t->node[i]);

		if (sh_cpus_count(&here) > 0 && t->hugepages[i] == 0)
			add(p,
				"NUMA node %u has workers and no hugepages: reserve some in "
				"/sys/devices/system/node/node%u/hugepages",
				i, i);
	}
}

void sh_core_placement_check(struct sh_core_placement *p, const struct sh_config *c,
	const struct sh_topology *t, const struct sh_core_placement_port *port, uint32_t ports)
{
	bool nic = false;

	memset(p, 0, sizeof(*p));
	for (uint32_t i = 0; i < ports; i++)
		nic |= port[i].pci;
	if (c->dataplane.core_count == 0) {
		if (!nic)
			return; /* a trial with a virtual device needs no placement */
		add(p, "dataplane.cores is empty: workers float over all CPUs; give the agent and each "
		       "worker "
		       "one of its own");
		check_memory(p, c, t);
		return;
	}
	check_online(p, c, t);
	for (uint32_t i = 0; i < ports; i++)
		check_remote(p, c, t, &port[i]);
	check_shared(p, c, t);
	check_memory(p, c, t);
	check_kernel(p, c, t);
}

enum sh_control_placement sh_core_placement_control(struct sh_cpus *out, int *node, const struct sh_config *c,
	const struct sh_topology *t, const struct sh_cpus *allowed)
{
	struct sh_cpus workers = worker_cpus(c), cores = sh_topology_cores(t, &workers), near;
	enum sh_control_placement how = SH_CONTROL_APART;
	int agent = c->dataplane.core_count > 0 ? sh_topology_node(t, c->dataplane.core[0]) : -1;

	*node = -1;
	*out = sh_cpus_minus(allowed, &cores);
	if (sh_cpus_count(out) == 0) {
		how = SH_CONTROL_SIBLINGS;
		*out = sh_cpus_minus(allowed, &workers);
	}
	if (sh_cpus_count(out) == 0) {
		*out = *allowed;
		return SH_CONTROL_NOWHERE;
	}
	if (agent < 0)
		return how;
	near = sh_cpus_both(out, &t->node[agent]);
	if (sh_cpus_count(&near) > 0) {
		*out = near;
		*node = agent;
	}
	return how;
}

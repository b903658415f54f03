/* SPDX-License-Identifier: Apache-2.0 */

/* Checks memory and cores: hugepages, and what shared/core_placement.h says of the cores. */

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "shared/core_placement.h"
#include "tools/ctl/machine/doctor.h"

enum { MIB = 1 << 20, MBUF_BYTES = 2432 /* a packet buffer with its room for a frame */ };

static struct sh_cpus worker_cpus(const struct sh_config *c)
{
	struct sh_cpus out = {{0}};

	for (uint32_t i = 1; i < c->dataplane.core_count; i++)
		sh_cpus_add(&out, c->dataplane.core[i]);
	return out;
}

/* Whether a node needs hugepages: it has workers, or nothing says where they run. */
static bool is_used(const struct doctor *d, uint32_t node)
{
	struct sh_cpus workers = worker_cpus(d->config);
	struct sh_cpus here = sh_cpus_both(&workers, &d->machine.topology.node[node]);

	return sh_cpus_count(&workers) == 0 || sh_cpus_count(&here) > 0;
}

static void check_node_memory(struct doctor *d, uint32_t node, uint64_t needed)
{
	uint64_t all = machine_hugepage_bytes(&d->machine, node, false);
	uint64_t unused = machine_hugepage_bytes(&d->machine, node, true);
	static const char reserve[] =
		"boot with default_hugepagesz=1G hugepagesz=1G hugepages=8, or sysctl vm.nr_hugepages=2048";

	if (all == 0)
		doctor_say(d, "hugepages", DOCTOR_FAULT, reserve, "node %u has workers and no hugepages",
			node);
	else if (all < needed)
		doctor_say(d, "hugepages", DOCTOR_FAULT, reserve,
			"node %u has %" PRIu64 " MiB, and dataplane.mbufs alone needs %" PRIu64 " MiB", node,
			all / MIB, needed / MIB);
	else if (unused < needed && !machine_has(&d->machine, "%s/dataplane.sock", d->config->run_dir))
		doctor_say(d, "hugepages", DOCTOR_WARNING,
			"see who has them: lsof +D /dev/hugepages; the files of a data plane that was killed "
			"stay there",
			"node %u has %" PRIu64 " MiB, of which %" PRIu64 " MiB are free and %" PRIu64
			" MiB are needed, though no data plane runs",
			node, all / MIB, unused / MIB, needed / MIB);
	else
		doctor_say(d, "hugepages", DOCTOR_OK, NULL,
			"node %u has %" PRIu64 " MiB, %" PRIu64 " MiB free", node, all / MIB, unused / MIB);
}

void doctor_check_memory(struct doctor *d)
{
	const struct sh_config *c = d->config;
	uint64_t needed = (uint64_t)c->dataplane.mbufs * MBUF_BYTES;

	if (!c->dataplane.hugepages && doctor_has_nic(d)) {
		doctor_say(d, "hugepages", DOCTOR_WARNING, "reserve some and set dataplane.hugepages",
			"not used: 4 KiB pages cost CPU time for every viewer");
		return;
	}
	if (!c->dataplane.hugepages) {
		doctor_say(d, "hugepages", DOCTOR_OK, NULL, "not used: enough for a trial");
		return;
	}
	if (!machine_has_word(&d->machine, "/proc/mounts", "hugetlbfs"))
		doctor_say(d, "hugepages", DOCTOR_FAULT, "mount -t hugetlbfs nodev /dev/hugepages",
			"no hugetlbfs is mounted");
	if (d->machine.topology.nodes == 0)
		doctor_say(d, "hugepages", DOCTOR_WARNING, "grep Huge /proc/meminfo",
			"the kernel does not say how many there are");
	for (uint32_t i = 0; i < d->machine.topology.nodes; i++)
		if (is_used(d, i))
			check_node_memory(d, i, needed);
}

/*
 * --- cores
 * -------------------------------------------------------------------------------------------
 */

/* The remedy is a part of the notice. Memory is checked above. */
static void say_notice(struct doctor *d, const char *notice)
{
	bool fault = strstr(notice, "which is not online") || strstr(notice, "are both on CPU");

	if (strstr(notice, "hugepages"))
		return;
	doctor_say(d, "cores", fault ? DOCTOR_FAULT : DOCTOR_WARNING, NULL, "%s", notice);
}

/* The kernel may run something on the other hyper-thread of a worker's core. */
static void check_siblings(struct doctor *d)
{
	const struct sh_topology *t = &d->machine.topology;
	struct sh_cpus workers = worker_cpus(d->config), others = sh_topology_cores(t, &workers);
	char list[96], remedy[200];

	others = sh_cpus_minus(&others, &workers);
	others = sh_cpus_minus(&others, &t->isolated);
	if (sh_cpus_count(&others) == 0)
		return;
	sh_cpus_format(&others, list, sizeof(list));
	snprintf(remedy, sizeof(remedy), "add them to isolcpus=, or switch them off: chcpu -d %s", list);
	doctor_say(d, "cores", DOCTOR_WARNING, remedy,
		"CPU %s are the hyper-threads beside workers, and other processes may run there", list);
}

static void check_control(struct doctor *d)
{
	struct sh_cpus out;
	int node;

	switch (sh_core_placement_control(&out, &node, d->config, &d->machine.topology,
		&d->machine.topology.online)) {
	case SH_CONTROL_APART:
		break;
	case SH_CONTROL_SIBLINGS:
		doctor_say(d, "cores", DOCTOR_WARNING, "leave a core to it",
			"the control plane has only hyper-threads of workers' cores");
		break;
	case SH_CONTROL_NOWHERE:
		doctor_say(d, "cores", DOCTOR_FAULT, "leave a core to it",
			"no CPU is left for the control plane");
		break;
	}
}

void doctor_check_cores(struct doctor *d)
{
	const struct sh_config *c = d->config;
	struct sh_core_placement_port port[SH_MAX_PORTS];
	struct sh_core_placement found;
	unsigned before = d->count[DOCTOR_WARNING] + d->count[DOCTOR_FAULT];

	for (uint32_t i = 0; i < c->network.port_count; i++) {
		const char *device = c->network.port[i].device;
		bool pci = machine_is_pci(device);

		port[i] = (struct sh_core_placement_port){
			.device = device, .pci = pci, .node = pci ? machine_node(&d->machine, device) : -1};
	}
	sh_core_placement_check(&found, c, &d->machine.topology, port, c->network.port_count);
	for (uint32_t i = 0; i < found.count; i++)
		say_notice(d, found.notice[i].text);
	if (c->dataplane.core_count > 0) {
		check_siblings(d);
		check_control(d);
	}
	if (before == d->count[DOCTOR_WARNING] + d->count[DOCTOR_FAULT])
		doctor_say(d, "cores", DOCTOR_OK, NULL, "%s",
			c->dataplane.core_count > 0 ? "each worker has one of its own"
						    : "not assigned: enough for a trial");
}

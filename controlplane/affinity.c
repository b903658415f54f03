/* SPDX-License-Identifier: Apache-2.0 */
#include "controlplane/affinity.h"

#include <errno.h>
#include <numa.h>
#include <stdio.h>
#include <string.h>

#include "shared/core_placement.h"
#include "shared/log.h"

enum { LIST = 256 };

static struct sh_cpus allowed_cpus(void)
{
	struct bitmask *mask = numa_allocate_cpumask();
	struct sh_cpus out = {{0}};

	if (numa_sched_getaffinity(0, mask) >= 0)
		for (unsigned i = 0; i < SH_CPUS_MAX; i++)
			if (numa_bitmask_isbitset(mask, i))
				sh_cpus_add(&out, i);
	numa_bitmask_free(mask);
	return out;
}

static int run_on(const struct sh_cpus *cpus)
{
	struct bitmask *mask = numa_allocate_cpumask();
	int error = 0;

	for (unsigned i = 0; i < SH_CPUS_MAX; i++)
		if (sh_cpus_has(cpus, i))
			numa_bitmask_setbit(mask, i);
	if (numa_sched_setaffinity(0, mask) < 0)
		error = errno;
	numa_bitmask_free(mask);
	return error;
}

static int bad(const struct sh_config *c, const char *what, char *err, size_t err_size)
{
	sh_log(SH_LOG_WARN, "bad-placement what=\"%s\"", what);
	if (c->dataplane.bad_placement != SH_BAD_PLACEMENT_REFUSE)
		return 0;
	snprintf(err, err_size, "%s (dataplane.bad_placement is refuse)", what);
	return ENODEV;
}

int cp_affinity_apply(const struct sh_config *c, char *err, size_t err_size)
{
	static struct sh_topology topology;
	struct sh_cpus allowed, chosen;
	char list[LIST];
	int node, error;

	if (c->dataplane.core_count == 0)
		return 0;
	sh_topology_read(&topology, "/sys");
	allowed = allowed_cpus();
	switch (sh_core_placement_control(&chosen, &node, c, &topology, &allowed)) {
	case SH_CONTROL_NOWHERE:
		return bad(c,
			"the control plane has no CPU but the workers': leave it one that is not in "
			"dataplane.cores",
			err, err_size);
	case SH_CONTROL_SIBLINGS:
		error = bad(c,
			"the control plane has no CPU but the hyper-threads of the workers' cores: leave it "
			"a core of its own",
			err, err_size);
		if (error != 0)
			return error;
		break;
	case SH_CONTROL_APART:
		break;
	}
	error = run_on(&chosen);
	if (error != 0) {
		sh_log(SH_LOG_WARN, "placement reason=\"%s\"", strerror(error));
		return 0;
	}
	if (node >= 0 && numa_available() >= 0)
		numa_set_preferred(node);
	sh_log(SH_LOG_INFO, "placement cpus=%s numa_node=%d", sh_cpus_format(&chosen, list, sizeof(list)),
		node);
	return 0;
}

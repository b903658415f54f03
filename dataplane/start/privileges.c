/* SPDX-License-Identifier: Apache-2.0 */
#include "dataplane/start/privileges.h"

#include <stdbool.h>
#include <unistd.h>

#include <rte_eal.h>

#include "shared/log.h"
#include "shared/privileges/capabilities.h"
#include "shared/privileges/privileges.h"
#include "shared/privileges/system_calls.h"

static struct sh_privileges privileges;

/* NUMA policies of memory that DPDK adds to its heaps while it runs. */
static const char *const more[] = {"get_mempolicy", "set_mempolicy", "mbind", "fallocate", "flock", NULL};

int dp_privileges_limit(const struct sh_config *c, char *err, size_t err_size)
{
	int error = sh_privileges_limit(&privileges, SH_CAP_ALL, err, err_size);

	if (error == 0 && privileges.root)
		error = sh_data_user(&privileges.user, c, err, err_size);
	if (error == 0)
		sh_privileges_lock_memory();
	return error;
}

/* Without an IOMMU, DPDK looks up the physical addresses of hugepages, also when a heap grows. */
static bool needs_root(void)
{
	return rte_eal_has_hugepages() && rte_eal_iova_mode() == RTE_IOVA_PA;
}

int dp_privileges_drop(char *err, size_t err_size)
{
	int error = 0;

	if (needs_root())
		sh_log(SH_LOG_WARN, "privileges-kept reason=\"memory by physical addresses: use an IOMMU\"");
	else
		error = sh_privileges_drop(&privileges, err, err_size);
	if (error != 0)
		return error;
	(void)sh_system_calls_restrict(more);
	sh_log(SH_LOG_INFO, "privileges uid=%u gid=%u", geteuid(), getegid());
	return 0;
}

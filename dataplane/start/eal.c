/* SPDX-License-Identifier: Apache-2.0 */
#include "dataplane/start/eal.h"

#include <errno.h>
#include <linux/capability.h>
#include <net/if.h>
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <rte_eal.h>
#include <rte_errno.h>

#include "dataplane/device/ports.h"
#include "dataplane/start/dpdk_log.h"
#include "shared/log.h"

enum {
	MAX_ARGS = 24 + SH_MAX_PORTS * 2 + SH_MAX_EAL_ARGS,
	ARG_SIZE = SH_NAME_MAX + SH_ARGS_MAX + 16,
	CPUS_SIZE = 256
};

/* The arguments of EAL. pointer[] is its argv: entries of text[], and `lcores`, which is longer. */
struct args {
	int count;
	char text[MAX_ARGS][ARG_SIZE];
	char lcores[(SH_MAX_WORKERS + 1) * (CPUS_SIZE + 8)];
	char *pointer[MAX_ARGS + 1];
};

__attribute__((format(printf, 2, 3))) static void add_argument(struct args *a, const char *fmt, ...)
{
	va_list list;

	va_start(list, fmt);
	vsnprintf(a->text[a->count], ARG_SIZE, fmt, list);
	va_end(list);
	a->pointer[a->count] = a->text[a->count];
	a->count++;
}

static bool have_net_admin(void)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct data[2] = {0};

	return syscall(SYS_capget, &header, data) == 0 && (data[0].effective & 1u << CAP_NET_ADMIN);
}

static int check_tap(const struct sh_config_port *p, char *err, size_t err_size)
{
	char name[SH_ARGS_MAX];
	int error;

	dp_port_tap_name(p, name, sizeof(name));
	if (strlen(name) >= IFNAMSIZ) {
		snprintf(err, err_size, "port %s: the interface name \"%s\" is longer than %d", p->device,
			name, IFNAMSIZ - 1);
		return ENAMETOOLONG;
	}
	if (access("/dev/net/tun", R_OK | W_OK) != 0) {
		error = errno;
		snprintf(err, err_size, "port %s: /dev/net/tun cannot be opened: %s", p->device,
			strerror(error));
		return error;
	}
	if (!have_net_admin()) {
		snprintf(err, err_size, "port %s: making the interface %s needs root or CAP_NET_ADMIN",
			p->device, name);
		return EPERM;
	}
	if (if_nametoindex(name) != 0) {
		snprintf(err, err_size,
			"port %s: an interface named %s is there already; is another spate-dataplane "
			"running?",
			p->device, name);
		return EEXIST;
	}
	return 0;
}

/* Whether sysfs shows a free hugepage of 2 MB or 1 GB. */
static bool have_hugepages(void)
{
	static const char *const files[] = {
		"/sys/kernel/mm/hugepages/hugepages-2048kB/free_hugepages",
		"/sys/kernel/mm/hugepages/hugepages-1048576kB/free_hugepages",
	};
	unsigned long n = 0;

	for (unsigned i = 0; n == 0 && i < RTE_DIM(files); i++) {
		FILE *f = fopen(files[i], "re");

		if (!f)
			continue;
		if (fscanf(f, "%lu", &n) != 1)
			n = 0;
		fclose(f);
	}
	return n > 0;
}

int dp_eal_check(const struct sh_config *c, char *err, size_t err_size)
{
	for (uint32_t i = 0; i < c->network.port_count; i++) {
		const struct sh_config_port *p = &c->network.port[i];
		int error = dp_port_is_tap(p) ? check_tap(p, err, err_size) : 0;

		if (error)
			return error;
	}
	if (c->dataplane.hugepages && !have_hugepages()) {
		snprintf(err, err_size,
			"dataplane.hugepages is on, and the kernel has no free hugepage: reserve some "
			"(sysctl vm.nr_hugepages=1024) or turn it off");
		return ENOMEM;
	}
	return 0;
}

/* Lists the CPUs that this process may use, as in "0-3,8-8". EAL refuses any other. */
static void list_cpus(char *out, size_t size)
{
	size_t at = 0;
	cpu_set_t set;

	out[0] = '\0';
	if (sched_getaffinity(0, sizeof(set), &set) != 0)
		CPU_ZERO(&set);
	for (int i = 0; i < CPU_SETSIZE && at + 12 < size; i++) {
		int last = i;

		if (!CPU_ISSET(i, &set))
			continue;
		while (last + 1 < CPU_SETSIZE && CPU_ISSET(last + 1, &set))
			last++;
		at += (size_t)snprintf(out + at, size - at, "%s%d-%d", at ? "," : "", i, last);
		i = last;
	}
}

/*
 * Builds the --lcores argument. Lcore 0 is the agent's, and lcore i + 1 is worker i's. Each runs on
 * its configured CPU, or, if none is configured, on any CPU of this process.
 */
static void list_lcores(char *out, size_t size, const struct sh_config *c)
{
	char cpus[CPUS_SIZE];
	size_t at = 0;

	list_cpus(cpus, sizeof(cpus));
	for (uint32_t i = 0; i <= c->dataplane.workers; i++) {
		const char *comma = i ? "," : "";

		if (c->dataplane.core_count)
			at += (size_t)snprintf(out + at, size - at, "%s%u@%u", comma, i,
				c->dataplane.core[i]);
		else
			at += (size_t)snprintf(out + at, size - at, "%s%u@(%s)", comma, i, cpus);
	}
}

static void add_devices(struct args *a, const struct sh_config *c)
{
	bool pci = false;

	for (uint32_t i = 0; i < c->network.port_count; i++) {
		const struct sh_config_port *p = &c->network.port[i];
		const char *comma = p->args[0] ? "," : "";

		pci |= dp_port_is_pci(p);
		add_argument(a, "%s=%s%s%s", dp_port_is_pci(p) ? "--allow" : "--vdev", p->device, comma,
			p->args);
	}
	if (pci)
		return;
	add_argument(a, "--no-pci");
	add_argument(a, "--iova-mode=va"); /* virtual devices need no physical addresses */
}

static void build_arguments(struct args *a, const struct sh_config *c, unsigned megabytes)
{
	add_argument(a, "spate-dataplane");
	list_lcores(a->lcores, sizeof(a->lcores), c);
	add_argument(a, "--lcores");
	a->pointer[a->count++] = a->lcores;
	add_argument(a, "--main-lcore=0");
	add_argument(a, "--file-prefix=spate");
	add_argument(a, "--no-shconf");
	add_argument(a, "--no-telemetry");
	/*
	 * The TAP driver logs refused flow rules as errors, which our own line about steering
	 * reports already. This argument precedes the general one, because for a driver that is
	 * loaded later the first argument that matches applies.
	 */
	if (c->log_level != SH_LOG_DEBUG)
		add_argument(a, "--log-level=pmd.net.tap:critical");
	add_argument(a, "--log-level=*:%s", c->log_level == SH_LOG_DEBUG ? "info" : "error");
	if (!c->dataplane.hugepages) {
		add_argument(a, "--no-huge");
		add_argument(a, "-m");
		add_argument(a, "%u", megabytes);
	} else {
		/* Hugepages come from memfds: a heap that grows later needs no right to a directory. */
		add_argument(a, "--in-memory");
	}
	add_devices(a, c);
	for (uint32_t i = 0; i < c->dataplane.eal_arg_count; i++)
		add_argument(a, "%s", c->dataplane.eal_arg[i]);
}

int dp_eal_start(const struct sh_config *c, unsigned megabytes, char *err, size_t err_size)
{
	struct args *a = calloc(1, sizeof(*a));
	int n, error;

	if (!a) {
		snprintf(err, err_size, "no memory");
		return ENOMEM;
	}
	build_arguments(a, c, megabytes);
	for (int i = 0; i < a->count; i++)
		sh_log(SH_LOG_DEBUG, "eal-argument %s", a->pointer[i]);
	/* DPDK then makes its directories in run_dir/dpdk. */
	setenv("RUNTIME_DIRECTORY", c->run_dir, 1);
	error = dp_dpdk_log_open();
	if (error) {
		free(a);
		snprintf(err, err_size, "DPDK's log: %s", strerror(error));
		return error;
	}
	n = rte_eal_init(a->count, a->pointer);
	free(a);
	if (n >= 0)
		return 0;
	snprintf(err, err_size, "DPDK does not start: %s", rte_strerror(rte_errno));
	return rte_errno ? rte_errno : EIO;
}

void dp_eal_stop(void)
{
	rte_eal_cleanup();
}

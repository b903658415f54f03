/* SPDX-License-Identifier: Apache-2.0 */

/* Topologies read from made-up trees of sysfs, and what is said of cores chosen there. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <errno.h>
#include <ftw.h>
#include <sys/stat.h>

#include "shared/core_placement.h"

/* --- a tree ------------------------------------------------------------------------- */

static char root[64];

__attribute__((format(printf, 2, 3))) static void put(const char *text, const char *fmt, ...)
{
	char path[512];
	va_list args;
	int at = snprintf(path, sizeof(path), "%s/devices/system/", root);
	FILE *f;

	va_start(args, fmt);
	vsnprintf(path + at, sizeof(path) - (size_t)at, fmt, args);
	va_end(args);
	for (char *slash = strchr(path + strlen(root), '/'); slash; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		assert_true(mkdir(path, 0700) == 0 || errno == EEXIST);
		*slash = '/';
	}
	f = fopen(path, "we");
	assert_non_null(f);
	fprintf(f, "%s\n", text);
	fclose(f);
}

/*
 * Two sockets of four cores, two threads each, numbered as Linux does: socket 0 has CPUs
 * 0-3 and their second threads 8-11, socket 1 the others. CPUs 2-7 and 10-15 isolated.
 */
static int make_tree(void **state)
{
	char text[32];

	strcpy(root, "/tmp/spate-topology-XXXXXX");
	assert_non_null(mkdtemp(root));
	put("0-15", "cpu/online");
	put("2-7,10-15", "cpu/isolated");
	put("2-7,10-15", "cpu/nohz_full");
	for (unsigned i = 0; i < 16; i++) {
		snprintf(text, sizeof(text), "%u,%u", i % 8, i % 8 + 8);
		put(text, "cpu/cpu%u/topology/thread_siblings_list", i);
		put("performance", "cpu/cpu%u/cpufreq/scaling_governor", i);
	}
	put("0-1", "node/online");
	put("0-3,8-11", "node/node0/cpulist");
	put("4-7,12-15", "node/node1/cpulist");
	for (unsigned i = 0; i < 2; i++) {
		put("512", "node/node%u/hugepages/hugepages-2048kB/nr_hugepages", i);
		put("0", "node/node%u/hugepages/hugepages-1048576kB/nr_hugepages", i);
	}
	return 0;
}

static int remove_one(const char *path, const struct stat *st, int kind, struct FTW *ftw)
{
	return remove(path);
}

static int remove_tree(void **state)
{
	return nftw(root, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

/* --- what is said ------------------------------------------------------------------------ */

static struct sh_topology topology;
static struct sh_core_placement placement;

/* The agent on the first core, workers on the others, hugepages on, a NIC on node 0. */
static struct sh_config config_of(const uint32_t *core, uint32_t cores)
{
	struct sh_config c;

	sh_config_defaults(&c);
	c.dataplane.hugepages = true;
	c.dataplane.core_count = cores;
	c.dataplane.workers = cores - 1;
	memcpy(c.dataplane.core, core, cores * sizeof(*core));
	return c;
}

static void check(const struct sh_config *c, int node)
{
	const struct sh_core_placement_port port = {.device = "0000:3b:00.0", .pci = true, .node = node};

	sh_topology_read(&topology, root);
	sh_core_placement_check(&placement, c, &topology, &port, 1);
}

static void assert_said(const char *text)
{
	for (uint32_t i = 0; i < placement.count; i++)
		if (strstr(placement.notice[i].text, text))
			return;
	for (uint32_t i = 0; i < placement.count; i++)
		print_message("%s\n", placement.notice[i].text);
	fail_msg("nothing said \"%s\"", text);
}

static const uint32_t good_cores[] = {1, 2, 3};

static void good(void **state)
{
	struct sh_config c = config_of(good_cores, 3);

	check(&c, 0);
	assert_int_equal(placement.count, 0);
	check(&c, -1); /* a device that is on no node */
	assert_int_equal(placement.count, 0);
	check(&c, 9); /* nor on one that is there */
	assert_int_equal(placement.count, 0);
}

static void topology_read(void **state)
{
	struct sh_cpus two = sh_cpus_parse("2,5");
	char text[64];

	sh_topology_read(&topology, root);
	assert_int_equal(sh_topology_node(&topology, 3), 0);
	assert_int_equal(sh_topology_node(&topology, 12), 1);
	assert_int_equal(sh_topology_node(&topology, 16), -ENOENT);
	assert_int_equal(topology.core[10], 2);
	assert_int_equal(topology.core[2], 2);
	assert_int_equal(topology.hugepages[1], 512);
	two = sh_topology_cores(&topology, &two);
	assert_string_equal(sh_cpus_format(&two, text, sizeof(text)), "2,5,10,13");
}

static void remote(void **state)
{
	struct sh_config c = config_of(good_cores, 3);

	check(&c, 1);
	assert_int_equal(placement.count, 1);
	assert_said("port 0000:3b:00.0 is on NUMA node 1, the workers of CPU 2-3 are not: take "
		    "dataplane.cores "
		    "from 4-7,12-15");
	c.dataplane.core[2] = 4;
	check(&c, 1);
	assert_int_equal(placement.count, 1);
	assert_said("the workers of CPU 2 are not");
}

static void shared_cores(void **state)
{
	const uint32_t threads[] = {1, 2, 10}, with_agent[] = {10, 2, 3}, same[] = {1, 2, 2};
	struct sh_config c = config_of(threads, 3);

	check(&c, 0);
	assert_int_equal(placement.count, 1);
	assert_said("worker 0 (CPU 2) and worker 1 (CPU 10) share a core as its hyper-threads");
	c = config_of(with_agent, 3);
	check(&c, 0);
	assert_int_equal(placement.count, 1);
	assert_said("the agent (CPU 10) and worker 0 (CPU 2) share a core");
	c = config_of(same, 3);
	check(&c, 0);
	assert_int_equal(placement.count, 1);
	assert_said("worker 0 and worker 1 are both on CPU 2");
}

static void not_isolated(void **state)
{
	struct sh_config c = config_of(good_cores, 3);

	put("3", "cpu/isolated");
	check(&c, 0);
	assert_int_equal(placement.count, 1);
	assert_said("CPU 2: not isolated");
	assert_said("isolcpus=2-3");
	put("", "cpu/isolated");
	put("(null)", "cpu/nohz_full"); /* as kernels say that were not told */
	check(&c, 0);
	assert_int_equal(placement.count, 2);
	assert_said("CPU 2-3: not isolated");
	assert_said("CPU 2-3: the timer interrupts the workers: boot with nohz_full=2-3 rcu_nocbs=2-3");
}

static void memory(void **state)
{
	const uint32_t second_node[] = {1, 2, 4};
	struct sh_config c = config_of(good_cores, 3);

	put("0", "node/node1/hugepages/hugepages-2048kB/nr_hugepages");
	check(&c, 0);
	assert_int_equal(placement.count, 0); /* nobody works there */
	c = config_of(second_node, 3);
	check(&c, -1);
	assert_int_equal(placement.count, 1);
	assert_said("NUMA node 1 has workers and no hugepages");
	put("2", "node/node1/hugepages/hugepages-1048576kB/nr_hugepages");
	check(&c, -1);
	assert_int_equal(placement.count, 0);
	c.dataplane.hugepages = false;
	check(&c, -1);
	assert_int_equal(placement.count, 1);
	assert_said("dataplane.hugepages is off");
}

static void governor(void **state)
{
	struct sh_config c = config_of(good_cores, 3);

	put("powersave", "cpu/cpu7/cpufreq/scaling_governor"); /* nobody's */
	check(&c, 0);
	assert_int_equal(placement.count, 0);
	put("powersave", "cpu/cpu3/cpufreq/scaling_governor");
	check(&c, 0);
	assert_int_equal(placement.count, 1);
	assert_said("cpupower -c 3 frequency-set -g performance");
}

static void floating(void **state)
{
	const struct sh_core_placement_port tap = {.device = "net_tap0", .node = -1};
	struct sh_config c;

	sh_config_defaults(&c);
	check(&c, 0);
	assert_int_equal(placement.count, 2);
	assert_said("dataplane.cores is empty");
	assert_said("dataplane.hugepages is off");
	sh_core_placement_check(&placement, &c, &topology, &tap, 1);
	assert_int_equal(placement.count, 0);
}

static void offline(void **state)
{
	const uint32_t cores[] = {1, 2, 99};
	struct sh_config c = config_of(cores, 3);

	check(&c, 0);
	assert_said("worker 1 has CPU 99, which is not online: there are 0-15");
}

/* A machine that says nothing: what cannot be known is not held against it. */
static void bare(void **state)
{
	struct sh_config c = config_of(good_cores, 3);

	put("0-3", "cpu/online");
	sh_topology_read(&topology, "/nowhere");
	assert_int_equal(sh_cpus_count(&topology.online), 0);
	assert_int_equal(topology.nodes, 0);
	assert_int_equal(sh_topology_node(&topology, 0), -ENOENT);
	sh_core_placement_check(&placement, &c, &topology, NULL, 0);
	assert_said("not isolated");
}

/* --- the control plane's share ------------------------------------------------------------ */

static const char *control(const struct sh_config *c, const char *allowed, enum sh_control_placement how,
	int node)
{
	static char text[128];
	struct sh_cpus may = sh_cpus_parse(allowed), got;
	int on;

	sh_topology_read(&topology, root);
	assert_int_equal(sh_core_placement_control(&got, &on, c, &topology, &may), how);
	assert_int_equal(on, node);
	return sh_cpus_format(&got, text, sizeof(text));
}

static void control_plane(void **state)
{
	const uint32_t far_agent[] = {4, 2, 3};
	struct sh_config c = config_of(good_cores, 3);

	/* not the workers' cores, on the agent's node */
	assert_string_equal(control(&c, "0-15", SH_CONTROL_APART, 0), "0-1,8-9");
	/* nothing free there: another node is better than a worker's core */
	assert_string_equal(control(&c, "2-7,10-15", SH_CONTROL_APART, -1), "4-7,12-15");
	assert_string_equal(control(&c, "2-3,10-11", SH_CONTROL_SIBLINGS, 0), "10-11");
	assert_string_equal(control(&c, "2-3", SH_CONTROL_NOWHERE, -1), "2-3");
	c = config_of(far_agent, 3);
	assert_string_equal(control(&c, "0-15", SH_CONTROL_APART, 1), "4-7,12-15");
}

static void lists(void **state)
{
	static const struct {
		const char *text, *same;
	} rows[] = {{"", ""}, {"0", "0"}, {"0-3,8", "0-3,8"}, {"1,2,3", "1-3"}, {"(null)", ""}, {"5-", "5"},
		{"3-1", ""}, {"1022-4000000000", "1022-1023"}, {"7,x", "7"}, {"-1", ""}};
	char text[64];

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct sh_cpus s = sh_cpus_parse(rows[i].text);

		assert_string_equal(sh_cpus_format(&s, text, sizeof(text)), rows[i].same);
	}
	assert_false(sh_cpus_has(&(struct sh_cpus){{0}}, SH_CPUS_MAX));
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, make_tree, remove_tree)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(good),
		TEST(topology_read),
		TEST(remote),
		TEST(shared_cores),
		TEST(not_isolated),
		TEST(memory),
		TEST(governor),
		TEST(floating),
		TEST(offline),
		TEST(bare),
		TEST(control_plane),
		cmocka_unit_test(lists),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

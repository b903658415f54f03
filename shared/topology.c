/* SPDX-License-Identifier: Apache-2.0 */
#include "shared/topology.h"

#include <dirent.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TEXT = 4096 };

/* Reads the first line of a file; "" if it cannot be read. */
__attribute__((format(printf, 2, 3))) static void read_line(char out[TEXT], const char *fmt, ...)
{
	char path[512];
	va_list args;
	FILE *f;

	va_start(args, fmt);
	vsnprintf(path, sizeof(path), fmt, args);
	va_end(args);
	out[0] = '\0';
	f = fopen(path, "re");
	if (!f)
		return;
	if (!fgets(out, TEXT, f))
		out[0] = '\0';
	fclose(f);
	out[strcspn(out, "\n")] = '\0';
}

static void read_cpu(struct sh_topology *t, const char *root, uint32_t cpu)
{
	char text[TEXT];
	struct sh_cpus siblings;

	read_line(text, "%s/devices/system/cpu/cpu%u/topology/thread_siblings_list", root, cpu);
	siblings = sh_cpus_parse(text);
	for (uint32_t i = 0; i < cpu; i++)
		if (sh_cpus_has(&siblings, i)) {
			t->core[cpu] = (uint16_t)i;
			break;
		}
	read_line(text, "%s/devices/system/cpu/cpu%u/cpufreq/scaling_governor", root, cpu);
	if (strcmp(text, "powersave") == 0)
		sh_cpus_add(&t->powersave, cpu);
}

static uint32_t count_hugepages(const char *root, uint32_t node)
{
	char path[256], text[TEXT];
	uint32_t n = 0;
	struct dirent *e;
	DIR *d;

	snprintf(path, sizeof(path), "%s/devices/system/node/node%u/hugepages", root, node);
	d = opendir(path);
	while (d && (e = readdir(d))) {
		if (strncmp(e->d_name, "hugepages-", 10) != 0)
			continue;
		read_line(text, "%s/%s/nr_hugepages", path, e->d_name);
		n += (uint32_t)strtoul(text, NULL, 10);
	}
	if (d)
		closedir(d);
	return n;
}

static void read_nodes(struct sh_topology *t, const char *root)
{
	char text[TEXT];
	struct sh_cpus online;

	read_line(text, "%s/devices/system/node/online", root);
	online = sh_cpus_parse(text); /* node lists have the same format as CPU lists */
	for (uint32_t i = 0; i < SH_NODES_MAX; i++) {
		if (!sh_cpus_has(&online, i))
			continue;
		t->nodes = i + 1;
		read_line(text, "%s/devices/system/node/node%u/cpulist", root, i);
		t->node[i] = sh_cpus_parse(text);
		t->hugepages[i] = count_hugepages(root, i);
	}
}

void sh_topology_read(struct sh_topology *t, const char *root)
{
	char text[TEXT];

	memset(t, 0, sizeof(*t));
	read_line(text, "%s/devices/system/cpu/online", root);
	t->online = sh_cpus_parse(text);
	read_line(text, "%s/devices/system/cpu/isolated", root);
	t->isolated = sh_cpus_parse(text);
	read_line(text, "%s/devices/system/cpu/nohz_full", root); /* "(null)" if there are none */
	t->nohz_full = sh_cpus_parse(text);
	for (uint32_t i = 0; i < SH_CPUS_MAX; i++) {
		t->core[i] = (uint16_t)i;
		if (sh_cpus_has(&t->online, i))
			read_cpu(t, root, i);
	}
	read_nodes(t, root);
}

int sh_topology_node(const struct sh_topology *t, uint32_t cpu)
{
	for (uint32_t i = 0; i < t->nodes; i++)
		if (sh_cpus_has(&t->node[i], cpu))
			return (int)i;
	return -ENOENT;
}

struct sh_cpus sh_topology_cores(const struct sh_topology *t, const struct sh_cpus *of)
{
	struct sh_cpus cores = {{0}}, out = *of;

	for (uint32_t i = 0; i < SH_CPUS_MAX; i++)
		if (sh_cpus_has(of, i))
			sh_cpus_add(&cores, t->core[i]);
	for (uint32_t i = 0; i < SH_CPUS_MAX; i++)
		if (sh_cpus_has(&t->online, i) && sh_cpus_has(&cores, t->core[i]))
			sh_cpus_add(&out, i);
	return out;
}

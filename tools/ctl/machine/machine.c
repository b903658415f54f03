/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/ctl/machine/machine.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { PATH = 1024 };

void machine_read(struct machine *m, const char *root)
{
	char sys[PATH];

	m->root = root;
	snprintf(sys, sizeof(sys), "%s/sys", root);
	sh_topology_read(&m->topology, sys);
}

static __attribute__((format(printf, 3, 0))) void make_path(const struct machine *m, char out[PATH],
	const char *fmt, va_list args)
{
	int n = snprintf(out, PATH, "%s", m->root);

	vsnprintf(out + n, PATH - (size_t)n, fmt, args);
}

static bool read_line(char out[MACHINE_LINE], const char *path)
{
	FILE *f = fopen(path, "re");
	bool got = f && fgets(out, MACHINE_LINE, f);

	if (!got)
		out[0] = '\0';
	if (f)
		fclose(f);
	out[strcspn(out, "\n")] = '\0';
	return got;
}

bool machine_line(const struct machine *m, char out[MACHINE_LINE], const char *fmt, ...)
{
	char path[PATH];
	va_list args;

	va_start(args, fmt);
	make_path(m, path, fmt, args);
	va_end(args);
	return read_line(out, path);
}

long machine_number(const struct machine *m, const char *fmt, ...)
{
	char path[PATH], line[MACHINE_LINE], *end;
	va_list args;
	long n;

	va_start(args, fmt);
	make_path(m, path, fmt, args);
	va_end(args);
	if (!read_line(line, path))
		return -1;
	n = strtol(line, &end, 10);
	return end != line && *end == '\0' ? n : -1;
}

bool machine_has(const struct machine *m, const char *fmt, ...)
{
	char path[PATH];
	va_list args;

	va_start(args, fmt);
	make_path(m, path, fmt, args);
	va_end(args);
	return access(path, F_OK) == 0;
}

bool machine_link(const struct machine *m, char out[MACHINE_NAME], const char *fmt, ...)
{
	char path[PATH], target[PATH];
	const char *name;
	va_list args;
	ssize_t n;

	va_start(args, fmt);
	make_path(m, path, fmt, args);
	va_end(args);
	out[0] = '\0';
	n = readlink(path, target, sizeof(target) - 1);
	if (n <= 0)
		return false;
	target[n] = '\0';
	name = strrchr(target, '/');
	snprintf(out, MACHINE_NAME, "%.*s", MACHINE_NAME - 1, name ? name + 1 : target);
	return true;
}

bool machine_has_word(const struct machine *m, const char *file, const char *word)
{
	char path[PATH], line[MACHINE_LINE];
	bool found = false;
	FILE *f;

	snprintf(path, sizeof(path), "%s%s", m->root, file);
	f = fopen(path, "re");
	while (f && !found && fgets(line, sizeof(line), f)) {
		char *rest = line, *part;

		while (!found && (part = strsep(&rest, " \t\n")))
			found = strcmp(part, word) == 0;
	}
	if (f)
		fclose(f);
	return found;
}

/* --- PCI devices ----------------------------------------------------------------------------------- */

bool machine_is_pci(const char *device)
{
	static const char form[] = "xxxx:xx:xx.x";

	for (size_t i = 0; i < sizeof(form); i++)
		if (form[i] == 'x' ? !isxdigit((unsigned char)device[i]) : device[i] != form[i])
			return false;
	return true;
}

void machine_driver(const struct machine *m, const char *pci, char out[MACHINE_NAME])
{
	(void)machine_link(m, out, "/sys/bus/pci/devices/%s/driver", pci);
}

bool machine_is_bifurcated(const char *driver)
{
	return strcmp(driver, "mlx5_core") == 0 || strcmp(driver, "mlx4_core") == 0;
}

bool machine_interface(const struct machine *m, const char *pci, char out[MACHINE_NAME])
{
	char path[PATH];
	struct dirent *e;
	DIR *d;

	out[0] = '\0';
	snprintf(path, sizeof(path), "%s/sys/bus/pci/devices/%s/net", m->root, pci);
	d = opendir(path);
	while (d && out[0] == '\0' && (e = readdir(d)))
		if (e->d_name[0] != '.')
			snprintf(out, MACHINE_NAME, "%.*s", MACHINE_NAME - 1, e->d_name);
	if (d)
		closedir(d);
	return out[0] != '\0';
}

bool machine_pci_of(const struct machine *m, const char *interface, char out[MACHINE_NAME])
{
	if (strchr(interface, '/') || interface[0] == '.' ||
		!machine_link(m, out, "/sys/class/net/%s/device", interface) || !machine_is_pci(out))
		out[0] = '\0';
	return out[0] != '\0';
}

int machine_node(const struct machine *m, const char *pci)
{
	return (int)machine_number(m, "/sys/bus/pci/devices/%s/numa_node", pci);
}

/* --- memory ------------------------------------------------------------------------------------------ */

uint64_t machine_hugepage_bytes(const struct machine *m, uint32_t node, bool free)
{
	static const unsigned sizes_kib[] = {1048576, 2048};
	uint64_t bytes = 0;

	for (size_t i = 0; i < sizeof(sizes_kib) / sizeof(sizes_kib[0]); i++) {
		long n = machine_number(m,
			"/sys/devices/system/node/node%u/hugepages/hugepages-%ukB/%s_hugepages", node,
			sizes_kib[i], free ? "free" : "nr");

		if (n > 0)
			bytes += (uint64_t)n * sizes_kib[i] * 1024;
	}
	return bytes;
}

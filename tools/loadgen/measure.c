/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/loadgen/measure.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

/*
 * Reads utime and stime, fields 14 and 15 of a stat file (proc(5)). The process's name before them
 * may contain anything.
 */
static bool read_times(const char *path, double *user_s, double *system_s)
{
	unsigned long user, kernel;
	double tick = 1.0 / (double)sysconf(_SC_CLK_TCK);
	char text[512];
	const char *rest;
	FILE *f = fopen(path, "re");
	size_t n;

	if (!f)
		return false;
	n = fread(text, 1, sizeof(text) - 1, f);
	fclose(f);
	text[n] = '\0';
	rest = strrchr(text, ')');
	if (!rest ||
		sscanf(rest + 1, " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu", &user, &kernel) != 2)
		return false;
	*user_s = (double)user * tick;
	*system_s = (double)kernel * tick;
	return true;
}

static uint64_t read_rss(int pid)
{
	unsigned long pages = 0;
	char path[64];
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/statm", pid);
	f = fopen(path, "re");
	if (!f)
		return 0;
	if (fscanf(f, "%*u %lu", &pages) != 1)
		pages = 0;
	fclose(f);
	return (uint64_t)pages * (uint64_t)sysconf(_SC_PAGESIZE);
}

struct lg_usage lg_usage_of(int pid)
{
	struct lg_usage u = {0};
	double user, kernel;
	char path[64];

	if (pid == 0)
		return u;
	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	u.known = read_times(path, &u.user_s, &u.system_s);
	snprintf(path, sizeof(path), "/proc/%d/task/%d/stat", pid, pid);
	if (read_times(path, &user, &kernel))
		u.main_s = user + kernel;
	u.rss_bytes = read_rss(pid);
	return u;
}

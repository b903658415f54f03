/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Prints metrics of this process; the standard ones have the names of Prometheus' client libraries.
 */

#include "controlplane/operator/metrics_process.h"

#include <sys/resource.h>
#include <unistd.h>

static double cpu_seconds(void)
{
	struct rusage use;

	getrusage(RUSAGE_SELF, &use);
	return (double)(use.ru_utime.tv_sec + use.ru_stime.tv_sec) +
	       (double)(use.ru_utime.tv_usec + use.ru_stime.tv_usec) / 1e6;
}

/* Resident memory in pages: the second field of /proc/self/statm (proc(5)). 0: not known. */
static unsigned long resident_pages(void)
{
	FILE *f = fopen("/proc/self/statm", "re");
	unsigned long size = 0, resident = 0;

	if (!f)
		return 0;
	if (fscanf(f, "%lu %lu", &size, &resident) != 2)
		resident = 0;
	fclose(f);
	return resident;
}

static void count_timer(uv_handle_t *handle, void *count)
{
	if (handle->type == UV_TIMER && uv_is_active(handle))
		++*(unsigned *)count;
}

void cp_process_metrics(FILE *f, uv_loop_t *loop)
{
	unsigned timers = 0;

	uv_walk(loop, count_timer, &timers);
	fprintf(f,
		"# HELP process_cpu_seconds_total CPU time of all threads of the control plane.\n"
		"# TYPE process_cpu_seconds_total counter\n"
		"process_cpu_seconds_total %.3f\n",
		cpu_seconds());
	fprintf(f,
		"# HELP process_resident_memory_bytes Memory of the control plane.\n"
		"# TYPE process_resident_memory_bytes gauge\n"
		"process_resident_memory_bytes %lu\n",
		resident_pages() * (unsigned long)sysconf(_SC_PAGESIZE));
	fprintf(f,
		"# HELP spate_timers Active timers of the control plane's event loop.\n"
		"# TYPE spate_timers gauge\n"
		"spate_timers %u\n",
		timers);
}

/* SPDX-License-Identifier: Apache-2.0 */

/* Checks the clock and the limits of the processes; of those that run, or of this one. */

#include <ctype.h>
#include <dirent.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/timex.h>

#include "tools/ctl/machine/doctor.h"

enum { PATH = 1024, REMEDY = 200, FILES_MORE = 1024 /* beside those of clients */ };

/* --- clock ------------------------------------------------------------------------------------------- */

static bool is_synchronised(const struct doctor *d)
{
	struct timex t = {.modes = 0};

	if (machine_has(&d->machine, "/run/systemd/timesync/synchronized"))
		return true;
	/* The kernel knows it of every program that sets the clock. */
	return d->machine.root[0] == '\0' && adjtimex(&t) != TIME_ERROR && !(t.status & STA_UNSYNC);
}

static void check_clock(struct doctor *d)
{
	char source[MACHINE_LINE];

	if (is_synchronised(d))
		doctor_say(d, "clock", DOCTOR_OK, NULL, "synchronised");
	else
		doctor_say(d, "clock", DOCTOR_WARNING, "apt install chrony, or timedatectl set-ntp true",
			"not synchronised: tokens and certificates expire by it, and logs carry it");
	if (!machine_line(&d->machine, source,
		    "/sys/devices/system/clocksource/clocksource0/current_clocksource"))
		return;
	if (strcmp(source, "hpet") == 0 || strcmp(source, "acpi_pm") == 0 ||
		strcmp(source, "refined-jiffies") == 0)
		doctor_say(d, "clock", DOCTOR_WARNING,
			"see dmesg | grep -i tsc; boot with tsc=reliable if the CPU is sound",
			"the kernel reads %s, which is slow: it does not trust the CPU's TSC", source);
	else
		doctor_say(d, "clock", DOCTOR_OK, NULL, "read from %s", source);
}

/* --- limits ------------------------------------------------------------------------------------------ */

/* The directory in /proc of a process with that name (15 characters of it); "self" if none runs. */
static void find_process(const struct doctor *d, const char *name, char out[MACHINE_NAME])
{
	char path[PATH], comm[MACHINE_LINE];
	struct dirent *e;
	DIR *dir;

	snprintf(out, MACHINE_NAME, "self");
	snprintf(path, sizeof(path), "%s/proc", d->machine.root);
	dir = opendir(path);
	while (dir && (e = readdir(dir)))
		if (isdigit((unsigned char)e->d_name[0]) &&
			machine_line(&d->machine, comm, "/proc/%s/comm", e->d_name) &&
			strncmp(comm, name, 15) == 0)
			snprintf(out, MACHINE_NAME, "%.*s", MACHINE_NAME - 1, e->d_name);
	if (dir)
		closedir(dir);
}

/* The hard limit of that name, to which a process can raise its own; UINT64_MAX: unlimited. */
static bool read_limit(const struct doctor *d, const char *process, const char *name, uint64_t *out)
{
	char path[PATH], line[256], hard[32];
	bool found = false;
	FILE *f;

	snprintf(path, sizeof(path), "%s/proc/%s/limits", d->machine.root, process);
	f = fopen(path, "re");
	while (f && !found && fgets(line, sizeof(line), f))
		found = strncmp(line, name, strlen(name)) == 0 &&
			sscanf(line + strlen(name), "%*s %31s", hard) == 1;
	if (f)
		fclose(f);
	if (found)
		*out = strcmp(hard, "unlimited") == 0 ? UINT64_MAX : strtoull(hard, NULL, 10);
	return found;
}

static const char *whose(const char *process, const char *name)
{
	return strcmp(process, "self") == 0 ? "this shell" : name;
}

/* A client has a WebSocket; its two transports have no descriptors here. */
static void check_files(struct doctor *d)
{
	uint64_t needed = d->config->limit.transports / 2 + FILES_MORE, limit;
	char process[MACHINE_NAME], remedy[REMEDY];

	find_process(d, "spate-controlplane", process);
	if (!read_limit(d, process, "Max open files", &limit))
		return;
	snprintf(remedy, sizeof(remedy),
		"LimitNOFILE=%" PRIu64 " in the unit (the package's have 1048576), or ulimit -n", needed);
	if (limit < needed)
		doctor_say(d, "limits", DOCTOR_WARNING, remedy,
			"%s may open %" PRIu64
			" files, and the clients for whom limits.transports has room need %" PRIu64,
			whose(process, "the control plane"), limit, needed);
	else
		doctor_say(d, "limits", DOCTOR_OK, NULL, "%s may open %" PRIu64 " files",
			whose(process, "the control plane"), limit);
}

static void check_locked_memory(struct doctor *d)
{
	char process[MACHINE_NAME];
	uint64_t limit;

	find_process(d, "spate-dataplane", process);
	if (!read_limit(d, process, "Max locked memory", &limit))
		return;
	if (limit == UINT64_MAX)
		doctor_say(d, "limits", DOCTOR_OK, NULL, "%s may lock its memory",
			whose(process, "the data plane"));
	else
		doctor_say(d, "limits", doctor_has_nic(d) ? DOCTOR_WARNING : DOCTOR_OK,
			doctor_has_nic(d) ? "LimitMEMLOCK=infinity in the unit (the package's have it)"
					  : NULL,
			"%s may lock %" PRIu64 " KiB of memory without CAP_IPC_LOCK",
			whose(process, "the data plane"), limit / 1024);
}

void doctor_check_system(struct doctor *d)
{
	check_clock(d);
	check_files(d);
	check_locked_memory(d);
}

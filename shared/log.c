/* SPDX-License-Identifier: Apache-2.0 */
#include "shared/log.h"

#include <errno.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static char process_name[16] = "spate"; /* writer: sh_log_init, before threads are started */
static _Atomic int log_level = SH_LOG_INFO; /* writer: sh_log_init; readers: every thread */

void sh_log_init(const char *process, enum sh_log_level level)
{
	snprintf(process_name, sizeof(process_name), "%s", process);
	atomic_store(&log_level, (int)level);
}

bool sh_log_enabled(enum sh_log_level level)
{
	return (int)level <= atomic_load_explicit(&log_level, memory_order_relaxed);
}

const char *sh_log_level_name(enum sh_log_level level)
{
	static const char *const names[] = {"error", "warn", "info", "debug"};

	return (unsigned)level < sizeof(names) / sizeof(names[0]) ? names[level] : "unknown";
}

/* Writes what precedes the caller's text. Returns its length. */
static size_t put_prefix(char *line, size_t size, enum sh_log_level level)
{
	struct timespec now;
	struct tm utc;
	size_t len;

	clock_gettime(CLOCK_REALTIME, &now);
	gmtime_r(&now.tv_sec, &utc);
	len = strftime(line, size, "%Y-%m-%dT%H:%M:%S", &utc);
	return len + (size_t)snprintf(line + len, size - len, ".%03ldZ %s %s ", now.tv_nsec / 1000000,
			     sh_log_level_name(level), process_name);
}

static void write_line(const char *line, size_t len)
{
	ssize_t n;

	do
		n = write(STDERR_FILENO, line, len);
	while (n < 0 && errno == EINTR);
}

void sh_log(enum sh_log_level level, const char *fmt, ...)
{
	char line[SH_LOG_LINE_MAX];
	int saved = errno;
	size_t start, len, room;
	va_list args;
	int n;

	if (!sh_log_enabled(level))
		return;
	start = put_prefix(line, sizeof(line), level);
	room = sizeof(line) - start;
	va_start(args, fmt);
	n = vsnprintf(line + start, room, fmt, args);
	va_end(args);
	if (n < 0)
		n = 0;
	len = start + (size_t)n;
	if (len >= sizeof(line)) { /* the newline replaces the NUL */
		len = sizeof(line) - 1;
		memcpy(line + len - 3, "...", 3);
	}
	for (size_t i = start; i < len; i++)
		if ((unsigned char)line[i] < ' ' || line[i] == 0x7f)
			line[i] = '?';
	line[len++] = '\n';
	write_line(line, len);
	errno = saved;
}

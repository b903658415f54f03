/* SPDX-License-Identifier: Apache-2.0 */
#include "shared/log_level.h"

#include <errno.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "shared/log_writer.h"

static char process_name[16] = "spate"; /* writer: sh_log_init, before threads are started */
static _Atomic int log_level = SH_LOG_INFO; /* readers: every thread */

void sh_log_init(const char *process, enum sh_log_level level)
{
	snprintf(process_name, sizeof(process_name), "%s", process);
	atomic_store(&log_level, (int)level);
}

void sh_log_set_level(enum sh_log_level level)
{
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

size_t sh_log_format(char line[SH_LOG_LINE_MAX], enum sh_log_level level, const char *fmt, va_list args)
{
	size_t start = put_prefix(line, SH_LOG_LINE_MAX, level);
	int n = vsnprintf(line + start, SH_LOG_LINE_MAX - start, fmt, args);
	size_t len = start + (n > 0 ? (size_t)n : 0);

	if (len >= SH_LOG_LINE_MAX) { /* the newline replaces the NUL */
		len = SH_LOG_LINE_MAX - 1;
		memcpy(line + len - 3, "...", 3);
	}
	for (size_t i = start; i < len; i++)
		if ((unsigned char)line[i] < ' ' || line[i] == 0x7f)
			line[i] = '?';
	line[len++] = '\n';
	return len;
}

void sh_log(enum sh_log_level level, const char *fmt, ...)
{
	char line[SH_LOG_LINE_MAX];
	int saved = errno;
	va_list args;

	if (!sh_log_enabled(level))
		return;
	va_start(args, fmt);
	sh_log_put(line, sh_log_format(line, level, fmt, args));
	va_end(args);
	errno = saved;
}

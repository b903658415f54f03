/* SPDX-License-Identifier: Apache-2.0 */

/* Implements the limits of log lines that strangers can cause. */

#include <inttypes.h>
#include <pthread.h>
#include <time.h>

#include "shared/log_writer.h"

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct sh_log_limit *limits; /* those that have held a line back at least once */

static uint64_t current_second(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
	return (uint64_t)now.tv_sec;
}

/* The caller holds the lock. */
static void report(struct sh_log_limit *l)
{
	if (l->held > 0)
		sh_log(l->level, "log-limited event=%s lines=%" PRIu64, l->event, l->held);
	l->held = 0;
}

static void hold(struct sh_log_limit *l, enum sh_log_level level)
{
	l->held++;
	l->level = level;
	if (l->listed)
		return;
	l->listed = true;
	l->next = limits;
	limits = l;
}

void sh_log_report_held(void)
{
	uint64_t now = current_second();

	pthread_mutex_lock(&lock);
	for (struct sh_log_limit *l = limits; l; l = l->next)
		if (l->second != now)
			report(l);
	pthread_mutex_unlock(&lock);
}

/* Whether the line may be logged. */
static bool admit(struct sh_log_limit *l, enum sh_log_level level)
{
	uint64_t now = current_second();
	bool admitted;

	pthread_mutex_lock(&lock);
	if (l->second != now) {
		report(l);
		l->second = now;
		l->lines = 0;
	}
	admitted = l->lines < l->per_second;
	if (admitted)
		l->lines++;
	else
		hold(l, level);
	pthread_mutex_unlock(&lock);
	return admitted;
}

void sh_log_limited(struct sh_log_limit *l, enum sh_log_level level, const char *fmt, ...)
{
	char line[SH_LOG_LINE_MAX];
	va_list args;

	if (!sh_log_enabled(level) || !admit(l, level))
		return;
	va_start(args, fmt);
	sh_log_put(line, sh_log_format(line, level, fmt, args));
	va_end(args);
}

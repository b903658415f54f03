/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_SHARED_LOG_WRITER_H
#define SPATE_SHARED_LOG_WRITER_H

/*
 * Declares what the log's own files share: the formatted line, the queue in front of the writer
 * thread, and the limits that hold lines back. Others use log.h.
 */

#include <stdarg.h>
#include <stddef.h>

#include "shared/log.h"

/* Formats one line with its newline. Returns its length, at most SH_LOG_LINE_MAX. */
size_t sh_log_format(char line[SH_LOG_LINE_MAX], enum sh_log_level level, const char *fmt, va_list args)
	__attribute__((format(printf, 3, 0)));

/* Queues a line for the writer thread; without that thread, writes it at once. Any thread. */
void sh_log_put(const char *line, size_t len);

/* Logs how many lines each limit has held back in the seconds before this one. */
void sh_log_report_held(void);

#endif

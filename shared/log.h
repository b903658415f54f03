/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_SHARED_LOG_H
#define SPATE_SHARED_LOG_H

/*
 * This file declares the log of both processes: one line per event, written to stderr with one
 * write().
 *
 *   2026-11-22T11:02:03.123Z info control transport-bound room=default peer=… transport=…
 *
 * A line holds the time in UTC with milliseconds, the level, the process, then the caller's text:
 * the name of the event and key=value pairs. Workers never log, because logging makes a system
 * call.
 */

#include <stdbool.h>
#include <stddef.h>

#include "shared/config.h"

enum { SH_LOG_LINE_MAX = 1024 }; /* includes the newline; longer lines are cut and end in "..." */

/* Sets the process name ("control", "data"; copied) and the level. Defaults: "spate", info. */
void sh_log_init(const char *process, enum sh_log_level level);

/*
 * Whether events of this level are logged, for callers whose arguments are expensive to compute.
 * Any thread.
 */
bool sh_log_enabled(enum sh_log_level level);

/* Returns "error", "warn", "info" or "debug". */
const char *sh_log_level_name(enum sh_log_level level);

/*
 * Logs one line. Any thread. Control bytes in the line are replaced by '?', so that an event stays
 * on one line even if a caller forgot sh_log_text(). errno is preserved.
 */
void sh_log(enum sh_log_level level, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/*
 * Formats `len` untrusted bytes as one value of a log line. Text without special characters is
 * copied unchanged; other text is put in double quotes. Inside the quotes, a quote or backslash is
 * escaped with a backslash, and control bytes, invalid UTF-8 and characters that change the text
 * direction as \xNN. Text that does not fit is cut and ends in "...". Returns `out`, always
 * NUL-terminated; `size` >= 8.
 */
const char *sh_log_text(char *out, size_t size, const void *text, size_t len);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_SHARED_LOG_H
#define SPATE_SHARED_LOG_H

/*
 * The log of both processes: one line an event, to stderr, by one write.
 *
 *   2026-11-22T11:02:03.123Z info control transport-bound room=default peer=… transport=…
 *
 * UTC with milliseconds, level, process, then what the caller says: the event's name and
 * key=value pairs. Never called by a worker: it makes a system call.
 */

#include <stdbool.h>
#include <stddef.h>

#include "shared/config.h"

enum { SH_LOG_LINE_MAX = 1024 }; /* with its newline; what is longer ends in "..." */

/* `process` is copied ("control", "data"). Before the first call: "spate", info. */
void sh_log_init(const char *process, enum sh_log_level level);

/* For callers that would compute much only to say it. Any thread. */
bool sh_log_enabled(enum sh_log_level level);

/* "error", "warn", "info", "debug". */
const char *sh_log_level_name(enum sh_log_level level);

/*
 * Any thread. Control bytes in the finished line are replaced by '?', so that a line
 * stays a line even where a caller forgot sh_log_text(). errno is kept.
 */
void sh_log(enum sh_log_level level, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/*
 * Makes `len` bytes from the wire fit for one value of a log line: as they are where
 * they are plain, else in double quotes, with control bytes, quotes, bytes that are not
 * UTF-8 and characters that change a terminal's direction written \xNN. Cut off with
 * "..." where `size` does not hold it. Returns `out`, always terminated; size >= 8.
 */
const char *sh_log_text(char *out, size_t size, const void *text, size_t len);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_SHARED_LOG_H
#define SPATE_SHARED_LOG_H

/*
 * This file declares the log of both processes: one line per event on stderr. A thread of its own
 * writes the lines, so that no other thread ever waits for the reader of stderr.
 *
 *   2026-11-22T11:02:03.123Z info control transport-bound room=default peer=… transport=…
 *
 * A line holds the time in UTC with milliseconds, the level, the process, then the caller's text:
 * the name of the event and key=value pairs. Workers never log, because logging makes a system
 * call.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "shared/config.h"

enum { SH_LOG_LINE_MAX = 1024 }; /* includes the newline; longer lines are cut and end in "..." */

/* Sets the process name ("control", "data"; copied) and the level. Defaults: "spate", info. */
void sh_log_init(const char *process, enum sh_log_level level);

/*
 * Starts the thread that writes. Until then, and in programs that never call this, sh_log() writes
 * by itself. At exit the thread gets 0.5 s to write what is queued. Returns 0 or a positive errno.
 */
int sh_log_start(void);

/* Lets the writing thread run only on the CPUs on which the calling thread may run. */
void sh_log_move_here(void);

/* Waits until all lines so far are written, at most `ms` milliseconds. */
void sh_log_flush(unsigned ms);

/*
 * The number of lines that were lost since the start, because stderr was not read or failed. When
 * lines fit again, the line "log-lost lines=N" stands in their place. Any thread.
 */
uint64_t sh_log_lost(void);

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

/* A limit of one event's lines. Static; the members after per_second start as 0. */
struct sh_log_limit {
	const char *event; /* its name, as it begins the line */
	uint32_t per_second; /* lines */
	uint32_t lines; /* logged in `second` */
	uint64_t second;
	uint64_t held; /* lines held back and not reported yet */
	enum sh_log_level level; /* of the last line held back */
	bool listed;
	struct sh_log_limit *next;
};

enum {
	SH_LOG_REFUSALS = 10, /* per second, for refusals, which strangers can cause at any rate */
	SH_LOG_CLIENTS = 200, /* per second, for the life of clients that were admitted */
};

/*
 * Logs one line of an event that strangers can cause. Lines above the limit are counted; about a
 * second later the line "log-limited event=NAME lines=N" reports them. Any thread.
 */
void sh_log_limited(struct sh_log_limit *l, enum sh_log_level level, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/*
 * Formats `len` untrusted bytes as one value of a log line. Text without special characters is
 * copied unchanged; other text is put in double quotes. Inside the quotes, a quote or backslash is
 * escaped with a backslash, and control bytes, invalid UTF-8 and characters that change the text
 * direction as \xNN. Text that does not fit is cut and ends in "...". Returns `out`, always
 * NUL-terminated; `size` >= 8.
 */
const char *sh_log_text(char *out, size_t size, const void *text, size_t len);

#endif

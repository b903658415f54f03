/* SPDX-License-Identifier: Apache-2.0 */
#include "dataplane/start/dpdk_log.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <rte_log.h>

#include "shared/log.h"

enum { PANIC_MS = 200 }; /* time for the last lines before rte_panic() aborts the process */

static enum sh_log_level log_level(int dpdk)
{
	if (dpdk <= (int)RTE_LOG_ERR)
		return SH_LOG_ERROR;
	if (dpdk == (int)RTE_LOG_WARNING)
		return SH_LOG_WARN;
	return dpdk == (int)RTE_LOG_DEBUG ? SH_LOG_DEBUG : SH_LOG_INFO;
}

/* The stream's write function (fopencookie(3)). A message can be of several lines. */
static ssize_t write_message(void *cookie, const char *text, size_t len)
{
	int level = rte_log_cur_msg_loglevel();

	for (size_t at = 0; at < len;) {
		const char *newline = memchr(text + at, '\n', len - at);
		size_t n = newline ? (size_t)(newline - text) - at : len - at;

		if (n > 0)
			sh_log(log_level(level), "dpdk %.*s", (int)n, text + at);
		at += n + 1;
	}
	if (level <= (int)RTE_LOG_CRIT)
		sh_log_flush(PANIC_MS);
	return (ssize_t)len;
}

int dp_dpdk_log_open(void)
{
	FILE *stream = fopencookie(NULL, "w", (cookie_io_functions_t){.write = write_message});

	return stream && rte_openlog_stream(stream) == 0 ? 0 : ENOMEM;
}

/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_SHARED_STATS_ATTACH_H
#define SPATE_SHARED_STATS_ATTACH_H

/* Fetches the statistics memfd from a running data plane, for spatectl and the tests. */

#include <stddef.h>

struct sh_stats_reader;

/*
 * Connects to `run_dir`/dataplane.sock as SH_CLIENT_STATS and maps the statistics. Blocks for at
 * most 2 s per call to the socket. Returns 0, or an errno with an operator's message in `err`:
 * ENOENT and ECONNREFUSED (no data plane is running), EACCES, ETIMEDOUT, EPROTO and others.
 */
int sh_stats_attach(struct sh_stats_reader *r, const char *run_dir, char *err, size_t err_size);

#endif

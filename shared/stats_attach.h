/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_SHARED_STATS_ATTACH_H
#define SPATE_SHARED_STATS_ATTACH_H

/* Says HELLO to a running data plane and fetches its statistics memfd, for spatectl and the tests. */

#include <stddef.h>

struct sh_hello_reply;
struct sh_stats_reader;

enum { SH_HELLO_FDS = 4 }; /* most descriptors of an answer */

/*
 * Connects to `run_dir`/dataplane.sock, sends a HELLO of `len` bytes and receives the answer. 0
 * with the connected socket and the descriptors of the answer, all of which are the caller's; or an
 * errno with an operator's message in `err`, which is the refusal's if the data plane refuses.
 */
int sh_hello_exchange(const char *run_dir, const void *hello, size_t len, struct sh_hello_reply *reply,
	int *socket, int fds[SH_HELLO_FDS], int *count, char *err, size_t err_size);

/*
 * Connects to `run_dir`/dataplane.sock as SH_CLIENT_STATS and maps the statistics. Blocks for at
 * most 2 s per call to the socket. Returns 0, or an errno with an operator's message in `err`:
 * ENOENT and ECONNREFUSED (no data plane is running), EACCES, ETIMEDOUT, EPROTO and others.
 */
int sh_stats_attach(struct sh_stats_reader *r, const char *run_dir, char *err, size_t err_size);

#endif

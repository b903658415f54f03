/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_SHARED_PRIVILEGES_PRIVILEGES_H
#define SPATE_SHARED_PRIVILEGES_PRIVILEGES_H

/*
 * Takes from a process what it does not need. Strangers reach the parsers of both, so neither
 * serves anybody as root: each opens what needs root, then becomes a user of its own without
 * capabilities.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "shared/run_dir.h"

struct sh_privileges {
	bool root; /* started as root, and will become `user` */
	struct sh_user user;
	int death_signal; /* the parent-death signal (prctl(2)), which a change of user clears */
	int parent;
};

/*
 * Ends for good that a program gets more rights than it has (no_new_privs, the bounding set,
 * ambient capabilities). Each thread has its own, so call this before there are threads. Not as
 * root, it also drops all capabilities but those of `keep` (SH_CAP_*, or SH_CAP_ALL). The caller
 * sets p->user, if p->root is true afterwards. 0, or an errno with the operator's message in `err`.
 */
int sh_privileges_limit(struct sh_privileges *p, uint64_t keep, char *err, size_t err_size);

/*
 * Becomes the user, in all threads, and drops the last capabilities. Call it when all is open that
 * needs root. A process that was not started as root drops those of the calling thread. 0, or an
 * errno with the operator's message in `err`.
 */
int sh_privileges_drop(const struct sh_privileges *p, char *err, size_t err_size);

/*
 * Keeps the process's memory out of the swap space, because keys are in it: pages that exist, and
 * each later one once it is used. Needs CAP_IPC_LOCK or RLIMIT_MEMLOCK; without them it logs a
 * warning.
 */
void sh_privileges_lock_memory(void);

#endif

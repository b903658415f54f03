/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_CONTROLPLANE_PRIVILEGES_PRIVILEGES_H
#define SPATE_CONTROLPLANE_PRIVILEGES_PRIVILEGES_H

/*
 * Takes from this process what it does not need. Strangers reach its parsers, so it serves nobody
 * as root: it opens what needs root, then becomes a user of its own without capabilities.
 */

#include <stdbool.h>
#include <stddef.h>

#include "shared/config.h"
#include "shared/run_dir.h"

struct cp_privileges {
	bool root; /* started as root, and will become `user` */
	struct sh_user user;
	int death_signal; /* the parent-death signal (prctl(2)), which a change of user clears */
	int parent;
};

/*
 * Ends for good that a program gets more rights than it has (no_new_privs, the bounding set,
 * ambient capabilities). Not as root, it also drops all capabilities but the one for a port below
 * 1024. Each thread has its own, so call this before there are threads. 0, or an errno with the
 * operator's message in `err`.
 */
int cp_privileges_limit(struct cp_privileges *p, const struct sh_config *c, char *err, size_t err_size);

/*
 * Becomes the user and drops the last capabilities, in all threads. Call it when all is open that
 * needs root. 0, or an errno with the operator's message in `err`.
 */
int cp_privileges_drop(const struct cp_privileges *p, char *err, size_t err_size);

#endif

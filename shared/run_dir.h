/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_SHARED_RUN_DIR_H
#define SPATE_SHARED_RUN_DIR_H

/*
 * The run directory, in which both processes have their sockets, and the users that they
 * run as. SRTP keys pass through these sockets, so nobody else may put a socket there.
 */

#include <stddef.h>
#include <sys/types.h>

#include "shared/config.h"

/* The user ids for the default user names where the system has no such account. */
enum { SH_CONTROL_FALLBACK_UID = 61000, SH_DATA_FALLBACK_UID = 61001 };

struct sh_user {
	uid_t uid;
	gid_t gid;
};

/*
 * Finds the user that a control plane or a data plane started as root becomes (controlplane.user,
 * dataplane.user: a name or a number). Returns 0, or ENOENT with the operator's message in `err`.
 */
int sh_control_user(struct sh_user *out, const struct sh_config *c, char *err, size_t err_size);
int sh_data_user(struct sh_user *out, const struct sh_config *c, char *err, size_t err_size);

/*
 * Makes the directory if it is missing, and checks that only its owner can write to it and that the
 * owner is root or the user of this process. If this process is root, `user` may pass through it
 * afterwards. Returns 0, or an errno with the operator's message in `err`: EPERM, or mkdir's.
 */
int sh_run_dir_prepare(const char *path, const struct sh_user *user, char *err, size_t err_size);

#endif

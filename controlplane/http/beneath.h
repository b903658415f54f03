/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_CONTROLPLANE_HTTP_BENEATH_H
#define SPATE_CONTROLPLANE_HTTP_BENEATH_H

/* Opens files for a path that a stranger chose, without leaving a directory. */

/*
 * Opens `name` for reading, without a symbolic link in it, if it is beneath the directory `dir`.
 * The kernel checks that (openat2), so that no spelling of a path can evade the check. Where it
 * does not offer openat2, before Linux 5.6 or in a container whose seccomp filter does not know the
 * call, each part of the path is opened by itself, and the log says so once. A descriptor, or a
 * negative errno.
 */
int cp_open_beneath(int dir, const char *name);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_CONTROLPLANE_PRIVILEGES_KEPT_DIRECTORY_H
#define SPATE_CONTROLPLANE_PRIVILEGES_KEPT_DIRECTORY_H

/*
 * Keeps directories within reach whose parents this process cannot enter after it has dropped root,
 * such as those of a checkout below a private home directory.
 */

/* Opens the directory now, for cp_directory_open() later. One that does not exist is no error. */
void cp_directory_keep(const char *path);

/*
 * Opens the directory (O_PATH): by its path, or, if that may not be entered, as it was kept.
 * Returns a descriptor, which the caller closes, or a negative errno.
 */
int cp_directory_open(const char *path);

#endif

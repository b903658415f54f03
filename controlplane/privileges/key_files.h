/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_CONTROLPLANE_PRIVILEGES_KEY_FILES_H
#define SPATE_CONTROLPLANE_PRIVILEGES_KEY_FILES_H

/*
 * Opens the files of keys and certificates. They belong to root, and are read again on SIGHUP, when
 * this process is not root any more. A small process of its own then opens them: it knows the paths
 * of the configuration, takes no others but files in auth.key_dir, and does nothing else.
 */

#include <sys/types.h>

#include "shared/privileges/privileges.h"

/*
 * Starts the process that opens key files, if this process is root and the configuration names
 * such files. `config_file`: the configuration's; NULL: there is none. Call it before there are
 * threads. The process ends with this one. 0, or an errno.
 */
int cp_key_files_start(const struct sh_privileges *p, const struct sh_config *c, const char *config_file);

/* Paths are those of `c` from now on, which must stay. Both processes' paths must be the same. */
void cp_key_files_use(const struct sh_config *c);
/*
 * Lets the other process, if there is one, read its paths from the configuration's file again. 0,
 * or an errno: it keeps the old ones.
 */
int cp_key_files_reread(void);

/*
 * Opens a file or directory of the configuration, or a file in auth.key_dir, to read it: directly,
 * or, if this process may not, through that process. Returns a descriptor or a negative errno.
 */
int cp_key_file_open(const char *path);
/*
 * Opens such a file and reads at most `size` bytes of it. Returns the number of bytes, or a
 * negative errno.
 */
ssize_t cp_key_file_read(const char *path, char *out, size_t size);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_TOOLS_CTL_MACHINE_CONFIGURE_WRITE_H
#define SPATE_TOOLS_CTL_MACHINE_CONFIGURE_WRITE_H

/* Writes the file of "spatectl configure". */

#include <stdbool.h>

/*
 * Writes a file of its own beside `path`, checks it as the servers do, and gives it that name;
 * without `force` only if there is no such file. The file is whole at any time.
 * Returns an exit code; the operator's message was printed.
 */
int configure_write(const char *path, const char *text, bool force);

#endif

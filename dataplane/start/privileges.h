/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_DATAPLANE_START_PRIVILEGES_H
#define SPATE_DATAPLANE_START_PRIVILEGES_H

/*
 * Takes from the data plane what it needs only to start: devices, hugepages and its socket need
 * root or capabilities, packets need none.
 */

#include <stddef.h>

#include "shared/config.h"

/*
 * Finds the user that the process will become, forbids new rights, and locks the memory. Call it
 * before there are threads. 0, or an errno with the operator's message in `err`.
 */
int dp_privileges_limit(const struct sh_config *c, char *err, size_t err_size);

/*
 * Becomes that user in all threads, drops all capabilities and restricts the system calls. Call it
 * when devices and workers run. With hugepages and without an IOMMU it remains root, and logs that.
 * 0, or an errno with the operator's message in `err`.
 */
int dp_privileges_drop(char *err, size_t err_size);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_DATAPLANE_START_EAL_H
#define SPATE_DATAPLANE_START_EAL_H

/*
 * Starts and stops DPDK's environment (EAL): checks what it needs, and derives its arguments from
 * the configuration.
 */

#include <stddef.h>

#include "shared/config.h"

/*
 * Checks for the common obstacles: a TAP's name that is taken, no /dev/net/tun, no CAP_NET_ADMIN,
 * no free hugepage. 0, or errno with an operator's message in `err`.
 */
int dp_eal_check(const struct sh_config *c, char *err, size_t err_size);

/*
 * Starts EAL. `megabytes` is the memory to allocate if hugepages are off. 0, or errno with an
 * operator's message in `err`.
 */
int dp_eal_start(const struct sh_config *c, unsigned megabytes, char *err, size_t err_size);

/* Stops EAL. */
void dp_eal_stop(void);

#endif

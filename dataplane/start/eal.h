/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_DATAPLANE_START_EAL_H
#define SPATE_DATAPLANE_START_EAL_H

/* DPDK's environment: what must be there before it starts, and its arguments from the configuration. */

#include <stddef.h>

#include "shared/config.h"

/*
 * Looks for what commonly is in the way (a TAP's name taken, no /dev/net/tun, no
 * CAP_NET_ADMIN, no hugepages). 0, or errno with an operator's message in `err`.
 */
int dp_eal_check(const struct sh_config *c, char *err, size_t err_size);

/* Starts EAL. `megabytes` counts without hugepages. 0, or errno with an operator's message in `err`. */
int dp_eal_start(const struct sh_config *c, unsigned megabytes, char *err, size_t err_size);

/* Ends EAL and removes its files. */
void dp_eal_stop(const struct sh_config *c);

#endif

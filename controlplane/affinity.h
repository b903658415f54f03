/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_CONTROLPLANE_AFFINITY_H
#define SPATE_CONTROLPLANE_AFFINITY_H

/* Where this process runs: not where the data plane's workers do. */

#include <stddef.h>

#include "shared/config.h"

/*
 * Moves the calling thread, and so every thread it makes from then on, off the workers'
 * cores and to the agent's NUMA node, where its memory comes from too. 0, or ENODEV
 * with the operator's message in `err`: there is no such CPU, and dataplane.bad_placement is refuse.
 */
int cp_affinity_apply(const struct sh_config *c, char *err, size_t err_size);

#endif

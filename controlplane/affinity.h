/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_CONTROLPLANE_AFFINITY_H
#define SPATE_CONTROLPLANE_AFFINITY_H

/* Chooses the CPUs of this process, away from those of the data plane's workers. */

#include <stddef.h>

#include "shared/config.h"

/*
 * Moves the calling thread, and so every thread that it creates later, off the workers' cores and
 * to the agent's NUMA node, from which its memory is then allocated too. Does nothing without
 * dataplane.cores. A failure to move is only logged.
 * 0, or ENODEV with the operator's message in `err`: there is no CPU apart from the workers' cores,
 * and dataplane.bad_placement is refuse.
 */
int cp_affinity_apply(const struct sh_config *c, char *err, size_t err_size);

#endif

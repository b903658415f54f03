/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_DATAPLANE_PATH_NEIGHBOUR_H
#define SPATE_DATAPLANE_PATH_NEIGHBOUR_H

/*
 * Answers to neighbour requests. The parser of the worker that receives one only queues it for each
 * worker; the workers change their transports when they do their housekeeping.
 */

#include "shared/abi.h"

struct dp_worker;

/* Queues for all workers, this one included: path->remote.ip has the MAC address of path->l2. */
void dp_neighbour_learn(struct dp_worker *w, const struct sh_path *path);
/* Applies to this worker's transports what was queued for it. */
void dp_neighbours_apply(struct dp_worker *w);

#endif

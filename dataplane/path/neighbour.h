/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_DATAPLANE_PATH_NEIGHBOUR_H
#define SPATE_DATAPLANE_PATH_NEIGHBOUR_H

/*
 * Answers to neighbour requests. The worker that receives an answer only queues it for each worker
 * that has just asked for one, in the parse stage. The workers update their transports during
 * housekeeping.
 */

#include "shared/abi.h"

struct dp_worker;

/*
 * Queues an answer for the workers that may wait for one, this one included: path->remote.ip has
 * the MAC address, port and VLAN of path->l2. The other members of `path` are not used.
 */
void dp_neighbour_learn(struct dp_worker *w, const struct sh_path *path);
/*
 * Queues for the owner of path->local.port that packets along `path` must not be longer than `mtu`.
 */
void dp_neighbour_too_big(struct dp_worker *w, const struct sh_path *path, uint16_t mtu);
/* Applies the answers that are queued for this worker to its transports. */
void dp_neighbours_apply(struct dp_worker *w);

#endif

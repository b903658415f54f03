/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_DATAPLANE_PATH_NEIGHBOUR_H
#define SPATE_DATAPLANE_PATH_NEIGHBOUR_H

/* Answers to neighbour requests: any worker may receive them, and each is told of them. */

#include "shared/abi.h"

struct dp_worker;

/* Somebody says that path->remote.ip has the MAC of path->l2. All workers hear of it. */
void dp_neighbour_learn(struct dp_worker *w, const struct sh_path *path);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_DATAPLANE_WORKER_DROP_H
#define SPATE_DATAPLANE_WORKER_DROP_H

/* Drops packets, and counts each under its reason (shared/drop.h). */

#include "shared/drop.h"

struct dp_worker;
struct rte_mbuf;

/* Counts one dropped packet and frees its mbuf. `m` may be NULL if there is none. */
void dp_drop(struct dp_worker *w, struct rte_mbuf *m, enum sh_drop reason);

#endif

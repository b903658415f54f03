/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_DATAPLANE_TABLES_PROBING_H
#define SPATE_DATAPLANE_TABLES_PROBING_H

/*
 * Lists the transports of a worker that are being probed with padding (layers/probe.h), which
 * path/padding.c sends. Their number is limited; who finds no room is not sent padding, so its
 * probe fails and is repeated later.
 */

#include <stdbool.h>
#include <stdint.h>

#include "shared/ids.h"

struct dp_transport;
struct dp_worker;

enum { DP_PROBING = 1024 };

struct dp_probing {
	uint32_t count;
	uint64_t next_ns; /* when padding is due */
	uint64_t last_ns; /* when it was sent before */
	struct {
		sh_id id; /* the slot may be another transport's now */
		uint32_t slot;
	} transport[DP_PROBING];
};

/* Adds a transport unless it is listed. */
void dp_probing_add(struct dp_worker *w, const struct dp_transport *t);
/* Returns the transport at `index` if it is still probed; otherwise removes it and returns NULL. */
struct dp_transport *dp_probing_at(struct dp_worker *w, uint32_t index);

#endif

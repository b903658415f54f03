/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_DATAPLANE_PATH_EXCEPTION_H
#define SPATE_DATAPLANE_PATH_EXCEPTION_H

/* A worker's part of the exception path (device/exception.h). */

#include "shared/drop.h"

struct dp_port;
struct dp_worker;
struct rte_mbuf;

/*
 * Spate has no use for a frame that was sent to the port's MAC address or to a group, and would
 * drop it for `reason`. If the reason is only that it is not Spate's, and the port has an interface
 * of the kernel, the frame is copied into the ring to the kernel; otherwise it is dropped. Takes
 * ownership of `m`, which must be as it was received.
 */
void dp_exception_out(struct dp_worker *w, const struct dp_port *port, struct rte_mbuf *m,
	enum sh_drop reason);
/* Gives the kernel a copy of a frame that Spate has read too. `m` stays the caller's. */
void dp_exception_copy(struct dp_worker *w, const struct dp_port *port, const struct rte_mbuf *m);
/* Worker 0: sends frames of the kernel, at most a burst per port. Returns how many. */
unsigned dp_exception_in(struct dp_worker *w);

#endif

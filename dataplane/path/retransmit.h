/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_DATAPLANE_PATH_RETRANSMIT_H
#define SPATE_DATAPLANE_PATH_RETRANSMIT_H

/* Retransmits packets to a viewer from the stream's ring (RFC 4585, 6.2.1; RFC 4588). */

#include <stdbool.h>
#include <stdint.h>

#include "dataplane/path/outgoing.h"

struct dp_consumer;

/*
 * Adds the packet to `o` that one sequence number of a NACK names, if it is still in the ring and
 * if there is room. `seq` is the viewer's, in host byte order. False: the viewer exceeds its limit
 * of requests, and the rest of the NACK must be ignored.
 */
bool dp_retransmit(struct dp_worker *w, struct dp_consumer *c, uint16_t seq, struct dp_outgoing *o);

#endif

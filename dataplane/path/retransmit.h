/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_DATAPLANE_PATH_RETRANSMIT_H
#define SPATE_DATAPLANE_PATH_RETRANSMIT_H

/* Retransmission to a viewer, from the stream's ring (RFC 4585, 6.2.1; RFC 4588). */

#include <stdbool.h>
#include <stdint.h>

#include "dataplane/path/outgoing.h"

struct dp_consumer;

/* Answers one number of a NACK. False: this viewer asks for too much, the rest of it is not looked at. */
bool dp_retransmit(struct dp_worker *w, struct dp_consumer *c, uint16_t seq, struct dp_outgoing *o);

#endif

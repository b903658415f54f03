/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_DATAPLANE_PATH_STEADY_H
#define SPATE_DATAPLANE_PATH_STEADY_H

/*
 * Sends packets of a layered stream to a viewer in a steady state, which is nearly always: it
 * neither waits for a key frame nor changes its layers, and its packets come in order. What differs
 * from that is left to path/layered.h, packet by packet. The result is the same.
 */

#include <stdbool.h>
#include <stdint.h>

#include "dataplane/path/outgoing.h"

struct dp_consumer;
struct dp_stream;
struct dp_worker;

/*
 * Sends the packets of `s` from c->at up to `target`, as far as they are simple, the batch has room
 * and o->allowed lasts, but at most `room`. Advances c->at behind the packets that it has sent or
 * skipped. Returns the number of packets that it has sent.
 */
unsigned dp_send_steady(struct dp_worker *w, const struct dp_stream *s, struct dp_consumer *c,
	uint64_t target, struct dp_outgoing *o, unsigned room);

#endif

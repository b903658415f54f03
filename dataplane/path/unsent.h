/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_DATAPLANE_PATH_UNSENT_H
#define SPATE_DATAPLANE_PATH_UNSENT_H

/*
 * Notes in a viewer's ledger (rtp/loss.h) that a packet was dropped after the fan-out has counted
 * it as sent. That is rare, so the viewer is found by what the packet itself says, and packets
 * carry nothing for it.
 */

#include <stdint.h>

#include "shared/drop.h"
#include "shared/loss.h"

struct dp_transport;
struct dp_worker;
struct rte_mbuf;

/* `rtp` is the packet's RTP header. Retransmissions and padding count nowhere. */
void dp_unsent(struct dp_worker *w, const struct dp_transport *t, const uint8_t *rtp, enum sh_loss reason);
/*
 * The frame `m`, a live packet to a viewer, was dropped from the queue before the device. Of
 * fragments, the first one names the viewer. For dp_worker.unsent.
 */
void dp_unsent_frame(struct dp_worker *w, const struct rte_mbuf *m, enum sh_drop reason);

#endif

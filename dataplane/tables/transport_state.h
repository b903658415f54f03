/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_DATAPLANE_TABLES_TRANSPORT_STATE_H
#define SPATE_DATAPLANE_TABLES_TRANSPORT_STATE_H

/* What changes in a transport's state when packets come: whether it may send, and where its peer is. */

#include <stdbool.h>

struct dp_meta;
struct dp_transport;
struct dp_worker;

/* Sets can_send again after keys, path or consent changed. */
void dp_transport_refresh(struct dp_transport *t);
/*
 * Updates the transport after a packet was accepted: SRTP authenticated, or on an unprotected plain
 * transport validated. `rtp`: it was RTP, else RTCP.
 */
void dp_transport_accepted(struct dp_worker *w, struct dp_transport *t, const struct dp_meta *meta, bool rtp);

#endif

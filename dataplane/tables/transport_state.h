/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_DATAPLANE_TABLES_TRANSPORT_STATE_H
#define SPATE_DATAPLANE_TABLES_TRANSPORT_STATE_H

/*
 * Updates a transport's state: whether it may send, and what accepted packets tell about its peer.
 */

#include <stdbool.h>

struct dp_meta;
struct dp_transport;
struct dp_worker;

/*
 * Recomputes can_send after keys, path or consent changed. When sending becomes possible, requests
 * the key frames that its viewers wait for.
 */
void dp_transport_refresh(struct dp_worker *w, struct dp_transport *t);
/*
 * A valid check or an authenticated packet came on a bound tuple of a WebRTC transport. On the
 * selected one it refreshes consent. The packet may come from another link-layer address than
 * before; packets to the peer then go there, and perhaps by another port.
 */
void dp_transport_heard(struct dp_worker *w, struct dp_transport *t, const struct dp_meta *meta);
/*
 * A valid check came on a bound tuple: dp_transport_heard(). The control plane learns when the peer
 * checks another tuple than the selected one only.
 */
void dp_transport_checked(struct dp_worker *w, struct dp_transport *t, const struct dp_meta *meta);
/*
 * Updates the transport after a packet was accepted, that is authenticated by SRTP, or validated on
 * an unprotected plain transport. `rtp`: the packet was RTP; otherwise RTCP.
 */
void dp_transport_accepted(struct dp_worker *w, struct dp_transport *t, const struct dp_meta *meta, bool rtp);
/* A consumer of the transport begins: tells the control plane, once, that the peer is sent media. */
void dp_transport_sends(struct dp_worker *w, struct dp_transport *t);
/* The peer reports on a consumer: tells the control plane, once. */
void dp_transport_reported(struct dp_worker *w, struct dp_transport *t);

#endif

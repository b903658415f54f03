/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_DATAPLANE_TABLES_MOVERS_H
#define SPATE_DATAPLANE_TABLES_MOVERS_H

/*
 * Finds the transport of a peer whose media or RTCP arrives from an unknown address. A NAT that has
 * lost its mapping gives the peer another UDP port. The peer does not notice, and browsers check a
 * path that works only every 2.5 s, but they send media all the time and RTCP about once a second.
 * So such a packet may be that of a transport whose peer had the same IP address and has not been
 * heard there for a moment; only authentication tells. A chained hash by that IP address: the
 * chains go through the transports' slots, and the worker has an array with their beginnings.
 */

#include <stdbool.h>
#include <stdint.h>

struct dp_meta;
struct dp_transport;
struct dp_worker;

/* The number of chains for a table of so many transports: a power of two. */
uint32_t dp_mover_chains(uint32_t transports);

/* After a WebRTC transport has selected a tuple; before it selects another one, or none. */
void dp_movers_add(struct dp_worker *w, struct dp_transport *t);
void dp_movers_remove(struct dp_worker *w, struct dp_transport *t);

/*
 * Sets `transport` and `tuple` (DP_TUPLE_MOVED) of a packet whose address is unknown, if it looks
 * like one of a peer that may have moved. Viewers use the same SSRC for their RTCP (Chromium: 1),
 * so that several who are behind one NAT come into question: then their keys are tried on a copy.
 * True: the packet has been authenticated in that way. It counts as received and cannot be
 * decrypted a second time, so the caller frees it.
 */
bool dp_movers_find(struct dp_worker *w, struct dp_meta *meta, const uint8_t *pkt, bool rtcp);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_DATAPLANE_TABLES_PLAIN_TRANSPORT_H
#define SPATE_DATAPLANE_TABLES_PLAIN_TRANSPORT_H

/*
 * Handles plain transports, which use neither ICE nor DTLS. Each has a UDP port of its own
 * (sh_port_owner()), which alone identifies the transport of a packet, and one remote address,
 * which is given or learned from an accepted packet. Everything here runs on the owning worker.
 *
 * What differs for a plain transport, and where it is decided:
 * - its UDP port (dp_transport.udp_port) is not 0; this distinguishes the two kinds everywhere;
 * - a packet's transport is found by the destination port, not by the 5-tuple (path/classify.c);
 *   the ports are distributed over the workers, so the packet may have to be handed off
 *   (path/steer.c);
 * - there is neither STUN nor DTLS: the first byte must be one of RTP or RTCP (path/classify.c);
 * - tuple[0] is its only path; it is not in the table of tuples, and dp_transport_del() removes
 *   none;
 * - without SH_PLAIN_SRTP it has no sessions: packets are copied instead of decrypted and encrypted
 *   (dp_transport_unprotected(); path/unprotect.c, rtcp.c, protect.c, report.c), and a packet from
 *   an unknown address must match a producer or a consumer before the address is learned;
 * - if the SSRC of a producer is not signalled, it is found by payload type (path/route.c);
 * - every accepted packet renews consent, instead of STUN (dp_plain_transport_accepted()); with a
 *   consent_limit_ns of 0 consent never expires;
 * - it may have to resolve its neighbour's MAC address (dp_plain_transport_solicit(), called from
 *   path/housekeeping.c).
 */

#include <stdbool.h>
#include <stdint.h>

#include "shared/abi.h"

struct dp_meta;
struct dp_transport;
struct dp_worker;

/* --- the transport ------------------------------------------------------------------------- */

/*
 * Assigns the UDP port and, if one is given, the remote address. Returns 0, EADDRINUSE (another
 * transport has the port) or EADDRNOTAVAIL (we have no address of that family to send from).
 */
int dp_plain_transport_add(struct dp_worker *w, struct dp_transport *t, const struct sh_transport_add *a);
void dp_plain_transport_del(struct dp_worker *w, struct dp_transport *t);
/*
 * Whether `a` describes the transport as it is: a repeated ADD. The MAC address and VLAN are not
 * compared.
 */
bool dp_plain_transport_same(const struct dp_transport *t, const struct sh_transport_add *a);

/* --- received packets ----------------------------------------------------------------------- */

/*
 * Whether a plain transport of this worker has UDP port `port`, which is not the worker's own port.
 */
bool dp_plain_transport_at(const struct dp_worker *w, uint16_t port);
/*
 * For a packet to a plain transport's port: sets meta->transport, and meta->tuple to 0,
 * DP_TUPLE_RTCP or DP_TUPLE_STRANGER. Leaves meta->transport NULL if the transport does not accept
 * packets from that address. Requires dp_plain_transport_at().
 */
void dp_plain_transport_find(struct dp_worker *w, struct dp_meta *meta, bool rtcp);
/* Whether RTP with this SSRC and payload type matches a producer (or its RTX) on the transport. */
bool dp_plain_transport_expects(const struct dp_transport *t, uint32_t ssrc, uint8_t pt);
/*
 * dp_transport_accepted() for a plain transport: renews consent, counts the packet and learns the
 * remote and the layer 2 address from it, unless they were given.
 */
void dp_plain_transport_accepted(struct dp_worker *w, struct dp_transport *t, const struct dp_meta *meta,
	bool rtp);

/* --- neighbours ---------------------------------------------------------------------------- */

#define DP_NEIGHBOUR_ANSWER_NS 3000000000ull /* a reply that comes so long after the request is ignored */

/* Sends a request for the MAC address of the transport's neighbour, if one is due. */
void dp_plain_transport_solicit(struct dp_worker *w, struct dp_transport *t);
/*
 * Handles a reply of a neighbour: path->remote.ip has the MAC address path->l2.mac. Each transport
 * of this worker that has recently requested that address, by the same port and VLAN, uses it.
 */
void dp_plain_transport_resolve(struct dp_worker *w, const struct sh_path *path);
/*
 * Sends the transport's packets to this layer 2 address from now on. Its remote address is known.
 */
void dp_plain_transport_set_l2(struct dp_worker *w, struct dp_transport *t, const struct sh_l2 *l2);

#endif

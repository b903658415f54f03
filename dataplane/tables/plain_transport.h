/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_DATAPLANE_TABLES_PLAIN_TRANSPORT_H
#define SPATE_DATAPLANE_TABLES_PLAIN_TRANSPORT_H

/*
 * Plain transports: neither ICE nor DTLS. Each has a UDP port of its own (sh_port_owner()),
 * which alone says whose a packet is, and one address: given, or learnt from a packet that
 * has proved to be valid. Everything here runs on the owning worker.
 *
 * What differs for a plain transport, and where it is decided:
 * - its UDP port (dp_transport.udp_port) is not 0; that tells the two kinds apart everywhere;
 * - a packet finds its transport by its destination port, not by its 5-tuple (path/classify.c); ports
 *   are spread over the workers, so the packet may have to be handed off (path/steer.c);
 * - neither STUN nor DTLS: the first byte must be one of RTP or RTCP (path/classify.c);
 * - tuple[0] is its only address; it is in no table of tuples (dp_transport_del() takes none out);
 * - without SH_PLAIN_SRTP it has no sessions: packets are copied instead of decrypted and encrypted
 *   (dp_transport_unprotected(); path/unprotect.c, rtcp.c, protect.c, report.c), and a packet from an
 *   unknown address must fit a producer or a consumer before the address is learnt;
 * - its packets may come without a signalled SSRC, which is then found by payload type (path/route.c);
 * - every valid packet is consent, instead of STUN (dp_plain_transport_accepted()); consent_limit_ns 0: none needed;
 * - it may have to resolve its neighbour's MAC address (dp_plain_transport_solicit(), from path/housekeeping.c).
 */

#include <stdbool.h>
#include <stdint.h>

#include "shared/abi.h"

struct dp_meta;
struct dp_transport;
struct dp_worker;

/* --- the transport ------------------------------------------------------------------------- */

/* Its port and the address it is given. 0; EADDRINUSE: another has the port; EADDRNOTAVAIL: none of ours to send from. */
int dp_plain_transport_add(struct dp_worker *w, struct dp_transport *t, const struct sh_transport_add *a);
void dp_plain_transport_del(struct dp_worker *w, struct dp_transport *t);
/* Whether it is what is asked for again. */
bool dp_plain_transport_same(const struct dp_transport *t, const struct sh_transport_add *a);

/* --- packets that come ---------------------------------------------------------------------- */

/* Whether a transport has that port, which is not the worker's own. */
bool dp_plain_transport_at(const struct dp_worker *w, uint16_t port);
/*
 * For a packet to a port that is not the worker's own: sets meta->transport, and
 * meta->tuple to 0, DP_TUPLE_RTCP or DP_TUPLE_STRANGER. The transport stays NULL where it
 * is from an address that its transport does not take.
 */
void dp_plain_transport_find(struct dp_worker *w, struct dp_meta *meta, bool rtcp);
/* Whether RTP like this may come from a producer on the transport. */
bool dp_plain_transport_expects(const struct dp_transport *t, uint32_t ssrc, uint8_t pt);
/* A packet has authenticated, or may be believed: its address is learnt, if it is to be. */
void dp_plain_transport_accepted(struct dp_worker *w, struct dp_transport *t, const struct dp_meta *meta,
	bool rtp);

/* --- neighbours ---------------------------------------------------------------------------- */

/* Asks for the MAC of the transport's neighbour, when it is time. */
void dp_plain_transport_solicit(struct dp_worker *w, struct dp_transport *t);
/* Somebody says that path->remote.ip has the MAC of path->l2: this worker's transports that asked take it. */
void dp_plain_transport_resolve(struct dp_worker *w, const struct sh_path *path);
/* The transport's packets go this way from now on. */
void dp_plain_transport_set_l2(struct dp_worker *w, struct dp_transport *t, const struct sh_l2 *l2);

#endif

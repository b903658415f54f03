/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_DATAPLANE_PATH_BINDING_H
#define SPATE_DATAPLANE_PATH_BINDING_H

/*
 * Finds the stream of a decrypted packet: by SSRC, else by the MID and RID that the packet carries
 * (RFC 9143, 9.2; RFC 8852), which then bind its SSRC to the stream. The packet has been
 * authenticated, or validated on a transport without SRTP.
 */

#include <stdint.h>

#include "dataplane/rtp/rtp.h"
#include "shared/drop.h"

struct dp_stream;
struct dp_transport;
struct dp_worker;

/*
 * Returns the stream of the packet at `pkt`. NULL: none; drop the packet for `reason`. If the
 * packet's SSRC replaces the stream's, the stream restarts with this packet.
 */
struct dp_stream *dp_stream_of_packet(struct dp_worker *w, struct dp_transport *t, const struct dp_rtp *rtp,
	const uint8_t *pkt, enum sh_drop *reason);

#endif

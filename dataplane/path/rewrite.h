/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_DATAPLANE_PATH_REWRITE_H
#define SPATE_DATAPLANE_PATH_REWRITE_H

/* Rewrites a packet in a stream's ring for one viewer (rtp/egress.h). */

#include <stdbool.h>
#include <stddef.h>

#include "dataplane/path/outgoing.h"
#include "dataplane/tables/transport.h"

struct dp_consumer;
struct dp_stream;

/*
 * Writes the header of the packet at position `at` of the viewer's stream `s` for viewer `c` into
 * a new mbuf and adds the packet to `o`, unless the viewer is not to get it: it waits for a key
 * frame, the packet precedes its start, or it does not fit its path. False: no mbuf was free.
 */
bool dp_rewrite(struct dp_worker *w, const struct dp_stream *s, uint64_t at, struct dp_consumer *c,
	struct dp_outgoing *o);

/*
 * Sends the packets of a stream from c->at up to `target` to a viewer without layers in a steady
 * state, as far as they come in order and the batch has room, but at most `room`. Advances c->at
 * behind them. What differs from that is left to dp_rewrite(), packet by packet. The result is the
 * same. Returns the number of packets that it has sent.
 */
unsigned dp_rewrite_run(struct dp_worker *w, const struct dp_stream *s, struct dp_consumer *c,
	uint64_t target, struct dp_outgoing *o, unsigned room);

/*
 * Whether an RTP packet of `rtp_len` bytes, before protection, fits the path's MTU afterwards. If
 * so, it also fits an mbuf, which has room for any port's MTU.
 */
static inline bool dp_fits_path(const struct dp_transport *t, size_t rtp_len)
{
	const struct dp_encap *e = &t->encap;

	return rtp_len + DP_SRTP_RTP_OVERHEAD + (size_t)(e->len - e->ip_offset) <= e->mtu;
}

#endif

/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_DATAPLANE_PATH_REWRITE_H
#define SPATE_DATAPLANE_PATH_REWRITE_H

/* A stream's packet becomes one viewer's. */

#include <stdbool.h>
#include <stddef.h>

#include "dataplane/path/outgoing.h"
#include "dataplane/tables/transport.h"

struct dp_consumer;
struct dp_ring_entry;

/* Adds one packet of a stream for one viewer, if it flows to it at all. False: no mbuf. */
bool dp_rewrite(struct dp_worker *w, const struct dp_ring_entry *entry, struct dp_consumer *c,
	struct dp_outgoing *o);

/* Whether a packet of that much RTP fits the path, protected; and so an mbuf, which has room for any port's MTU. */
static inline bool dp_fits_path(const struct dp_transport *t, size_t rtp_len)
{
	const struct dp_encap *e = &t->encap;

	return rtp_len + DP_SRTP_RTP_OVERHEAD + (size_t)(e->len - e->ip_offset) <= e->mtu;
}

#endif

/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_DATAPLANE_PATH_CAPTURE_H
#define SPATE_DATAPLANE_PATH_CAPTURE_H

/*
 * What the stages capture (worker/capture.h), if the packet belongs to the transport or to the UDP
 * port that is captured. Callers have looked whether anything is.
 */

#include <stddef.h>
#include <stdint.h>

#include "dataplane/worker/capture.h"
#include "shared/loss.h"

struct dp_outgoing;
struct dp_transport;

/* A received burst, before it is classified: as it came, but RTP and RTCP only if not `plain`. */
void dp_capture_received(struct dp_worker *w, struct dp_capture *c, struct rte_mbuf **pkts, unsigned n);
/* The burst has been processed; its mbufs may come back with something else in them. */
static inline void dp_capture_processed(struct dp_capture *c)
{
	c->burst_count = 0;
}
/* An RTP or RTCP packet of that burst has been decrypted. `len`: its length now. */
void dp_capture_decrypted(struct dp_capture *c, struct rte_mbuf *m, size_t len);

/* A batch to viewers, before (`sealed` false) and after it is encrypted. */
void dp_capture_batch(struct dp_worker *w, struct dp_capture *c, const struct dp_outgoing *o, bool sealed);
/* RTCP to the peer of a transport, before and after it is encrypted. */
void dp_capture_rtcp(struct dp_worker *w, struct dp_capture *c, const struct dp_transport *t,
	const void *data, size_t len, bool sealed);
/* A whole frame with STUN or DTLS, along a path. */
void dp_capture_message(struct dp_worker *w, struct dp_capture *c, const struct sh_path *path,
	const struct rte_mbuf *m);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_DATAPLANE_TABLES_CAPTURE_H
#define SPATE_DATAPLANE_TABLES_CAPTURE_H

/* Captures what belongs to a transport (worker/capture.h): its frames, and why it was sent none. */

#include "dataplane/tables/transport.h"
#include "dataplane/worker/capture.h"

/* Whether the packets of this transport are captured. */
static inline bool dp_captures(const struct dp_worker *w, const struct dp_capture *c,
	const struct dp_transport *t)
{
	if (c->port)
		return (t->udp_port ? t->udp_port : w->udp_port) == c->port;
	return t == c->transport && t->id == c->id;
}

/*
 * Writes a datagram to the transport's selected address, of which `n` parts (at most 3) are
 * `payload_len` bytes or less, with its headers. `what` has the rest.
 */
void dp_capture_datagram(struct dp_capture *c, const struct dp_transport *t, struct sh_captured *what,
	const struct dp_capture_part *part, unsigned n, size_t payload_len);

/* A packet that stood in a queue, or could not be encrypted, is dropped. `rtp`: its RTP header. */
void dp_capture_unsent(struct dp_worker *w, struct dp_capture *c, const struct dp_transport *t,
	const uint8_t *rtp, enum sh_drop reason);
void dp_capture_note_skipped(struct dp_worker *w, struct dp_capture *c, const struct dp_transport *t,
	enum sh_drop reason, uint64_t packets);

/* So many packets for a transport were dropped before they were made. */
static inline void dp_capture_skipped(struct dp_worker *w, const struct dp_transport *t, enum sh_drop reason,
	uint64_t packets)
{
	struct dp_capture *c = dp_capture_of(w);

	if (unlikely(c) && packets)
		dp_capture_note_skipped(w, c, t, reason, packets);
}

#endif

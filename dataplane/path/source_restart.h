/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_DATAPLANE_PATH_SOURCE_RESTART_H
#define SPATE_DATAPLANE_PATH_SOURCE_RESTART_H

/*
 * Recognises that a source without SRTP has restarted under the same SSRC (RFC 3550, A.1). With
 * SRTP a source cannot: its key would be used twice for one sequence number.
 */

#include <stdbool.h>
#include <stdint.h>

#include "dataplane/rtp/rtp.h"

struct dp_stream;
struct dp_worker;
struct rte_mbuf;

/*
 * Whether the packet's sequence number, `seq` if extended, is unrelated to the stream's: too old,
 * far ahead, or one that another packet with another timestamp has. dp_source_restarted() decides
 * what that means.
 */
bool dp_source_unrelated(const struct dp_stream *s, const struct dp_rtp *rtp, uint64_t seq);
/*
 * Handles an unrelated packet. The first one is held; if the next in sequence follows at once, the
 * source has restarted, and the stream restarts with the one that was held. Returns that packet,
 * which the caller routes before `m`. NULL: `m` is held instead, and one that was held before is
 * dropped.
 */
struct rte_mbuf *dp_source_restarted(struct dp_worker *w, struct dp_stream *s, struct rte_mbuf *m,
	uint16_t seq);
/* A packet is related: one that is held was late or is of another source, and is dropped. */
void dp_source_related(struct dp_worker *w, struct dp_stream *s);
/*
 * Whether the first packet after a silence continues the stream: it is next in sequence or a little
 * ahead, and not older.
 */
bool dp_source_continues(const struct dp_stream *s, const struct dp_rtp *rtp);

#endif

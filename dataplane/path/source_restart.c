/* SPDX-License-Identifier: Apache-2.0 */
#include "dataplane/path/source_restart.h"

#include "dataplane/tables/stream.h"
#include "dataplane/tables/stream_ring.h"
#include "dataplane/worker/drop.h"
#include "dataplane/worker/packet.h"
#include "dataplane/worker/worker.h"

enum {
	MAX_DROPOUT = 3000, /* a gap that is longer is taken for a restart (RFC 3550, A.1) */
	MAX_SILENT_GAP = 64, /* most packets that may be missing after a silence */
};

/* Whether the ring has the sequence number with another timestamp. */
static bool is_taken(const struct dp_stream *s, const struct dp_rtp *rtp, uint64_t seq)
{
	uint64_t head = atomic_load_explicit(&s->head, memory_order_relaxed);
	uint64_t at = dp_stream_find(s, seq, head > s->mask ? head - s->mask - 1 : 0, head);

	return at != DP_CURSOR_NONE && s->ring[at & s->mask].info.timestamp != rtp->timestamp;
}

bool dp_source_unrelated(const struct dp_stream *s, const struct dp_rtp *rtp, uint64_t seq)
{
	uint64_t highest = s->receive.highest;

	return s->receive.started &&
	       (seq + s->window <= highest || seq > highest + MAX_DROPOUT || is_taken(s, rtp, seq));
}

void dp_source_related(struct dp_worker *w, struct dp_stream *s)
{
	if (!s->held)
		return;
	dp_drop(w, s->held, SH_DROP_TOO_OLD);
	s->held = NULL;
}

struct rte_mbuf *dp_source_restarted(struct dp_worker *w, struct dp_stream *s, struct rte_mbuf *m,
	uint16_t seq)
{
	struct rte_mbuf *first = s->held;

	if (!first || seq != (uint16_t)(s->held_seq + 1)) {
		dp_source_related(w, s);
		s->held = m;
		s->held_seq = seq;
		return NULL;
	}
	s->held = NULL;
	dp_meta(first)->rx_ns = dp_meta(m)->rx_ns; /* it has waited for this one, not for a device */
	dp_stream_restart(s, s->held_seq);
	return first;
}

bool dp_source_continues(const struct dp_stream *s, const struct dp_rtp *rtp)
{
	uint64_t head = atomic_load_explicit(&s->head, memory_order_relaxed);
	uint16_t ahead = (uint16_t)(rtp->seq - (uint16_t)s->receive.highest);

	if (!s->receive.started || !head || ahead == 0 || ahead > MAX_SILENT_GAP + 1)
		return false;
	return (int32_t)(rtp->timestamp - s->ring[(head - 1) & s->mask].info.timestamp) >= 0;
}

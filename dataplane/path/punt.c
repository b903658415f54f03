/* SPDX-License-Identifier: Apache-2.0 */

/* Packets for the control plane: STUN that is not answered here, and DTLS. */

#include <string.h>

#include "../control.h"
#include "../worker.h"

#define SECOND 1000000000ull

/*
 * A token bucket for addresses that no transport has bound: punts_per_second, and a
 * second's worth at once. The state is the time at which the bucket will be full.
 */
static bool stranger_allowed(struct dp_worker *w)
{
	uint64_t cost = SECOND / w->config->limit.punts_per_second;
	uint64_t full = RTE_MAX(w->punt_tokens_ns, w->now_ns);

	if (full + cost > w->now_ns + SECOND)
		return false;
	w->punt_tokens_ns = full + cost;
	return true;
}

static enum sh_drop punt(struct dp_worker *w, const struct dp_control *c, struct rte_mbuf *m)
{
	const struct dp_meta *meta = dp_meta(m);
	struct sh_packet *p = w->packet;

	if (!c)
		return SH_DROP_PUNT_NO_CONTROL;
	if (meta->payload_len > SH_DATAGRAM_MAX)
		return SH_DROP_PUNT_LENGTH;
	if (!meta->transport && !stranger_allowed(w))
		return SH_DROP_PUNT_RATE;
	p->path = meta->path;
	p->len = meta->payload_len;
	p->worker = (uint16_t)w->id;
	p->transport = meta->transport ? meta->transport->id : 0;
	memcpy(p->data, rte_pktmbuf_mtod_offset(m, uint8_t *, meta->payload_offset), meta->payload_len);
	if (sh_ring_push(&c->punt[w->id], p) != 1)
		return SH_DROP_PUNT_FULL;
	return SH_DROP_COUNT;
}

void dp_punt(struct dp_worker *w, struct rte_mbuf **pkts, unsigned n)
{
	const struct dp_control *c = atomic_load_explicit(&w->control, memory_order_acquire);

	for (unsigned i = 0; i < n; i++) {
		enum sh_drop reason = punt(w, c, pkts[i]);

		if (reason != SH_DROP_COUNT) {
			dp_drop(w, pkts[i], reason);
			continue;
		}
		w->stats->punted++;
		rte_pktmbuf_free(pkts[i]);
	}
}

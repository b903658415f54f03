/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Passes STUN that is not answered here, and DTLS, up to the control plane: a copy of the datagram
 * goes into this worker's punt ring, and the mbuf is freed. Rates are limited, since strangers'
 * packets come here too.
 */

#include <string.h>

#include "dataplane/path/stages.h"
#include "dataplane/tables/transport.h"
#include "dataplane/worker/control_rings.h"
#include "dataplane/worker/drop.h"
#include "dataplane/worker/packet.h"
#include "dataplane/worker/worker.h"

#define SECOND 1000000000ull

/* Punts per second of one transport; a DTLS handshake with losses takes some tens of datagrams. */
enum { PUNTS_PER_TRANSPORT = 200 };

/*
 * Takes a token from a bucket that gains `rate` tokens per second and holds those of one second.
 * The state is the time at which the bucket will be full. False: the bucket is empty.
 */
static bool take_token(uint64_t *full_ns, uint64_t now_ns, uint32_t rate)
{
	uint64_t cost = SECOND / rate;
	uint64_t full = RTE_MAX(*full_ns, now_ns);

	if (full + cost > now_ns + SECOND)
		return false;
	*full_ns = full + cost;
	return true;
}

/* Each transport has a token bucket; all strangers share the worker's. */
static bool allowed(struct dp_worker *w, struct dp_transport *t)
{
	if (t)
		return take_token(&t->punt_tokens_ns, w->now_ns, PUNTS_PER_TRANSPORT);
	return take_token(&w->punt_tokens_ns, w->now_ns, w->config->limit.punts_per_second);
}

/* Returns SH_DROP_COUNT if the datagram is in the ring, or the reason to drop the packet. */
static enum sh_drop punt(struct dp_worker *w, const struct dp_control_rings *c, struct rte_mbuf *m)
{
	const struct dp_meta *meta = dp_meta(m);
	struct sh_packet *p = w->packet;

	if (!c)
		return SH_DROP_PUNT_NO_CONTROL;
	if (meta->payload_len > SH_DATAGRAM_MAX)
		return SH_DROP_PUNT_LENGTH;
	if (!allowed(w, meta->transport))
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
	const struct dp_control_rings *c = atomic_load_explicit(&w->control_rings, memory_order_acquire);

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

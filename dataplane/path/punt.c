/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Passes STUN that is not answered here, and DTLS, up to the control plane: a copy of the datagram
 * goes into this worker's punt ring, and the mbuf is freed. Rates are limited: by transport, and
 * for packets that belong to none, by the sender's network. Of media that comes from an unknown
 * address and is authentic, the beginning is passed up too.
 */

#include <string.h>

#include <rte_jhash.h>

#include "dataplane/path/punt.h"
#include "dataplane/path/stages.h"
#include "dataplane/tables/transport.h"
#include "dataplane/worker/budget.h"
#include "dataplane/worker/clock.h"
#include "dataplane/worker/control_rings.h"
#include "dataplane/worker/drop.h"
#include "dataplane/worker/packet.h"
#include "dataplane/worker/worker.h"

/* Punts per second of one transport; a DTLS handshake with losses takes some tens of datagrams. */
enum { PUNTS_PER_TRANSPORT = 200 };

#define MOVED_EVERY (1000 * DP_MS)

/*
 * The budget of the sender's network: IPv4 /24, IPv6 /64. The table has a fixed size, and networks
 * may share an entry; the seed keeps a sender from choosing whose it shares.
 */
static uint64_t *network_budget(const struct dp_worker *w, const struct sh_addr *from)
{
	uint32_t hash = rte_jhash(from->ip, from->family == 4 ? 3 : 8, w->hash_seed ^ from->family);

	return &w->network_budget_ns[hash & (DP_NETWORKS - 1)];
}

/*
 * Takes a token for a packet. `payer` is the transport that it belongs to. If that is NULL, nobody
 * vouches for the packet: its sender's network pays, and all such senders together, so that one of
 * them cannot use up what the others need. Returns SH_DROP_COUNT, or the reason to drop the packet.
 */
static enum sh_drop pay(struct dp_worker *w, const struct sh_addr *from, struct dp_transport *payer)
{
	const struct sh_config_limits *limit = &w->config->limit;

	if (payer) {
		if (!dp_budget_take(&payer->punt_budget_ns, w->now_ns, dp_budget_cost(PUNTS_PER_TRANSPORT)))
			return SH_DROP_PUNT_PEER;
		return SH_DROP_COUNT;
	}
	if (!dp_budget_take(network_budget(w, from), w->now_ns, dp_budget_cost(limit->punts_per_network)))
		return SH_DROP_PUNT_NETWORK;
	if (!dp_budget_take(&w->punt_budget_ns, w->now_ns, dp_budget_cost(limit->punts_per_second)))
		return SH_DROP_PUNT_RATE;
	return SH_DROP_COUNT;
}

/* Puts the first `len` bytes of the datagram into the ring. False: it is full. */
static bool put(struct dp_worker *w, const struct dp_control_rings *c, struct rte_mbuf *m, uint16_t len)
{
	const struct dp_meta *meta = dp_meta(m);
	struct sh_packet *p = w->packet;

	p->path = meta->path;
	p->len = len;
	p->worker = (uint16_t)w->id;
	p->transport = meta->transport ? meta->transport->id : 0;
	memcpy(p->data, rte_pktmbuf_mtod_offset(m, uint8_t *, meta->payload_offset), len);
	return sh_ring_push(&c->punt[w->id], p) == 1;
}

/* Returns SH_DROP_COUNT if the datagram is in the ring, or the reason to drop the packet. */
static enum sh_drop push(struct dp_worker *w, struct rte_mbuf *m, bool paid, struct dp_transport *payer)
{
	const struct dp_control_rings *c = atomic_load_explicit(&w->control_rings, memory_order_acquire);
	const struct dp_meta *meta = dp_meta(m);
	enum sh_drop reason = SH_DROP_COUNT;

	if (!c)
		return SH_DROP_PUNT_NO_CONTROL;
	if (meta->payload_len > SH_DATAGRAM_MAX)
		return SH_DROP_PUNT_LENGTH;
	if (!paid)
		reason = pay(w, &meta->path.remote, payer);
	if (reason != SH_DROP_COUNT)
		return reason;
	return put(w, c, m, meta->payload_len) ? SH_DROP_COUNT : SH_DROP_PUNT_FULL;
}

static void punt(struct dp_worker *w, struct rte_mbuf *m, bool paid, struct dp_transport *payer)
{
	enum sh_drop reason = push(w, m, paid, payer);

	if (reason != SH_DROP_COUNT) {
		dp_drop(w, m, reason);
		return;
	}
	w->stats->punted++;
	rte_pktmbuf_free(m);
}

void dp_punt(struct dp_worker *w, struct rte_mbuf *m, struct dp_transport *payer)
{
	punt(w, m, false, payer);
}

void dp_punt_paid(struct dp_worker *w, struct rte_mbuf *m)
{
	punt(w, m, true, NULL);
}

void dp_punt_moved(struct dp_worker *w, struct rte_mbuf *m)
{
	const struct dp_control_rings *c = atomic_load_explicit(&w->control_rings, memory_order_acquire);
	struct dp_transport *t = dp_meta(m)->transport;

	if (!c || w->now_ns < t->next_path_ns || !put(w, c, m, SH_MOVED_LEN))
		return;
	t->next_path_ns = w->now_ns + MOVED_EVERY;
	w->stats->punted++;
}

void dp_dtls(struct dp_worker *w, struct rte_mbuf **pkts, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		dp_punt(w, pkts[i], dp_meta(pkts[i])->transport);
}

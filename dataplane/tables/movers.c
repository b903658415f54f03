/* SPDX-License-Identifier: Apache-2.0 */
#include "dataplane/tables/movers.h"

#include <string.h>

#include <rte_bitops.h> /* rte_align32pow2(), from DPDK 23.11 on */
#include <rte_common.h>
#include <rte_jhash.h>

#include "dataplane/srtp/srtp.h"
#include "dataplane/tables/forgery.h"
#include "dataplane/tables/transport.h"
#include "dataplane/worker/budget.h"
#include "dataplane/worker/clock.h"
#include "dataplane/worker/packet.h"
#include "dataplane/worker/worker.h"

/*
 * A peer that was heard at its selected address within this time has not moved. Hosts send media
 * more often, and so do viewers who also check; a viewer's second report is late enough.
 */
#define SILENT (500 * DP_MS)

enum {
	SEARCHES_PER_SECOND = 1000, /* of a worker; beyond that, packets from unknown addresses are dropped */
	LOOKS_MAX = 64, /* transports of one chain that a search looks at */
	CANDIDATES_MAX = 8,
	RTCP_MIN = 12, /* with an SRTCP index */
	RTP_MIN = 12,
};

uint32_t dp_mover_chains(uint32_t transports)
{
	return rte_align32pow2(transports);
}

static const struct sh_addr *remote_of(const struct dp_transport *t)
{
	return &t->tuple[t->selected].path.remote;
}

static uint32_t *chain_of(const struct dp_worker *w, const struct sh_addr *remote)
{
	uint32_t hash = rte_jhash(remote->ip, sizeof(remote->ip), w->hash_seed);

	return &w->movers[hash & (dp_mover_chains(w->config->limit.transports) - 1)];
}

void dp_movers_add(struct dp_worker *w, struct dp_transport *t)
{
	uint32_t *chain = chain_of(w, remote_of(t));

	t->next_mover = *chain;
	*chain = t->slot + 1;
}

void dp_movers_remove(struct dp_worker *w, struct dp_transport *t)
{
	uint32_t *at = chain_of(w, remote_of(t));

	while (*at && *at != t->slot + 1)
		at = &w->transports[*at - 1].next_mover;
	if (*at)
		*at = t->next_mover;
	t->next_mover = 0;
}

static bool may_have_moved(struct dp_worker *w, const struct dp_transport *t, const struct dp_meta *meta,
	const uint8_t *pkt, bool rtcp)
{
	const struct sh_addr *remote = remote_of(t);

	return memcmp(remote->ip, meta->path.remote.ip, sizeof(remote->ip)) == 0 &&
	       remote->family == meta->path.remote.family && t->in && !t->idle &&
	       w->now_ns - t->consent_ns >= SILENT &&
	       dp_budget_left(t->packet_budget_ns, w->now_ns, w->packet_cost_ns) &&
	       dp_srtp_resembles(w->engine, t->in, pkt, meta->payload_len, rtcp);
}

/* The candidates for the sender of the packet; returns their number. */
static unsigned list_candidates(struct dp_worker *w, const struct dp_meta *meta, const uint8_t *pkt,
	bool rtcp, struct dp_transport *candidate[CANDIDATES_MAX])
{
	uint32_t at = *chain_of(w, &meta->path.remote);
	unsigned n = 0;

	for (unsigned i = 0; at && i < LOOKS_MAX && n < CANDIDATES_MAX; i++) {
		struct dp_transport *t = &w->transports[at - 1];

		if (may_have_moved(w, t, meta, pkt, rtcp))
			candidate[n++] = t;
		at = t->next_mover;
	}
	return n;
}

static bool take_search(struct dp_worker *w)
{
	return dp_budget_take(&w->mover_budget_ns, w->now_ns, dp_budget_cost(SEARCHES_PER_SECOND));
}

/* Whether the keys of `t` authenticate this RTCP packet. */
static bool authenticates(struct dp_worker *w, struct dp_transport *t, const uint8_t *pkt, size_t len)
{
	uint8_t copy[SH_DATAGRAM_MAX];

	if (len > sizeof(copy) || !take_search(w))
		return false;
	memcpy(copy, pkt, len);
	return dp_srtp_unprotect_rtcp(w->engine, t->in, copy, &len) == 0;
}

static void assign(struct dp_meta *meta, struct dp_transport *t)
{
	meta->transport = t;
	meta->tuple = DP_TUPLE_MOVED;
	t->rx_packets++;
	t->rx_bytes += meta->payload_len;
}

bool dp_movers_find(struct dp_worker *w, struct dp_meta *meta, const uint8_t *pkt, bool rtcp)
{
	struct dp_transport *candidate[CANDIDATES_MAX];
	unsigned n;

	if (!*chain_of(w, &meta->path.remote) || meta->payload_len < (rtcp ? RTCP_MIN : RTP_MIN) ||
		!take_search(w))
		return false;
	n = list_candidates(w, meta, pkt, rtcp, candidate);
	if (n == 1 || (n && !rtcp)) { /* RTP has a random SSRC */
		assign(meta, candidate[0]);
		return false;
	}
	for (unsigned i = 0; i < n; i++)
		if (authenticates(w, candidate[i], pkt, meta->payload_len)) {
			assign(meta, candidate[i]);
			dp_authentic(w, candidate[i]);
			return true;
		}
	return false;
}

/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The MAC of a plain transport's neighbour, by ARP (RFC 826) or neighbour discovery (RFC 4861).
 * Nobody else needs one: all other packets answer somebody. An answer comes in by any queue
 * and is told to every worker; it counts where it was asked for a moment ago.
 */

#include <string.h>

#include "dataplane/net/arp.h"
#include "dataplane/net/nd.h"
#include "dataplane/tables/plain_transport.h"
#include "dataplane/path/outgoing.h"

#define RETRY  (1000 * DP_MS) /* while it is not known */
#define RENEW  (20000 * DP_MS) /* a neighbour may have been replaced */
#define ANSWER (3000 * DP_MS) /* comes no later */

void dp_plain_ask(struct dp_worker *w, struct dp_transport *t)
{
	const struct sh_path *path = &t->tuple[0].path;
	const struct dp_port *port = w->ports->by_id[path->l2.port];
	struct rte_mbuf *m;
	uint8_t *out;
	size_t len;

	if (w->now_ns < t->ask_ns)
		return;
	t->asked_ns = w->now_ns;
	/* The visit that comes next may be a little early. */
	t->ask_ns = w->now_ns + (t->selected == 0 ? RENEW : RETRY / 2);
	m = rte_pktmbuf_alloc(w->pool);
	if (!m) {
		dp_drop(w, NULL, SH_DROP_NO_MBUF);
		return;
	}
	out = rte_pktmbuf_mtod(m, uint8_t *);
	if (path->remote.family == 4)
		len = dp_arp_ask(out, port->mac, path->l2.vlan, path->local.ip, path->remote.ip);
	else
		len = dp_nd_ask(out, port->mac, path->l2.vlan, path->local.ip, path->remote.ip);
	m->data_len = (uint16_t)len;
	m->pkt_len = (uint32_t)len;
	m->ol_flags = 0;
	dp_tx(w, port->id, m);
}

void dp_plain_neighbour(struct dp_worker *w, const struct sh_path *path)
{
	if (!w->asking)
		return;
	for (uint32_t i = 0; i < w->owned_count; i++) {
		struct dp_transport *t = w->owned[i];
		const struct sh_path *ours = &t->tuple[0].path;

		if (t->asks && w->now_ns - t->asked_ns < ANSWER && path->l2.port == ours->l2.port &&
			path->l2.vlan == ours->l2.vlan && path->remote.family == ours->remote.family &&
			memcmp(path->remote.ip, ours->remote.ip, sizeof(path->remote.ip)) == 0)
			dp_plain_route(w, t, &path->l2);
	}
}

/* A packet without content carries it; where there is no room, the next answer will. */
static void pass_on(struct dp_worker *w, struct dp_worker *to, const struct sh_path *path)
{
	struct rte_mbuf *m = rte_pktmbuf_alloc(w->pool);

	if (!m)
		return;
	dp_meta(m)->path = *path;
	dp_meta(m)->neighbour = true;
	if (rte_ring_sp_enqueue(to->handoff[w->id], m) == 0)
		w->stats->handed_off++;
	else
		rte_pktmbuf_free(m);
}

void dp_neighbour_heard(struct dp_worker *w, const struct sh_path *path)
{
	dp_plain_neighbour(w, path);
	for (unsigned i = 0; i < w->workers; i++)
		if (i != w->id)
			pass_on(w, w->peer[i], path);
}

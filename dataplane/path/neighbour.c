/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The MAC of a plain transport's neighbour, by ARP (RFC 826) or neighbour discovery (RFC 4861).
 * Nobody else needs one: all other packets answer somebody. An answer comes in by any queue
 * and is told to every worker; it counts where it was asked for a moment ago.
 */

#include "dataplane/path/neighbour.h"

#include "dataplane/tables/plain_transport.h"
#include "dataplane/worker/packet.h"
#include "dataplane/worker/worker.h"

/* A packet without content carries it; where there is no room, the next answer will. */
static void tell_worker(struct dp_worker *w, struct dp_worker *to, const struct sh_path *path)
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

void dp_neighbour_learn(struct dp_worker *w, const struct sh_path *path)
{
	dp_plain_transport_resolve(w, path);
	for (unsigned i = 0; i < w->workers; i++)
		if (i != w->id)
			tell_worker(w, w->peer[i], path);
}

/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Brings the MAC address of a plain transport's neighbour, learnt by ARP (RFC 826) or neighbour
 * discovery (RFC 4861), to the transport's owner, because any worker may receive the answer. WebRTC
 * transports need no such request: they send to the MAC address from which packets came. What
 * routers say about the MTU of a path goes the same way.
 */

#include "dataplane/path/neighbour.h"

#include <assert.h>
#include <stdatomic.h>

#include <rte_ring_elem.h>

#include "dataplane/tables/path_mtu.h"
#include "dataplane/tables/plain_transport.h"
#include "dataplane/worker/messages.h"
#include "dataplane/worker/worker.h"

static_assert(sizeof(struct dp_path_news) % 4 == 0, "rte_ring's elements are multiples of 4 bytes");

/*
 * Whether that worker has sent a neighbour request so recently that it waits for an answer. Most
 * answers on a link are not for us, and any host on the link can send many.
 */
static bool asks(const struct dp_worker *w, const struct dp_worker *other)
{
	uint64_t asked = atomic_load_explicit(&other->asked_ns, memory_order_relaxed);

	return asked && !dp_older_than(w, asked, DP_NEIGHBOUR_ANSWER_NS);
}

void dp_neighbour_learn(struct dp_worker *w, const struct sh_path *path)
{
	struct dp_path_news news = {.path = *path};

	/* A full ring loses the answer. The transport repeats its request and gets another one. */
	for (unsigned i = 0; i < w->workers; i++)
		if (asks(w, w->peer[i]))
			(void)rte_ring_sp_enqueue_elem(w->peer[i]->neighbours[w->id], &news, sizeof(news));
}

void dp_neighbour_too_big(struct dp_worker *w, const struct sh_path *path, uint16_t mtu)
{
	int to =
		sh_port_owner((uint16_t)(path->local.port - (w->udp_port - w->id)), w->workers, w->udp_ports);
	struct dp_path_news news = {.path = *path, .mtu = mtu};

	/* A full ring loses it. The router answers the next long packet as well. */
	if (to != SH_NO_WORKER)
		(void)rte_ring_sp_enqueue_elem(w->peer[to]->neighbours[w->id], &news, sizeof(news));
}

void dp_neighbours_apply(struct dp_worker *w)
{
	struct dp_path_news news;

	for (unsigned i = 0; i < w->workers; i++)
		while (rte_ring_sc_dequeue_elem(w->neighbours[i], &news, sizeof(news)) == 0)
			if (news.mtu)
				dp_path_mtu_learn(w, &news.path, (uint16_t)news.mtu);
			else
				dp_plain_transport_resolve(w, &news.path);
}

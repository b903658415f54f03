/* SPDX-License-Identifier: Apache-2.0 */
#include "dataplane/device/offloads.h"

#include <rte_ethdev.h>

#include "shared/port_stats.h"

/* The offloads that are used if the driver offers them. */
static const struct {
	uint64_t rx, tx;
	uint32_t shown;
} known[] = {
	{.rx = RTE_ETH_RX_OFFLOAD_IPV4_CKSUM, .shown = SH_OFFLOAD_RX_IPV4_SUM},
	{.rx = RTE_ETH_RX_OFFLOAD_UDP_CKSUM, .shown = SH_OFFLOAD_RX_UDP_SUM},
	{.tx = RTE_ETH_TX_OFFLOAD_IPV4_CKSUM, .shown = SH_OFFLOAD_TX_IPV4_SUM},
	{.tx = RTE_ETH_TX_OFFLOAD_UDP_CKSUM, .shown = SH_OFFLOAD_TX_UDP_SUM},
	{.tx = RTE_ETH_TX_OFFLOAD_MBUF_FAST_FREE, .shown = SH_OFFLOAD_FAST_FREE},
};

/*
 * Fast free promises the driver that all mbufs of a TX queue come from one pool, have no segments
 * and have a single reference. Spate never takes a second reference, sends no segments, and never
 * sends an mbuf that a stream keeps or to which a driver has attached a buffer (send/answer.h). But
 * a STUN check that was handed off is answered in its own mbuf, which comes from the pool of the
 * worker that received it. So the promise holds only if all workers share one pool.
 */
struct dp_offloads dp_offloads_choose(uint64_t rx_capa, uint64_t tx_capa, bool emulated, bool one_pool)
{
	struct dp_offloads o = {0};

	if (emulated)
		return o;
	if (!one_pool)
		tx_capa &= ~RTE_ETH_TX_OFFLOAD_MBUF_FAST_FREE;
	for (unsigned i = 0; i < RTE_DIM(known); i++) {
		if (!(known[i].rx & rx_capa) && !(known[i].tx & tx_capa))
			continue;
		o.rx |= known[i].rx;
		o.tx |= known[i].tx;
		o.shown |= known[i].shown;
	}
	return o;
}

/* SPDX-License-Identifier: Apache-2.0 */

/* Receives a burst of frames from this worker's queues of all ports. They go on to dp_parse(). */

#include <rte_ethdev.h>
#include <rte_prefetch.h>

#include "dataplane/device/ports.h"
#include "dataplane/path/stages.h"
#include "dataplane/worker/packet.h"
#include "dataplane/worker/worker.h"

/* Each call polls another port first, so that a busy port does not starve the others. */
unsigned dp_rx(struct dp_worker *w, struct rte_mbuf **pkts)
{
	const struct dp_ports *ports = w->ports;
	unsigned n = 0;

	if (++w->rx_first >= ports->count)
		w->rx_first = 0;
	for (unsigned i = 0; i < ports->count && n < DP_BURST; i++) {
		unsigned at = (w->rx_first + i) % ports->count;

		n += rte_eth_rx_burst(ports->port[at].id, (uint16_t)w->id, pkts + n,
			(uint16_t)(DP_BURST - n));
	}
	for (unsigned i = 0; i < n; i++) {
		rte_prefetch0(rte_pktmbuf_mtod(pkts[i], void *));
		w->stats->rx_bytes += rte_pktmbuf_pkt_len(pkts[i]);
	}
	w->stats->rx_packets += n;
	return n;
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "dataplane/send/neighbour.h"

#include <rte_mbuf.h>

#include "dataplane/device/ports.h"
#include "dataplane/net/arp.h"
#include "dataplane/net/nd.h"
#include "dataplane/send/tx.h"
#include "dataplane/worker/drop.h"
#include "dataplane/worker/worker.h"

void dp_neighbour_solicit(struct dp_worker *w, const struct sh_path *path)
{
	const struct dp_port *port = w->ports->by_id[path->l2.port];
	struct rte_mbuf *m;
	uint8_t *out;
	size_t len;

	m = rte_pktmbuf_alloc(w->pool);
	if (!m) {
		dp_drop(w, NULL, SH_DROP_NO_MBUF);
		return;
	}
	out = rte_pktmbuf_mtod(m, uint8_t *);
	if (path->remote.family == 4)
		len = dp_arp_request(out, port->mac, path->l2.vlan, path->local.ip, path->remote.ip);
	else
		len = dp_nd_solicit(out, port->mac, path->l2.vlan, path->local.ip, path->remote.ip);
	m->data_len = (uint16_t)len;
	m->pkt_len = (uint32_t)len;
	dp_tx(w, port->id, m);
}

/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Sends packets that the control plane made, in most cases answers to punted ones. It takes up to
 * one burst per loop from this worker's inject ring, adds the headers and queues them for TX.
 */

#include <string.h>

#include "dataplane/device/ports.h"
#include "dataplane/path/capture.h"
#include "dataplane/path/stages.h"
#include "dataplane/send/encap.h"
#include "dataplane/send/tx.h"
#include "dataplane/worker/control_rings.h"
#include "dataplane/worker/drop.h"
#include "dataplane/worker/packet.h"
#include "dataplane/worker/worker.h"

/* Length and path are validated like any other input, because the control plane may have bugs. */
static void inject_packet(struct dp_worker *w, const struct sh_packet *p)
{
	struct dp_capture *c = dp_capture_of(w);
	struct dp_encap e;
	struct rte_mbuf *m;
	char *data;

	if (p->len == 0 || p->len > SH_DATAGRAM_MAX) {
		dp_drop(w, NULL, SH_DROP_TOO_LONG);
		return;
	}
	if (!dp_ports_path_valid(w->ports, &p->path, w->udp_port)) {
		dp_drop(w, NULL, SH_DROP_NO_ROUTE);
		return;
	}
	m = rte_pktmbuf_alloc(w->pool);
	if (!m) {
		dp_drop(w, NULL, SH_DROP_NO_MBUF);
		return;
	}
	data = rte_pktmbuf_append(m, p->len); /* fits: an mbuf has room for SH_DATAGRAM_MAX */
	memcpy(data, p->data, p->len);
	dp_encap_init(w, &e, &p->path);
	dp_encap(w, &e, m);
	if (unlikely(c))
		dp_capture_message(w, c, &p->path, m);
	dp_tx(w, e.port_id, m);
	w->stats->injected++;
}

unsigned dp_inject(struct dp_worker *w)
{
	const struct dp_control_rings *c = atomic_load_explicit(&w->control_rings, memory_order_acquire);
	unsigned n = 0;

	if (!c)
		return 0;
	while (n < DP_BURST && sh_ring_pop(&c->inject[w->id], w->packet) == 1) {
		inject_packet(w, w->packet);
		n++;
	}
	return n;
}

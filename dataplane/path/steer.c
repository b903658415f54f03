/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Brings each datagram to the worker that owns its destination UDP port (sh_port_owner()),
 * whichever worker received it. This worker's own datagrams go on to dp_classify(); those of others
 * go through a hand-off ring to dp_handoff_rx() there.
 */

#include <string.h>

#include <rte_ring.h>

#include "dataplane/device/ports.h"
#include "dataplane/path/stages.h"
#include "dataplane/worker/drop.h"
#include "dataplane/worker/packet.h"
#include "dataplane/worker/worker.h"

/* The packets of one burst that belong to other workers, by worker. */
struct handoff_batch {
	uint8_t count[SH_MAX_WORKERS];
	struct rte_mbuf *pkts[SH_MAX_WORKERS][DP_BURST];
};

/*
 * Enqueues once per worker and burst. So the index that the other worker writes is read only once,
 * and the other worker finds the whole burst, and with it a video frame, in one piece.
 */
static void hand_off(struct dp_worker *w, const struct handoff_batch *batch)
{
	for (unsigned to = 0; to < w->workers; to++) {
		unsigned n = batch->count[to], taken;

		if (!n)
			continue;
		taken = rte_ring_sp_enqueue_burst(w->peer[to]->handoff[w->id], (void *const *)batch->pkts[to],
			n, NULL);
		w->stats->handed_off += taken;
		for (; taken < n; taken++)
			dp_drop(w, batch->pkts[to][taken], SH_DROP_HANDOFF_FULL);
	}
}

unsigned dp_steer(struct dp_worker *w, struct rte_mbuf **pkts, unsigned n)
{
	uint16_t base = (uint16_t)(w->udp_port - w->id);
	struct handoff_batch batch;
	unsigned kept = 0;

	memset(batch.count, 0, w->workers * sizeof(batch.count[0]));
	for (unsigned i = 0; i < n; i++) {
		uint16_t port = dp_meta(pkts[i])->path.local.port;
		int to = (int)w->id;

		if (port != w->udp_port) /* saves the division for nearly all packets */
			to = sh_port_owner((uint16_t)(port - base), w->workers, w->udp_ports);
		if (to == (int)w->id) {
			pkts[kept++] = pkts[i];
		} else if (to == SH_NO_WORKER) {
			dp_drop(w, pkts[i], SH_DROP_UDP_PORT);
		} else {
			batch.pkts[to][batch.count[to]++] = pkts[i];
		}
	}
	if (kept < n)
		hand_off(w, &batch);
	return kept;
}

/*
 * Takes a burst that other workers received, parsed and handed off. Each loop polls another ring
 * first, so that a busy worker does not starve the others.
 */
unsigned dp_handoff_rx(struct dp_worker *w, struct rte_mbuf **pkts)
{
	unsigned n = 0;

	for (unsigned i = 0; i < w->workers && n < DP_BURST; i++) {
		unsigned from = (w->id + 1 + i + (unsigned)w->stats->loops) % w->workers;

		if (w->handoff[from])
			n += rte_ring_sc_dequeue_burst(w->handoff[from], (void **)pkts + n, DP_BURST - n,
				NULL);
	}
	w->stats->handed_in += n;
	return n;
}

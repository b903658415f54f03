/* SPDX-License-Identifier: Apache-2.0 */

/*
 * A UDP port has one owner among the workers (sh_port_owner()): packets go to the one whose port they name,
 * wherever they came in.
 */

#include <string.h>

#include <rte_ring.h>

#include "dataplane/device/ports.h"
#include "dataplane/path/stages.h"
#include "dataplane/worker/drop.h"
#include "dataplane/worker/packet.h"
#include "dataplane/worker/worker.h"

/* A burst's packets for other workers. */
struct others {
	uint8_t count[SH_MAX_WORKERS];
	struct rte_mbuf *pkts[SH_MAX_WORKERS][DP_BURST];
};

/*
 * Once for each worker: its end of the ring is looked at once a burst, and the other one finds the whole of
 * it, and so a video frame in one piece.
 */
static void hand_off(struct dp_worker *w, const struct others *others)
{
	for (unsigned to = 0; to < w->workers; to++) {
		unsigned n = others->count[to], taken;

		if (!n)
			continue;
		taken = rte_ring_sp_enqueue_burst(w->peer[to]->handoff[w->id],
			(void *const *)others->pkts[to], n, NULL);
		w->stats->handed_off += taken;
		for (; taken < n; taken++)
			dp_drop(w, others->pkts[to][taken], SH_DROP_HANDOFF_FULL);
	}
}

unsigned dp_steer(struct dp_worker *w, struct rte_mbuf **pkts, unsigned n)
{
	uint16_t base = (uint16_t)(w->udp_port - w->id);
	struct others others;
	unsigned kept = 0;

	memset(others.count, 0, w->workers * sizeof(others.count[0]));
	for (unsigned i = 0; i < n; i++) {
		uint16_t port = dp_meta(pkts[i])->path.local.port;
		int to = (int)w->id;

		if (port != w->udp_port) /* a division is saved for nearly all */
			to = sh_port_owner((uint16_t)(port - base), w->workers, w->udp_ports);
		if (to == (int)w->id) {
			pkts[kept++] = pkts[i];
		} else if (to == SH_NO_WORKER) {
			dp_drop(w, pkts[i], SH_DROP_UDP_PORT);
		} else {
			others.pkts[to][others.count[to]++] = pkts[i];
		}
	}
	if (kept < n)
		hand_off(w, &others);
	return kept;
}

/* Parsed already by the worker that received them. Another ring comes first each time. */
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

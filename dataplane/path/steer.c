/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Brings each datagram to the worker that owns its destination UDP port (sh_port_owner()),
 * whichever worker received it. This worker's own datagrams go on to dp_classify(); those of others
 * go through a hand-off ring to dp_handoff_rx() there.
 */

#include <rte_ring.h>

#include "dataplane/device/ports.h"
#include "dataplane/path/exception.h"
#include "dataplane/path/stages.h"
#include "dataplane/worker/drop.h"
#include "dataplane/worker/packet.h"
#include "dataplane/worker/worker.h"

/* The packets of one burst that belong to other workers, by worker. */
struct handoff_batch {
	uint64_t to; /* bit i: there are some for worker i */
	uint8_t count[SH_MAX_WORKERS];
	struct rte_mbuf *pkts[SH_MAX_WORKERS][DP_BURST];
};

/*
 * Enqueues once per worker and burst. So the index that the other worker writes is read only once,
 * and the other worker finds the whole burst, and with it a video frame, in one piece.
 */
static void hand_off(struct dp_worker *w, const struct handoff_batch *batch)
{
	for (uint64_t left = batch->to; left; left &= left - 1) {
		unsigned to = (unsigned)rte_bsf64(left), n = batch->count[to], taken;

		taken = rte_ring_sp_enqueue_burst(w->peer[to]->handoff[w->id], (void *const *)batch->pkts[to],
			n, NULL);
		dp_bell_ring(&w->peer[to]->handoff_bell, w->id);
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

	batch.to = 0;
	for (unsigned i = 0; i < n; i++) {
		uint16_t port = dp_meta(pkts[i])->path.local.port;
		int to = (int)w->id;

		if (port != w->udp_port) /* saves the division for nearly all packets */
			to = sh_port_owner((uint16_t)(port - base), w->workers, w->udp_ports);
		if (to == (int)w->id) {
			pkts[kept++] = pkts[i];
		} else if (to == SH_NO_WORKER) {
			dp_exception_out(w, w->ports->by_id[pkts[i]->port], pkts[i], SH_DROP_UDP_PORT);
		} else {
			if (!(batch.to & UINT64_C(1) << to))
				batch.count[to] = 0;
			batch.to |= UINT64_C(1) << to;
			batch.pkts[to][batch.count[to]++] = pkts[i];
		}
	}
	if (kept < n)
		hand_off(w, &batch);
	return kept;
}

/* The first worker of the set at or behind `first`, in rotation. */
static unsigned next_of(uint64_t set, unsigned first)
{
	uint64_t behind = set & UINT64_MAX << first;

	return (unsigned)rte_bsf64(behind ? behind : set);
}

/*
 * Takes a burst that other workers received, parsed and handed off. The ring behind the one that
 * was read last is read first, so that a busy worker does not starve the others.
 */
unsigned dp_handoff_rx(struct dp_worker *w, struct rte_mbuf **pkts)
{
	unsigned n = 0;

	w->handers |= dp_bell_answer(&w->handoff_bell);
	for (uint64_t left = w->handers; left && n < DP_BURST;) {
		unsigned from = next_of(left, w->next_hander), more;

		n += rte_ring_sc_dequeue_burst(w->handoff[from], (void **)pkts + n, DP_BURST - n, &more);
		left &= ~(UINT64_C(1) << from);
		if (!more)
			w->handers &= ~(UINT64_C(1) << from);
		w->next_hander = (from + 1) % SH_MAX_WORKERS;
	}
	w->stats->handed_in += n;
	return n;
}

/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Protects batches of rewritten packets to viewers (path/outgoing.h): the SRTP engine encrypts them
 * out of place, from the stream ring's packet into the viewer's mbuf. They go on to send/encap.h
 * and send/tx.h.
 */

#include <string.h>

#include <rte_branch_prediction.h>

#include "dataplane/path/capture.h"
#include "dataplane/path/outgoing.h"
#include "dataplane/path/unsent.h"
#include "dataplane/send/encap.h"
#include "dataplane/send/fragment.h"
#include "dataplane/send/tx.h"
#include "dataplane/tables/transport.h"
#include "dataplane/worker/drop.h"
#include "dataplane/worker/packet.h"
#include "dataplane/worker/worker.h"

/*
 * An mbuf of the pool is one segment without references. rte_pktmbuf_alloc_bulk() would reset its
 * other fields as well, all of which flush and dp_encap() set.
 */
bool dp_outgoing_refill(struct dp_worker *w, struct dp_outgoing *o)
{
	if (rte_mempool_get_bulk(w->pool, (void **)o->spare, DP_BURST))
		return false;
	for (unsigned i = 0; i < DP_BURST; i++)
		o->spare[i]->data_off = RTE_PKTMBUF_HEADROOM;
	o->spares = DP_BURST;
	return true;
}

/*
 * The engine encrypts the runs between packets of plain transports without SRTP, which have no
 * session and are only copied.
 */
static void protect(struct dp_worker *w, struct dp_outgoing *o)
{
	unsigned from = 0;

	for (unsigned i = 0; i < o->count; i++) {
		struct dp_srtp_job *job = &o->job[i];

		if (likely(job->session))
			continue;
		dp_srtp_protect_rtp(w->engine, o->job + from, i - from);
		memcpy(job->dst + job->hdr_len, job->payload, job->payload_len);
		dp_srtp_patch(job, job->dst + job->hdr_len);
		job->out_len = (uint16_t)(job->hdr_len + job->payload_len);
		from = i + 1;
	}
	dp_srtp_protect_rtp(w->engine, o->job + from, o->count - from);
}

/* The viewer's ledger: packet `i` does not leave. Its header was written into the job's buffer. */
static void note_unsent(struct dp_worker *w, const struct dp_outgoing *o, unsigned i, enum sh_loss reason)
{
	dp_unsent(w, o->transport[i], o->job[i].dst, reason);
}

void dp_outgoing_flush(struct dp_worker *w, struct dp_outgoing *o)
{
	unsigned ready = 0, run = 0; /* mbuf[run..ready) go to the same port */
	struct dp_capture *c = dp_capture_of(w);
	uint16_t port;

	if (!o->count)
		return;
	port = o->transport[0]->encap.port_id;
	if (unlikely(c) && c->plain)
		dp_capture_batch(w, c, o, false);
	protect(w, o);
	if (unlikely(c) && !c->plain)
		dp_capture_batch(w, c, o, true);
	for (unsigned i = 0; i < o->count; i++) {
		struct dp_transport *t = o->transport[i];
		struct rte_mbuf *m = o->mbuf[i];
		uint16_t len = o->job[i].out_len;

		if (unlikely(!len)) {
			note_unsent(w, o, i, SH_LOSS_PROTECT);
			dp_drop(w, m, SH_DROP_PROTECT);
			continue;
		}
		m->data_len = len;
		m->pkt_len = len;
		t->tx_packets++;
		t->tx_bytes += len;
		if (unlikely(len + t->encap.len - t->encap.ip_offset > t->encap.path_mtu)) {
			dp_tx_burst(w, port, o->mbuf + run, ready - run); /* what stands before it */
			run = ready;
			if (dp_send_fragments(w, &t->encap, m))
				w->stats->rtp_out++;
			else
				note_unsent(w, o, i, SH_LOSS_NO_MBUF);
			continue;
		}
		dp_encap(w, &t->encap, m);
		if (t->encap.port_id != port) {
			dp_tx_burst(w, port, o->mbuf + run, ready - run);
			run = ready;
			port = t->encap.port_id;
		}
		o->mbuf[ready++] = m;
	}
	dp_tx_burst(w, port, o->mbuf + run, ready - run);
	w->stats->rtp_out += ready;
	o->count = 0;
}

void dp_outgoing_end(struct dp_worker *w, struct dp_outgoing *o)
{
	dp_outgoing_flush(w, o);
	if (o->spares)
		rte_pktmbuf_free_bulk(o->spare, o->spares);
	o->spares = 0;
}

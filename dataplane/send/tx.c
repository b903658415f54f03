/* SPDX-License-Identifier: Apache-2.0 */
#include "dataplane/send/tx.h"

#include <stdalign.h>

#include <rte_branch_prediction.h>
#include <rte_errno.h>
#include <rte_ethdev.h>
#include <rte_malloc.h>

#include "dataplane/device/ports.h"
#include "dataplane/net/frame.h"
#include "dataplane/worker/clock.h"
#include "dataplane/worker/drop.h"
#include "dataplane/worker/packet.h"
#include "dataplane/worker/worker.h"

int dp_tx_note_offset = -1;

int dp_txq_init(void)
{
	static const struct rte_mbuf_dynfield field = {.name = "spate_tx_note",
		.size = sizeof(struct dp_tx_note),
		.align = alignof(struct dp_tx_note)};

	dp_tx_note_offset = rte_mbuf_dynfield_register(&field);
	return dp_tx_note_offset < 0 ? rte_errno : 0;
}

struct dp_txq *dp_txq_new(uint32_t mbufs, unsigned queues, int socket)
{
	struct dp_txq *q = rte_zmalloc_socket("txq", sizeof(*q), RTE_CACHE_LINE_SIZE, socket);

	if (q)
		q->limit = RTE_MIN((uint32_t)DP_TXQ_SLOTS, mbufs / (2 * queues));
	return q;
}

static struct dp_txq *txq(const struct dp_worker *w, uint16_t port_id)
{
	return w->txq[port_id];
}

/* --- to the device ------------------------------------------------------------------ */

/* What the statistics need of a burst's packets, copied because a sent mbuf may not be read. */
struct burst {
	unsigned groups; /* runs of packets with the same since_ns */
	uint64_t bytes;
	struct {
		uint64_t since_ns; /* 0: not live packets to viewers, whose latency is not recorded */
		unsigned count;
	} group[DP_TX_BURST_MAX];
};

static void summarise(struct burst *h, struct rte_mbuf *const *m, unsigned n)
{
	uint64_t last = UINT64_MAX;

	h->groups = 0;
	h->bytes = 0;
	for (unsigned i = 0; i < n; i++) {
		const struct dp_tx_note *note = dp_tx_note(m[i]);
		uint64_t since = note->kind ? note->since_ns : 0;

		h->bytes += m[i]->pkt_len;
		if (since != last) {
			h->group[h->groups].since_ns = last = since;
			h->group[h->groups++].count = 0;
		}
		h->group[h->groups - 1].count++;
	}
}

/*
 * Records the time from RX to TX of the first `sent` packets. The clock is read here, once for all
 * of them: w->now_ns would leave out what the loop has done since it began. For RX, w->now_ns is
 * right, because it is read before a burst is received.
 */
static void record_latency(struct dp_worker *w, const struct burst *h, unsigned sent)
{
	uint64_t now = dp_clock_within(&w->clock);

	for (unsigned i = 0; sent && i < h->groups; i++) {
		uint64_t since = h->group[i].since_ns;
		unsigned n = RTE_MIN(h->group[i].count, sent);

		if (since) /* perhaps from another worker's clock, which may be a little ahead */
			sh_latency_add(&w->stats->latency, now > since ? now - since : 0, n);
		sent -= n;
	}
}

/* Sends up to DP_TX_BURST_MAX packets. Returns how many the device took, from the first one on. */
static unsigned transmit(struct dp_worker *w, uint16_t port_id, struct rte_mbuf **m, unsigned n)
{
	struct burst h;
	unsigned sent;

	summarise(&h, m, n);
	sent = rte_eth_tx_burst(port_id, (uint16_t)w->id, m, (uint16_t)n);
	for (unsigned i = sent; i < n; i++)
		h.bytes -= m[i]->pkt_len;
	record_latency(w, &h, sent);
	w->stats->tx_bytes += h.bytes;
	w->stats->tx_packets += sent;
	w->stats->tx_waits += sent < n;
	return sent;
}

/* Drops a packet from the queue. */
static void drop(struct dp_worker *w, struct rte_mbuf *m, enum sh_drop reason)
{
	if (dp_tx_note(m)->kind && w->unsent)
		w->unsent(w, m, reason);
	dp_drop(w, m, reason);
}

/*
 * Drops the expired ones of `n` packets and moves the others to the end, in order. Returns how many
 * were dropped. Each packet is checked, because ages are not in order: retransmissions, answers and
 * reports are younger than the live packets around them.
 */
static unsigned drop_expired(struct dp_worker *w, struct rte_mbuf **m, unsigned n)
{
	unsigned dropped = n;

	for (unsigned i = n; i-- > 0;) {
		const struct dp_tx_note *note = dp_tx_note(m[i]);

		if (likely(w->now_ns <= note->since_ns || w->now_ns - note->since_ns <= w->deadline_ns)) {
			m[--dropped] = m[i];
			continue;
		}
		w->stats->aged_audio += note->kind == SH_KIND_AUDIO;
		w->stats->aged_video += note->kind == SH_KIND_VIDEO;
		drop(w, m[i], SH_DROP_TX_AGE);
	}
	return dropped;
}

/* Offers unexpired packets until the device takes no more. Returns how many it took. */
static unsigned send_queued(struct dp_worker *w, uint16_t port_id, struct dp_txq *q)
{
	unsigned all = 0;

	while (q->tail != q->head) {
		uint32_t at = q->tail % DP_TXQ_SLOTS;
		uint32_t contiguous = RTE_MIN(q->head - q->tail, DP_TXQ_SLOTS - at);
		unsigned n = RTE_MIN(contiguous, (uint32_t)DP_BURST);
		unsigned dropped = drop_expired(w, q->mbuf + at, n), sent = 0;

		if (dropped < n)
			sent = transmit(w, port_id, q->mbuf + at + dropped, n - dropped);
		q->tail += dropped + sent;
		all += sent;
		if (dropped + sent < n)
			break;
	}
	q->flushed = q->head;
	return all;
}

/* --- the queue -------------------------------------------------------------------------- */

/* Queues a packet, and offers the queue to the device as soon as a burst of new packets waits. */
static void enqueue(struct dp_worker *w, uint16_t port_id, struct dp_txq *q, struct rte_mbuf *m)
{
	if (q->head - q->tail >= q->limit) {
		drop(w, m, SH_DROP_TX_QUEUE);
		return;
	}
	q->mbuf[q->head % DP_TXQ_SLOTS] = m;
	q->head++;
	if (q->head - q->flushed >= DP_BURST)
		send_queued(w, port_id, q);
}

void dp_tx(struct dp_worker *w, uint16_t port_id, struct rte_mbuf *m)
{
	uint32_t longest = w->ports->by_id[port_id]->mtu + DP_ETHER_HEADER + DP_ETHER_VLAN;

	if (m->pkt_len > longest) {
		dp_drop(w, m, SH_DROP_TOO_LONG);
		return;
	}
	*dp_tx_note(m) = (struct dp_tx_note){.since_ns = w->now_ns};
	enqueue(w, port_id, txq(w, port_id), m);
}

void dp_tx_burst(struct dp_worker *w, uint16_t port_id, struct rte_mbuf **m, unsigned n)
{
	struct dp_txq *q = txq(w, port_id);
	unsigned sent = 0;

	if (q->head == q->tail)
		sent = transmit(w, port_id, m, n);
	for (; sent < n; sent++)
		enqueue(w, port_id, q, m[sent]);
}

unsigned dp_tx_room(const struct dp_worker *w, uint16_t port_id)
{
	const struct dp_txq *q = txq(w, port_id);
	/* Half of a short queue is kept for answers and reports. */
	uint32_t waiting = q->head - q->tail, most = RTE_MIN(q->limit / 2, (uint32_t)DP_TXQ_ROOM);

	/*
	 * Hysteresis: there is no room until a quarter of it is free, so that the fan-out writes
	 * large bursts. Small ones cost more per packet, most of all in the multi-buffer cipher.
	 */
	return most - RTE_MIN(waiting, most) >= most / 4 ? most - waiting : 0;
}

unsigned dp_tx_flush(struct dp_worker *w)
{
	unsigned sent = 0;

	for (unsigned i = 0; i < w->ports->count; i++) {
		uint16_t port_id = w->ports->port[i].id;
		struct dp_txq *q = txq(w, port_id);

		if (q->tail != q->head)
			sent += send_queued(w, port_id, q);
	}
	return sent;
}

void dp_txq_clear(struct dp_txq *q)
{
	for (; q->tail != q->head; q->tail++)
		rte_pktmbuf_free(q->mbuf[q->tail % DP_TXQ_SLOTS]);
}

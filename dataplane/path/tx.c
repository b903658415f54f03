/* SPDX-License-Identifier: Apache-2.0 */
#include "tx.h"

#include <rte_ethdev.h>
#include <rte_malloc.h>

#include "../net/frame.h"

struct dp_txq *dp_txq_new(uint32_t mbufs, unsigned workers, int socket)
{
	struct dp_txq *q = rte_zmalloc_socket("txq", sizeof(*q), RTE_CACHE_LINE_SIZE, socket);

	if (q)
		q->limit = RTE_MIN((uint32_t)DP_TXQ_SLOTS, mbufs / (2 * workers));
	return q;
}

static struct dp_txq *txq(const struct dp_worker *w, uint16_t port)
{
	return w->txq[port];
}

static void drop_aged(struct dp_worker *w, struct dp_txq *q)
{
	uint64_t limit = (uint64_t)w->config->dataplane.tx_age_ms * 1000000;

	while (q->tail != q->head && w->now_ns - q->queued_ns[q->tail % DP_TXQ_SLOTS] > limit) {
		dp_drop(w, q->mbuf[q->tail % DP_TXQ_SLOTS], SH_DROP_TX_AGE);
		q->tail++;
	}
}

/* Offers what waits to the device until it takes no more. */
static void offer(struct dp_worker *w, uint16_t port, struct dp_txq *q)
{
	while (q->tail != q->head) {
		uint32_t at = q->tail % DP_TXQ_SLOTS;
		uint32_t straight = RTE_MIN(q->head - q->tail, DP_TXQ_SLOTS - at);
		uint16_t n = (uint16_t)RTE_MIN(straight, (uint32_t)DP_BURST);
		uint32_t len[DP_BURST];
		uint16_t sent;

		for (uint16_t i = 0; i < n; i++) /* a sent mbuf is not ours to read */
			len[i] = q->mbuf[at + i]->pkt_len;
		sent = rte_eth_tx_burst(port, (uint16_t)w->id, q->mbuf + at, n);
		for (uint16_t i = 0; i < sent; i++)
			w->stats->tx_bytes += len[i];
		w->stats->tx_packets += sent;
		q->tail += sent;
		if (sent < n) {
			w->stats->tx_waits++;
			break;
		}
	}
	q->flushed = q->head;
}

void dp_tx(struct dp_worker *w, uint16_t port, struct rte_mbuf *m)
{
	struct dp_txq *q = txq(w, port);
	uint32_t longest = w->ports->by_id[port]->mtu + DP_ETHER_HEADER + DP_ETHER_VLAN;

	if (m->pkt_len > longest) {
		dp_drop(w, m, SH_DROP_TOO_LONG);
		return;
	}
	if (q->head - q->tail >= q->limit) {
		dp_drop(w, m, SH_DROP_TX_QUEUE);
		return;
	}
	q->mbuf[q->head % DP_TXQ_SLOTS] = m;
	q->queued_ns[q->head % DP_TXQ_SLOTS] = w->now_ns;
	q->head++;
	if (q->head - q->flushed >= DP_BURST)
		offer(w, port, q);
}

void dp_tx_burst(struct dp_worker *w, uint16_t port, struct rte_mbuf **m, unsigned n)
{
	struct dp_txq *q = txq(w, port);
	unsigned sent = 0;

	if (q->head == q->tail) {
		uint64_t bytes = 0;

		for (unsigned i = 0; i < n; i++)
			bytes += m[i]->pkt_len;
		sent = rte_eth_tx_burst(port, (uint16_t)w->id, m, (uint16_t)n);
		for (unsigned i = sent; i < n; i++)
			bytes -= m[i]->pkt_len;
		w->stats->tx_bytes += bytes;
		w->stats->tx_packets += sent;
		w->stats->tx_waits += sent < n;
	}
	for (; sent < n; sent++)
		dp_tx(w, port, m[sent]);
}

unsigned dp_tx_room(const struct dp_worker *w, uint16_t port)
{
	const struct dp_txq *q = txq(w, port);

	return q->limit - (q->head - q->tail);
}

unsigned dp_tx_ahead(const struct dp_worker *w, uint16_t port)
{
	const struct dp_txq *q = txq(w, port);
	uint32_t waiting = q->head - q->tail, most = RTE_MIN(q->limit, (uint32_t)DP_TXQ_AHEAD);

	/* Not in drops: many packets together are cheaper, most of all for the cipher. */
	return most - RTE_MIN(waiting, most) >= most / 4 ? most - waiting : 0;
}

unsigned dp_tx_flush(struct dp_worker *w)
{
	uint32_t sent = 0;

	for (unsigned i = 0; i < w->ports->count; i++) {
		uint16_t port = w->ports->port[i].id;
		struct dp_txq *q = txq(w, port);
		uint32_t tail;

		if (q->tail == q->head)
			continue;
		drop_aged(w, q);
		tail = q->tail;
		offer(w, port, q);
		sent += q->tail - tail;
	}
	return sent;
}

void dp_txq_clear(struct dp_txq *q)
{
	for (; q->tail != q->head; q->tail++)
		rte_pktmbuf_free(q->mbuf[q->tail % DP_TXQ_SLOTS]);
}

/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Sorts datagrams into STUN, DTLS, RTP and RTCP by their first bytes (RFC 7983, RFC 5761), and
 * finds their transport: by the 5-tuple or, on a plain transport's own port, by the port. RTP and
 * RTCP and DTLS from an address that belongs to no transport are dropped: a peer sends them only
 * over a path whose check was answered, which is after the path was bound. RTP and RTCP that may be
 * those of a peer behind a NAT that has given it another port are excepted. STUN may come from
 * strangers. The packets go on to the stage for their kind (struct dp_batch).
 */

#include <rte_hash.h>
#include <rte_prefetch.h>

#include "dataplane/device/ports.h"
#include "dataplane/path/capture.h"
#include "dataplane/path/punt.h"
#include "dataplane/path/stages.h"
#include "dataplane/tables/movers.h"
#include "dataplane/tables/plain_transport.h"
#include "dataplane/tables/transport.h"
#include "dataplane/tables/tuples.h"
#include "dataplane/worker/budget.h"
#include "dataplane/worker/drop.h"
#include "dataplane/worker/packet.h"
#include "dataplane/worker/worker.h"
#include "shared/demux.h"

enum { RTP_MIN = 12, RTCP_MIN = 8 };

/* Sets `transport` and `tuple` of the packets whose 5-tuple is in the table. */
static void find_transports(struct dp_worker *w, struct rte_mbuf **pkts, unsigned n)
{
	struct dp_tuple_key keys[DP_BURST];
	const void *key[DP_BURST];
	void *value[DP_BURST];
	uint64_t hits = 0;

	for (unsigned i = 0; i < n; i++) {
		keys[i] = dp_tuple_key(&dp_meta(pkts[i])->path);
		key[i] = &keys[i];
	}
	if (rte_hash_lookup_bulk_data(w->tuples, key, n, &hits, value) <= 0)
		return;
	for (unsigned i = 0; i < n; i++) {
		struct dp_meta *meta = dp_meta(pkts[i]);

		if (!(hits & 1ull << i))
			continue;
		meta->transport = &w->transports[(uintptr_t)value[i] >> 8];
		meta->tuple = (uint8_t)(uintptr_t)value[i];
		rte_prefetch0(&meta->transport->id);
		rte_prefetch0((const char *)&meta->transport->id + RTE_CACHE_LINE_SIZE);
	}
}

static void classify_media(struct dp_worker *w, struct rte_mbuf *m, bool rtcp, struct dp_batch *b)
{
	struct dp_meta *meta = dp_meta(m);

	if (!meta->transport) {
		dp_drop(w, m, SH_DROP_UNKNOWN_TUPLE);
		return;
	}
	if (meta->payload_len < (rtcp ? RTCP_MIN : RTP_MIN)) {
		dp_drop(w, m, rtcp ? SH_DROP_RTCP_MALFORMED : SH_DROP_RTP_MALFORMED);
		return;
	}
	if (rtcp) {
		w->stats->rtcp_in++;
		b->rtcp[b->rtcps++] = m;
	} else {
		w->stats->rtp_in++;
		b->rtp[b->rtps++] = m;
	}
}

/*
 * False: the budget for the transport's packets is used up, and the packet was dropped. The budget
 * is only looked at here, and charged when the packet is authentic: nobody who forges the peer's
 * address uses it up. Where nothing is authenticated, it is charged here: packets from an address
 * that a plain transport does not know, which have a separate budget, and packets without SRTP.
 */
static bool within_budget(struct dp_worker *w, struct rte_mbuf *m)
{
	struct dp_meta *meta = dp_meta(m);
	struct dp_transport *t = meta->transport;
	bool left;

	if (meta->tuple == DP_TUPLE_STRANGER)
		left = dp_budget_take(&t->stranger_budget_ns, w->now_ns, w->packet_cost_ns);
	else if (dp_transport_unprotected(t))
		left = dp_budget_take(&t->packet_budget_ns, w->now_ns, w->packet_cost_ns);
	else
		left = dp_budget_left(t->packet_budget_ns, w->now_ns, w->packet_cost_ns);
	if (left)
		return true;
	dp_drop(w, m, SH_DROP_PEER_RATE);
	return false;
}

/* A plain transport's port accepts only RTP and RTCP. */
static void classify_plain(struct dp_worker *w, struct rte_mbuf *m, bool media_byte, bool rtcp,
	struct dp_batch *b)
{
	struct dp_meta *meta = dp_meta(m);

	if (!dp_plain_transport_at(w, meta->path.local.port)) {
		dp_drop(w, m, SH_DROP_UDP_PORT);
	} else if (!media_byte) {
		dp_drop(w, m, SH_DROP_FIRST_BYTE);
	} else {
		dp_plain_transport_find(w, meta, rtcp);
		if (!meta->transport || within_budget(w, m))
			classify_media(w, m, rtcp, b);
	}
}

static void classify_webrtc(struct dp_worker *w, struct rte_mbuf *m, const uint8_t *pkt, bool rtcp,
	struct dp_batch *b)
{
	struct dp_meta *meta = dp_meta(m);

	if (!meta->transport && dp_movers_find(w, meta, pkt, rtcp)) {
		w->stats->rtcp_in++;
		dp_punt_moved(w, m);
		rte_pktmbuf_free(m);
		return;
	}
	classify_media(w, m, rtcp, b);
}

void dp_classify(struct dp_worker *w, struct rte_mbuf **pkts, unsigned n, struct dp_batch *b)
{
	struct dp_capture *c = dp_capture_of(w);

	b->stuns = b->dtlses = b->rtps = b->rtcps = 0;
	if (n == 0)
		return;
	find_transports(w, pkts, n);
	if (unlikely(c))
		dp_capture_received(w, c, pkts, n);
	for (unsigned i = 0; i < n; i++) {
		struct rte_mbuf *m = pkts[i];
		struct dp_meta *meta = dp_meta(m);
		const uint8_t *p = rte_pktmbuf_mtod_offset(m, const uint8_t *, meta->payload_offset);
		enum sh_demux protocol;
		bool rtcp;

		if (meta->payload_len == 0) {
			dp_drop(w, m, SH_DROP_EMPTY);
			continue;
		}
		if (meta->transport) {
			meta->transport->rx_packets++;
			meta->transport->rx_bytes += meta->payload_len;
			if (!within_budget(w, m))
				continue;
		}
		protocol = sh_demux(p[0]);
		rtcp = meta->payload_len >= 2 && p[1] >= 192 && p[1] <= 223;
		if (meta->path.local.port != w->udp_port)
			classify_plain(w, m, protocol == SH_DEMUX_MEDIA, rtcp, b);
		else if (protocol == SH_DEMUX_MEDIA)
			classify_webrtc(w, m, p, rtcp, b);
		else if (protocol == SH_DEMUX_STUN)
			b->stun[b->stuns++] = m;
		else if (protocol != SH_DEMUX_DTLS)
			dp_drop(w, m, SH_DROP_FIRST_BYTE);
		else if (meta->transport)
			b->dtls[b->dtlses++] = m;
		else
			dp_drop(w, m, SH_DROP_DTLS_STRANGER);
	}
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "dataplane/send/fragment.h"

#include <string.h>

#include <rte_mbuf.h>

#include "dataplane/net/checksum.h"
#include "dataplane/net/fragment.h"
#include "dataplane/net/udp.h"
#include "dataplane/send/encap.h"
#include "dataplane/send/tx.h"
#include "dataplane/worker/drop.h"
#include "dataplane/worker/worker.h"
#include "shared/bytes.h"

enum { PARTS_MAX = 24 }; /* a datagram of 9,000 bytes over an MTU of 576 takes 17 */

/*
 * Puts the UDP header in front of the payload. No device can compute the checksum of a datagram in
 * fragments.
 */
static void add_udp_header(const struct dp_encap *e, struct rte_mbuf *m)
{
	const uint8_t *template = e->header + DP_ENCAP_ROOM - e->len, *ip = template + e->ip_offset;
	uint8_t *udp = (uint8_t *)(void *)rte_pktmbuf_prepend(m, DP_UDP_HEADER);
	size_t size = e->family == 4 ? 4 : 16;
	const uint8_t *src = ip + (e->family == 4 ? 12 : 8);
	uint16_t len = m->data_len, sum;

	memcpy(udp, template + e->udp_offset, DP_UDP_HEADER);
	sh_put_be16(udp + 4, len);
	udp[6] = udp[7] = 0;
	sum = dp_sum_fold(dp_sum(dp_sum_pseudo(e->family, src, src + size, DP_PROTO_UDP, len), udp, len));
	if (sum == 0) /* 0 would mean that there is no checksum (RFC 768) */
		sum = 0xffff;
	memcpy(udp + 6, &sum, 2);
}

/* Puts the headers in front of a part of the datagram. */
static void add_headers(const struct dp_encap *e, struct rte_mbuf *m, uint32_t id, size_t at, bool more)
{
	size_t extra = e->family == 4 ? 0 : DP_IPV6_FRAGMENT_HEADER;
	uint16_t len = m->data_len;
	uint8_t *header = (uint8_t *)(void *)rte_pktmbuf_prepend(m, (uint16_t)(e->udp_offset + extra));

	memcpy(header, e->header + DP_ENCAP_ROOM - e->len, e->udp_offset);
	dp_fragment_build(header + e->ip_offset, e->family, id, at, len, more);
	m->ol_flags = 0;
}

/* Copies `len` bytes of the datagram `m` into a new mbuf. NULL: the pool is empty. */
static struct rte_mbuf *copy_part(struct dp_worker *w, struct rte_mbuf *m, size_t at, size_t len)
{
	struct rte_mbuf *part = rte_pktmbuf_alloc(w->pool);

	if (!part)
		return NULL;
	memcpy(rte_pktmbuf_append(part, (uint16_t)len), rte_pktmbuf_mtod_offset(m, const char *, at), len);
	*dp_tx_note(part) = *dp_tx_note(m);
	return part;
}

unsigned dp_send_fragments(struct dp_worker *w, const struct dp_encap *e, struct rte_mbuf *m)
{
	size_t headers = (size_t)(e->udp_offset - e->ip_offset) +
			 (e->family == 4 ? 0 : (size_t)DP_IPV6_FRAGMENT_HEADER);
	size_t each = (e->path_mtu - headers) & ~(size_t)7, total;
	struct rte_mbuf *part[PARTS_MAX] = {m};
	uint32_t id = ++w->fragment_id;
	unsigned n = 1;

	add_udp_header(e, m);
	total = m->data_len;
	for (size_t at = each; at < total; at += each, n++) {
		part[n] = n < PARTS_MAX - 1 ? copy_part(w, m, at, RTE_MIN(each, total - at)) : NULL;
		if (!part[n]) {
			rte_pktmbuf_free_bulk(part + 1, n - 1);
			dp_drop(w, m, SH_DROP_NO_MBUF);
			return 0;
		}
	}
	rte_pktmbuf_trim(m, (uint16_t)(total - each));
	for (unsigned i = 0; i < n; i++)
		add_headers(e, part[i], id, i * each, i + 1 < n);
	w->stats->fragments_out += n;
	dp_tx_burst(w, e->port_id, part, n);
	return 1;
}

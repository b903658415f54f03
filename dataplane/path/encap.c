/* SPDX-License-Identifier: Apache-2.0 */

/* Ethernet, IP and UDP in front of a payload: a template for each path, then a copy and a few stores. */

#include <string.h>

#include <rte_ip.h>

#include "../net/checksum.h"
#include "../net/udp.h"
#include "../worker.h"

void dp_encap_init(struct dp_worker *w, struct dp_encap *e, const struct sh_path *path)
{
	const struct dp_port *port = w->ports->by_id[path->l2.port];
	uint8_t family = path->remote.family;
	size_t at;

	memset(e, 0, sizeof(*e));
	e->family = family;
	e->port = path->l2.port;
	e->mtu = port->mtu;
	at = dp_frame_build(e->header, path->l2.mac, port->mac, path->l2.vlan,
		family == 4 ? DP_ETHERTYPE_IPV4 : DP_ETHERTYPE_IPV6);
	e->ip_offset = (uint8_t)at;
	at += dp_ip_build(e->header + at, family, path->local.ip, path->remote.ip);
	e->udp_offset = (uint8_t)at;
	dp_put16(e->header + at, path->local.port);
	dp_put16(e->header + at + 2, path->remote.port);
	e->len = (uint8_t)(at + DP_UDP_HEADER);
}

/* IPv4: the header's checksum must be there, UDP's may be 0 (RFC 768). */
static void finish_ipv4(const struct dp_port *port, struct rte_mbuf *m, uint8_t *ip, uint8_t *udp)
{
	uint16_t sum;

	if (port->tx_udp_sum) {
		m->ol_flags |= RTE_MBUF_F_TX_IPV4 | RTE_MBUF_F_TX_UDP_CKSUM;
		sum = rte_ipv4_phdr_cksum((struct rte_ipv4_hdr *)(void *)ip, m->ol_flags);
		memcpy(udp + 6, &sum, 2);
	}
	if (port->tx_ip_sum) {
		m->ol_flags |= RTE_MBUF_F_TX_IPV4 | RTE_MBUF_F_TX_IP_CKSUM;
	} else {
		sum = dp_sum_fold(dp_sum(0, ip, DP_IPV4_HEADER));
		memcpy(ip + 10, &sum, 2);
	}
}

static void finish_ipv6(const struct dp_port *port, struct rte_mbuf *m, uint8_t *ip, uint8_t *udp,
	uint16_t len)
{
	uint16_t sum;

	if (port->tx_udp_sum) {
		m->ol_flags |= RTE_MBUF_F_TX_IPV6 | RTE_MBUF_F_TX_UDP_CKSUM;
		sum = rte_ipv6_phdr_cksum((struct rte_ipv6_hdr *)(void *)ip, m->ol_flags);
	} else {
		sum = dp_sum_fold(dp_sum(dp_sum_pseudo(6, ip + 8, ip + 24, DP_PROTO_UDP, len), udp, len));
		if (sum == 0) /* RFC 768: 0 would mean none */
			sum = 0xffff;
	}
	memcpy(udp + 6, &sum, 2);
}

void dp_encap(struct dp_worker *w, const struct dp_encap *e, struct rte_mbuf *m)
{
	const struct dp_port *port = w->ports->by_id[e->port];
	uint16_t udp_len = (uint16_t)(m->data_len + DP_UDP_HEADER);
	uint8_t *h = (uint8_t *)rte_pktmbuf_prepend(m, e->len);
	uint8_t *ip = h + e->ip_offset, *udp = h + e->udp_offset;

	memcpy(h, e->header, e->len);
	dp_put16(udp + 4, udp_len);
	m->ol_flags = 0;
	m->l2_len = e->ip_offset;
	m->l3_len = (uint64_t)(e->udp_offset - e->ip_offset) & 0x1ff;
	if (e->family == 4) {
		dp_put16(ip + 2, (uint16_t)(udp_len + DP_IPV4_HEADER));
		finish_ipv4(port, m, ip, udp);
	} else {
		dp_put16(ip + 4, udp_len);
		finish_ipv6(port, m, ip, udp, udp_len);
	}
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "dataplane/send/encap.h"

#include <assert.h>
#include <string.h>

#include <rte_branch_prediction.h>
#include <rte_ip.h>

#include "dataplane/device/ports.h"
#include "dataplane/net/checksum.h"
#include "dataplane/net/udp.h"
#include "dataplane/worker/worker.h"
#include "shared/bytes.h"

static_assert(DP_ENCAP_ROOM <= RTE_PKTMBUF_HEADROOM, "an empty mbuf has that headroom");
static_assert(DP_ENCAP_MAX <= DP_ENCAP_ROOM, "every header fits");

void dp_encap_init(struct dp_worker *w, struct dp_encap *e, const struct sh_path *path)
{
	const struct dp_port *port = w->ports->by_id[path->l2.port];
	uint8_t header[DP_ENCAP_MAX], family = path->remote.family;
	size_t at;

	memset(e, 0, sizeof(*e));
	e->family = family;
	e->port_id = path->l2.port;
	e->mtu = e->path_mtu = port->mtu;
	e->read_by_cpu = port->read_by_cpu;
	at = dp_frame_build(header, path->l2.mac, port->mac, path->l2.vlan,
		family == 4 ? DP_ETHERTYPE_IPV4 : DP_ETHERTYPE_IPV6);
	e->ip_offset = (uint8_t)at;
	at += dp_ip_build(header + at, family, path->local.ip, path->remote.ip);
	e->udp_offset = (uint8_t)at;
	sh_put_be16(header + at, path->local.port);
	sh_put_be16(header + at + 2, path->remote.port);
	sh_put_be16(header + at + 4, 0); /* length: filled in per packet */
	sh_put_be16(header + at + 6, 0); /* checksum: likewise */
	e->len = (uint8_t)(at + DP_UDP_HEADER);
	if (family == 4)
		e->ip_sum = dp_sum(0, header + e->ip_offset, DP_IPV4_HEADER);
	memcpy(e->header + DP_ENCAP_ROOM - e->len, header, e->len);
}

/*
 * What few packets need, or what is much work, stands in functions of its own, which dp_encap()
 * calls last: otherwise it would save registers for every packet.
 */

/*
 * The UDP checksum, computed in software: `udp` points to header and payload of `len` bytes, with
 * the checksum 0. The result is never 0, which would mean "no checksum" (RFC 768).
 */
static __rte_noinline uint16_t udp_sum(uint8_t family, const uint8_t *src, const uint8_t *dst,
	const uint8_t *udp, uint16_t len)
{
	uint16_t sum = dp_sum_fold(dp_sum(dp_sum_pseudo(family, src, dst, DP_PROTO_UDP, len), udp, len));

	return sum ? sum : 0xffff;
}

/* The device completes the UDP checksum from the sum of the pseudo-header. */
static __rte_noinline uint16_t leave_udp_sum(struct rte_mbuf *m, const uint8_t *ip)
{
	m->ol_flags |= RTE_MBUF_F_TX_IPV4 | RTE_MBUF_F_TX_UDP_CKSUM;
	return rte_ipv4_phdr_cksum((const struct rte_ipv4_hdr *)(const void *)ip, m->ol_flags);
}

/*
 * Fills in the UDP checksum, or leaves checksums to the device. `udp_len`: UDP header and payload.
 * RFC 768 permits IPv4 without a UDP checksum, but RFC 1122, 4.1.3.4 wants one by default, and some
 * networks drop what has none.
 */
static __rte_noinline void finish_ipv4(const struct dp_port *port, struct rte_mbuf *m, uint8_t *ip,
	uint8_t *udp, uint16_t udp_len)
{
	uint16_t sum = 0;

	if (port->tx_udp_sum)
		sum = leave_udp_sum(m, ip);
	else if (!port->no_udp_sum)
		sum = udp_sum(4, ip + 12, ip + 16, udp, udp_len);
	memcpy(udp + 6, &sum, 2);
	if (port->tx_ip_sum)
		m->ol_flags |= RTE_MBUF_F_TX_IPV4 | RTE_MBUF_F_TX_IP_CKSUM;
}

/* Likewise for IPv6, which needs the UDP checksum (RFC 8200, 8.1). */
static __rte_noinline void finish_ipv6(const struct dp_port *port, struct rte_mbuf *m, uint8_t *ip,
	uint8_t *udp, uint16_t udp_len)
{
	uint16_t sum;

	sh_put_be16(ip + 4, udp_len);
	if (port->tx_udp_sum) {
		m->ol_flags |= RTE_MBUF_F_TX_IPV6 | RTE_MBUF_F_TX_UDP_CKSUM;
		sum = rte_ipv6_phdr_cksum((struct rte_ipv6_hdr *)(void *)ip, m->ol_flags);
	} else {
		sum = udp_sum(6, ip + 8, ip + 24, udp, udp_len);
	}
	memcpy(udp + 6, &sum, 2);
}

void dp_encap(struct dp_worker *w, const struct dp_encap *e, struct rte_mbuf *m)
{
	const struct dp_port *port = w->ports->by_id[e->port_id];
	uint16_t udp_len = (uint16_t)(m->data_len + DP_UDP_HEADER);
	uint8_t *payload = rte_pktmbuf_mtod(m, uint8_t *);
	uint8_t *ip = payload - e->len + e->ip_offset, *udp = payload - DP_UDP_HEADER;
	uint16_t len, sum;

	if (likely(e->len <= DP_ENCAP_SHORT))
		memcpy(payload - DP_ENCAP_SHORT, e->header + DP_ENCAP_ROOM - DP_ENCAP_SHORT, DP_ENCAP_SHORT);
	else
		memcpy(payload - DP_ENCAP_ROOM, e->header, DP_ENCAP_ROOM);
	m->data_off -= e->len;
	m->data_len += e->len;
	m->pkt_len += e->len;
	sh_put_be16(udp + 4, udp_len);
	m->ol_flags &= RTE_MBUF_F_EXTERNAL | RTE_MBUF_F_INDIRECT; /* these say whose the buffer is */
	m->tx_offload =
		rte_mbuf_tx_offload(e->ip_offset, (uint64_t)(e->udp_offset - e->ip_offset), 0, 0, 0, 0, 0);
	if (unlikely(e->family != 4)) {
		finish_ipv6(port, m, ip, udp, udp_len);
		return;
	}
	len = (uint16_t)(udp_len + DP_IPV4_HEADER);
	sum = port->tx_ip_sum ? 0 : dp_sum_fold(e->ip_sum + rte_cpu_to_be_16(len));
	sh_put_be16(ip + 2, len);
	memcpy(ip + 10, &sum, 2);
	if (port->tx_ip_sum || port->tx_udp_sum || !port->no_udp_sum)
		finish_ipv4(port, m, ip, udp, udp_len);
}

/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Parses Ethernet, IP and UDP headers. UDP datagrams to one of our addresses go on to dp_steer(),
 * with their path and payload in dp_meta; those in fragments are put together first. ARP, neighbour
 * discovery and ICMP echo are handled here (path/arp_icmp.h). Everything else is the kernel's, or
 * is dropped (path/exception.h).
 */

#include <string.h>

#include <rte_branch_prediction.h>
#include <rte_prefetch.h>

#include "dataplane/device/ports.h"
#include "dataplane/net/udp.h"
#include "dataplane/path/arp_icmp.h"
#include "dataplane/path/exception.h"
#include "dataplane/path/reassemble.h"
#include "dataplane/path/stages.h"
#include "dataplane/worker/drop.h"
#include "dataplane/worker/packet.h"
#include "dataplane/worker/worker.h"

/*
 * Whether software must verify the checksum. If the device reports RTE_MBUF_F_RX_IP_CKSUM_NONE, the
 * header is intact although its checksum is wrong: the packet was never on a wire (virtio).
 */
static bool unknown_ip_sum(const struct dp_port *port, uint64_t sum)
{
	return !port->rx_ip_sum || sum == RTE_MBUF_F_RX_IP_CKSUM_UNKNOWN;
}

/* Likewise for UDP. */
static bool unknown_udp_sum(const struct dp_port *port, uint64_t sum)
{
	return !port->rx_udp_sum || sum == RTE_MBUF_F_RX_L4_CKSUM_UNKNOWN;
}

static enum sh_drop parse_ip(struct dp_ip *ip, const struct dp_port *port, struct rte_mbuf *m,
	const struct dp_frame *f)
{
	const uint8_t *frame = rte_pktmbuf_mtod(m, const uint8_t *);
	uint64_t sum = m->ol_flags & RTE_MBUF_F_RX_IP_CKSUM_MASK;

	if (f->type == DP_ETHERTYPE_IPV6)
		return dp_ipv6_parse(ip, frame, m->data_len, f->offset);
	if (port->rx_ip_sum && sum == RTE_MBUF_F_RX_IP_CKSUM_BAD)
		return SH_DROP_IP_CHECKSUM;
	return dp_ipv4_parse(ip, frame, m->data_len, f->offset, unknown_ip_sum(port, sum));
}

static enum sh_drop parse_udp(struct dp_udp *udp, const struct dp_port *port, struct rte_mbuf *m,
	const struct dp_frame *f, const struct dp_ip *ip)
{
	uint64_t sum = m->ol_flags & RTE_MBUF_F_RX_L4_CKSUM_MASK;

	if ((f->dst[0] & 1) || !dp_port_has(port, ip->family, ip->dst))
		return SH_DROP_NOT_OURS;
	if (dp_port_has(port, ip->family, ip->src)) /* forged: the source is one of our addresses */
		return SH_DROP_IP_MALFORMED;
	if (port->rx_udp_sum && sum == RTE_MBUF_F_RX_L4_CKSUM_BAD)
		return SH_DROP_UDP_CHECKSUM;
	return dp_udp_parse(udp, rte_pktmbuf_mtod(m, const uint8_t *), ip, unknown_udp_sum(port, sum));
}

static void set_addr(struct sh_addr *a, uint8_t family, const uint8_t *ip, uint16_t port)
{
	memset(a, 0, sizeof(*a));
	a->family = family;
	a->port = port;
	memcpy(a->ip, ip, family == 4 ? 4 : 16);
}

static void set_meta(struct dp_worker *w, struct rte_mbuf *m, const struct dp_frame *f,
	const struct dp_ip *ip, const struct dp_udp *udp)
{
	struct dp_meta *meta = dp_meta(m);

	set_addr(&meta->path.remote, ip->family, ip->src, udp->src);
	set_addr(&meta->path.local, ip->family, ip->dst, udp->dst);
	memcpy(meta->path.l2.mac, f->src, 6);
	meta->path.l2.vlan = f->vlan;
	meta->path.l2.port = m->port;
	meta->path.l2.pad = 0;
	meta->rx_ns = w->now_ns;
	meta->transport = NULL;
	meta->tuple = 0;
	meta->payload_offset = udp->payload_offset;
	meta->payload_len = udp->payload_len;
}

/*
 * True: the packet goes on to the next stage; it is another one if it was in fragments. False: it
 * was handled, kept or dropped.
 */
static bool parse(struct dp_worker *w, struct rte_mbuf **packet)
{
	struct rte_mbuf *m = *packet;
	const struct dp_port *port = w->ports->by_id[m->port];
	enum sh_drop reason = SH_DROP_TOO_LONG;
	struct dp_frame f;
	struct dp_ip ip;
	struct dp_udp udp;

	if (m->nb_segs > 1 && rte_pktmbuf_linearize(m) != 0)
		goto drop;
	reason = dp_frame_parse(&f, rte_pktmbuf_mtod(m, const uint8_t *), m->data_len);
	if (reason == SH_DROP_ETH_SHORT)
		goto drop;
	if (!dp_frame_for(&f, port->mac)) {
		reason = SH_DROP_NOT_OURS;
		goto drop;
	}
	if (reason != DP_NET_OK)
		goto refuse;
	if (f.type == DP_ETHERTYPE_ARP) {
		dp_arp_in(w, port, m, &f);
		return false;
	}
	reason = parse_ip(&ip, port, m, &f);
	if (unlikely(reason == SH_DROP_IP_FRAGMENT)) {
		*packet = m = dp_reassemble(w, port, m, &f);
		if (!m)
			return false;
		(void)dp_frame_parse(&f, rte_pktmbuf_mtod(m, const uint8_t *), m->data_len);
		reason = parse_ip(&ip, port, m, &f);
	}
	if (reason != DP_NET_OK)
		goto refuse;
	if (ip.proto == (ip.family == 4 ? DP_PROTO_ICMP : DP_PROTO_ICMPV6)) {
		dp_icmp_in(w, port, m, &f, &ip);
		return false;
	}
	reason = SH_DROP_IP_PROTO;
	if (ip.proto != DP_PROTO_UDP)
		goto refuse;
	reason = parse_udp(&udp, port, m, &f, &ip);
	if (reason != DP_NET_OK)
		goto refuse;
	set_meta(w, m, &f, &ip, &udp);
	return true;
refuse:
	dp_exception_out(w, port, m, reason);
	return false;
drop:
	dp_drop(w, m, reason);
	return false;
}

unsigned dp_parse(struct dp_worker *w, struct rte_mbuf **pkts, unsigned n)
{
	unsigned kept = 0;

	for (unsigned i = 0; i < n; i++) {
		if (i + 2 < n)
			rte_prefetch0(dp_meta(pkts[i + 2]));
		if (parse(w, &pkts[i]))
			pkts[kept++] = pkts[i];
	}
	return kept;
}

/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Answers ARP requests, neighbour solicitations and ICMP echo in the mbuf of the request, and
 * passes on the answers to our own neighbour requests and what routers say about a path's MTU.
 *
 * Where the kernel has an interface of the port (path/exception.h), requests for the configured
 * addresses are answered here all the same: so media can be reached whatever floods the kernel.
 * Answers are for both. Echo, and all that is about other addresses, is the kernel's.
 */

#include "dataplane/path/arp_icmp.h"

#include <string.h>

#include "dataplane/device/ports.h"
#include "dataplane/net/arp.h"
#include "dataplane/net/icmp.h"
#include "dataplane/net/nd.h"
#include "dataplane/net/pmtu.h"
#include "dataplane/path/exception.h"
#include "dataplane/path/neighbour.h"
#include "dataplane/send/answer.h"
#include "dataplane/send/tx.h"
#include "dataplane/worker/worker.h"

/*
 * Sends the first `len` bytes of the mbuf as an answer. Their checksums are complete: the device
 * adds none.
 */
static void reply(struct dp_worker *w, const struct dp_port *port, struct rte_mbuf *m, size_t len)
{
	m = dp_answer_mbuf(w, m);
	if (!m)
		return;
	m->data_len = (uint16_t)len;
	m->pkt_len = (uint32_t)len;
	m->ol_flags = 0;
	dp_tx(w, port->id, m);
}

/* The packet has said what it had to say here. The kernel may have asked as well. */
static void taken(struct dp_worker *w, const struct dp_port *port, struct rte_mbuf *m)
{
	w->stats->neighbor_answers++;
	dp_exception_copy(w, port, m);
	rte_pktmbuf_free(m);
}

/* Passes on the MAC address in a neighbour's answer. False: ignored, as it was sent to a group. */
static bool learn(struct dp_worker *w, const struct dp_port *port, const struct dp_frame *f, uint8_t family,
	const uint8_t *ip, const uint8_t *mac)
{
	struct sh_path path = {.remote.family = family, .l2 = {.vlan = f->vlan, .port = port->id}};

	if (f->dst[0] & 1)
		return false;
	memcpy(path.remote.ip, ip, family == 4 ? 4 : 16);
	memcpy(path.l2.mac, mac, 6);
	dp_neighbour_learn(w, &path);
	return true;
}

void dp_arp_in(struct dp_worker *w, const struct dp_port *port, struct rte_mbuf *m, const struct dp_frame *f)
{
	uint8_t *frame = rte_pktmbuf_mtod(m, uint8_t *);
	struct dp_arp arp;
	enum sh_drop reason = dp_arp_parse(&arp, frame, m->data_len, f->offset);

	if (reason == DP_NET_OK && (!(arp.request || arp.reply) || !dp_port_has(port, 4, arp.target_ip)))
		reason = SH_DROP_NOT_OURS;
	if (reason == DP_NET_OK && arp.reply) {
		if (learn(w, port, f, 4, arp.sender_ip, arp.sender_mac)) {
			taken(w, port, m);
			return;
		}
		reason = SH_DROP_NOT_OURS;
	}
	if (reason != DP_NET_OK) {
		dp_exception_out(w, port, m, reason);
		return;
	}
	dp_arp_reply(frame, f->offset, port->mac);
	w->stats->arp_answered++;
	reply(w, port, m, (size_t)f->offset + DP_ARP_LEN);
}

static void answer_solicitation(struct dp_worker *w, const struct dp_port *port, struct rte_mbuf *m,
	const struct dp_frame *f, const struct dp_ip *ip)
{
	uint8_t out[DP_ETHER_HEADER + DP_ETHER_VLAN + DP_IPV6_HEADER + DP_ND_ADVERTISEMENT_LEN];
	uint8_t *frame = rte_pktmbuf_mtod(m, uint8_t *);
	struct dp_nd nd;
	enum sh_drop reason = dp_nd_parse(&nd, frame, ip);
	size_t len;

	if (reason == DP_NET_OK && !dp_port_has(port, 6, nd.target))
		reason = SH_DROP_NOT_OURS;
	if (reason != DP_NET_OK) {
		dp_exception_out(w, port, m, reason);
		return;
	}
	len = dp_nd_reply(out, &nd, ip->src, f->src, f->vlan, port->mac);
	m = dp_answer_mbuf(w, m);
	if (!m)
		return;
	/* At most one option longer than the request: the tailroom of our own mbufs holds it. */
	memcpy(rte_pktmbuf_mtod(m, uint8_t *), out, len);
	w->stats->nd_answered++;
	reply(w, port, m, len);
}

static void process_advertisement(struct dp_worker *w, const struct dp_port *port, struct rte_mbuf *m,
	const struct dp_frame *f, const struct dp_ip *ip)
{
	const uint8_t *target, *mac;
	enum sh_drop reason = dp_nd_answer(&target, &mac, rte_pktmbuf_mtod(m, uint8_t *), ip);

	if (reason == DP_NET_OK && (!dp_port_has(port, 6, ip->dst) || !learn(w, port, f, 6, target, mac)))
		reason = SH_DROP_NOT_OURS;
	if (reason != DP_NET_OK)
		dp_exception_out(w, port, m, reason);
	else
		taken(w, port, m);
}

/* Applies a router's message about the MTU of a path. False: it is not about a path of ours. */
static bool learn_mtu(struct dp_worker *w, const struct dp_port *port, const struct dp_frame *f,
	const uint8_t *frame, const struct dp_ip *ip)
{
	size_t size = ip->family == 4 ? 4 : 16;
	struct sh_path path = {.local.family = ip->family, .remote.family = ip->family};
	struct dp_pmtu said;

	if ((f->dst[0] & 1) || !dp_port_has(port, ip->family, ip->dst) || !dp_pmtu_parse(&said, frame, ip))
		return false;
	memcpy(path.local.ip, said.local_ip, size);
	memcpy(path.remote.ip, said.remote_ip, size);
	path.local.port = said.local_port;
	path.remote.port = said.remote_port;
	dp_neighbour_too_big(w, &path, said.mtu);
	return true;
}

void dp_icmp_in(struct dp_worker *w, const struct dp_port *port, struct rte_mbuf *m, const struct dp_frame *f,
	const struct dp_ip *ip)
{
	uint8_t *frame = rte_pktmbuf_mtod(m, uint8_t *);
	uint8_t type;
	enum sh_drop reason = dp_icmp_parse(&type, frame, ip);

	if (reason == DP_NET_OK && ip->family == 6 && type == DP_ND_SOLICITATION) {
		answer_solicitation(w, port, m, f, ip);
		return;
	}
	if (reason == DP_NET_OK && ip->family == 6 && type == DP_ND_ADVERTISEMENT) {
		process_advertisement(w, port, m, f, ip);
		return;
	}
	if (reason == DP_NET_OK && learn_mtu(w, port, f, frame, ip)) {
		taken(w, port, m);
		return;
	}
	if (reason == DP_NET_OK &&
		(port->exception || type != (ip->family == 4 ? DP_ICMP_ECHO : DP_ICMPV6_ECHO)))
		reason = SH_DROP_IP_PROTO;
	if (reason == DP_NET_OK && !dp_port_has(port, ip->family, ip->dst))
		reason = SH_DROP_NOT_OURS;
	if (reason == DP_NET_OK && (ip->options || (f->dst[0] & 1))) /* no legitimate echo has these */
		reason = SH_DROP_IP_PROTO;
	if (reason != DP_NET_OK) {
		dp_exception_out(w, port, m, reason);
		return;
	}
	dp_icmp_echo_reply(frame, ip, port->mac);
	w->stats->icmp_answered++;
	reply(w, port, m, (size_t)ip->l4_offset + ip->l4_len);
}

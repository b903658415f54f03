/* SPDX-License-Identifier: Apache-2.0 */
#include "ports.h"

#include <stdio.h>
#include <string.h>

#include <rte_errno.h>

bool dp_port_is_tap(const struct sh_config_port *c)
{
	return strncmp(c->device, "net_tap", 7) == 0;
}

void dp_port_tap_name(const struct sh_config_port *c, char *out, size_t size)
{
	const char *at = strstr(c->args, "iface=");
	size_t len;

	if (!at) {
		snprintf(out, size, "dtap%s", c->device + strlen("net_tap"));
		return;
	}
	at += strlen("iface=");
	len = strcspn(at, ",");
	snprintf(out, size, "%.*s", (int)len, at);
}

bool dp_port_has(const struct dp_port *p, uint8_t family, const uint8_t *ip)
{
	for (uint32_t i = 0; i < p->config->address_count; i++) {
		const struct sh_addr *a = &p->config->address[i].addr;

		if (a->family == family && memcmp(a->ip, ip, family == 4 ? 4 : 16) == 0)
			return true;
	}
	return false;
}

static bool on_link(const struct sh_prefix *prefix, const struct sh_addr *a)
{
	unsigned bytes = prefix->bits / 8, bits = prefix->bits % 8;

	return memcmp(prefix->addr.ip, a->ip, bytes) == 0 &&
	       (bits == 0 || (prefix->addr.ip[bytes] ^ a->ip[bytes]) >> (8 - bits) == 0);
}

bool dp_ports_toward(const struct dp_ports *p, const struct sh_addr *remote, struct sh_addr *local,
	uint16_t *port)
{
	bool found = false;

	for (unsigned i = 0; i < p->count; i++) {
		const struct sh_config_port *c = p->port[i].config;

		for (uint32_t k = 0; k < c->address_count; k++) {
			bool near = on_link(&c->address[k], remote);

			if (c->address[k].addr.family != remote->family || (found && !near))
				continue;
			*local = c->address[k].addr;
			*port = p->port[i].id;
			found = true;
			if (near)
				return true;
		}
	}
	return found;
}

bool dp_ports_path_valid(const struct dp_ports *p, const struct sh_path *path, uint16_t udp_port)
{
	static const uint8_t none[6];
	const uint8_t *mac = path->l2.mac;
	const struct dp_port *port;

	if (path->l2.port >= RTE_MAX_ETHPORTS || !p->by_id[path->l2.port])
		return false;
	port = p->by_id[path->l2.port];
	if ((mac[0] & 1) || memcmp(mac, none, sizeof(none)) == 0 || path->l2.vlan > 4094)
		return false;
	if (path->remote.family != path->local.family ||
		(path->remote.family != 4 && path->remote.family != 6))
		return false;
	return path->remote.port != 0 && path->local.port == udp_port &&
	       dp_port_has(port, path->local.family, path->local.ip);
}

/*
 * The MAC we answer for. A TAP's PMD has the address of the kernel's interface, which is
 * the other end of the wire to us: ours is that one, locally administered and with one
 * bit changed. Every other device has a MAC of its own.
 */
static int own_mac(struct dp_port *p)
{
	struct rte_ether_addr mac;
	int error = rte_eth_macaddr_get(p->id, &mac);

	if (error)
		return error;
	memcpy(p->mac, mac.addr_bytes, 6);
	if (dp_port_is_tap(p->config)) {
		p->mac[0] = 0x02;
		p->mac[5] ^= 0x01;
	}
	return 0;
}

/*
 * What the device offers of what we use. The TAP's PMD offers checksums too and computes
 * them on the CPU: no gain, and IPv4 needs no UDP checksum at all.
 */
static void choose_offloads(struct dp_port *p, const struct rte_eth_dev_info *info, struct rte_eth_conf *conf)
{
	const uint64_t ip = RTE_ETH_RX_OFFLOAD_IPV4_CKSUM, udp = RTE_ETH_RX_OFFLOAD_UDP_CKSUM;
	uint64_t tx = 0;

	memset(conf, 0, sizeof(*conf));
	if (dp_port_is_tap(p->config))
		return;
	conf->rxmode.offloads = info->rx_offload_capa & (ip | udp);
	p->rx_ip_sum = conf->rxmode.offloads & ip;
	p->rx_udp_sum = conf->rxmode.offloads & udp;
	p->tx_ip_sum = info->tx_offload_capa & RTE_ETH_TX_OFFLOAD_IPV4_CKSUM;
	p->tx_udp_sum = info->tx_offload_capa & RTE_ETH_TX_OFFLOAD_UDP_CKSUM;
	if (p->tx_ip_sum)
		tx |= RTE_ETH_TX_OFFLOAD_IPV4_CKSUM;
	if (p->tx_udp_sum)
		tx |= RTE_ETH_TX_OFFLOAD_UDP_CKSUM;
	conf->txmode.offloads = tx;
}

/* Several queues are fed by RSS over addresses and ports, where the device has it. */
static void choose_rss(const struct rte_eth_dev_info *info, struct rte_eth_conf *conf, unsigned workers)
{
	uint64_t hash = info->flow_type_rss_offloads & (RTE_ETH_RSS_IP | RTE_ETH_RSS_UDP);

	if (workers < 2 || !hash)
		return;
	conf->rxmode.mq_mode = RTE_ETH_MQ_RX_RSS;
	conf->rx_adv_conf.rss_conf.rss_hf = hash;
}

static int make_queues(struct dp_port *p, struct rte_mempool *const *pool, unsigned workers)
{
	uint16_t rx = DP_DESCRIPTORS, tx = DP_DESCRIPTORS;
	int error = rte_eth_dev_adjust_nb_rx_tx_desc(p->id, &rx, &tx);

	for (uint16_t q = 0; !error && q < workers; q++) {
		error = rte_eth_rx_queue_setup(p->id, q, rx, SOCKET_ID_ANY, NULL, pool[q]);
		if (!error)
			error = rte_eth_tx_queue_setup(p->id, q, tx, SOCKET_ID_ANY, NULL);
	}
	return error;
}

static int start(struct dp_port *p, struct rte_mempool *const *pool, unsigned workers, char *err,
	size_t err_size)
{
	const char *device = p->config->device;
	struct rte_eth_dev_info info;
	struct rte_eth_conf conf;
	int error = rte_eth_dev_get_port_by_name(device, &p->id);

	if (!error)
		error = rte_eth_dev_info_get(p->id, &info);
	if (error) {
		snprintf(err, err_size, "port %s: no such device, or no driver took it (%s)", device,
			rte_strerror(-error));
		return -1;
	}
	snprintf(p->driver, sizeof(p->driver), "%s", info.driver_name);
	if (workers > info.max_rx_queues || workers > info.max_tx_queues) {
		snprintf(err, err_size,
			"port %s: its driver %s has %u RX and %u TX queues, and every one of %u workers "
			"needs one of each",
			device, p->driver, info.max_rx_queues, info.max_tx_queues, workers);
		return -1;
	}
	choose_offloads(p, &info, &conf);
	choose_rss(&info, &conf, workers);
	p->mtu = p->config->mtu;
	error = rte_eth_dev_configure(p->id, (uint16_t)workers, (uint16_t)workers, &conf);
	if (!error)
		error = own_mac(p);
	/* A device without the call keeps its own limit; ours is never above Ethernet's 1500. */
	if (!error && rte_eth_dev_set_mtu(p->id, p->mtu) && p->mtu > RTE_ETHER_MTU)
		error = -ENOTSUP;
	if (!error)
		error = make_queues(p, pool, workers);
	if (!error)
		error = rte_eth_dev_start(p->id);
	if (error) {
		snprintf(err, err_size, "port %s (%s) does not start: %s", device, p->driver,
			rte_strerror(-error));
		return -1;
	}
	/* Neighbour solicitations come to groups; devices without filters have nothing to set. */
	(void)rte_eth_allmulticast_enable(p->id);
	return 0;
}

int dp_ports_start(struct dp_ports *p, const struct sh_config *c, struct rte_mempool *const *pool,
	unsigned workers, char *err, size_t err_size)
{
	for (uint32_t i = 0; i < c->network.port_count; i++) {
		struct dp_port *port = &p->port[i];

		port->config = &c->network.port[i];
		if (start(port, pool, workers, err, err_size) < 0)
			return -1;
		p->by_id[port->id] = port;
		p->count++;
	}
	return 0;
}

void dp_ports_stop(struct dp_ports *p)
{
	for (unsigned i = 0; i < p->count; i++) {
		rte_eth_dev_stop(p->port[i].id);
		rte_eth_dev_close(p->port[i].id);
	}
	p->count = 0;
}

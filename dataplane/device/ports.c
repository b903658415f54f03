/* SPDX-License-Identifier: Apache-2.0 */
#include "dataplane/device/ports.h"

#include <stdio.h>
#include <string.h>

#include <rte_errno.h>

#include "dataplane/device/offloads.h"
#include "dataplane/device/steering.h"

bool dp_port_is_tap(const struct sh_config_port *c)
{
	return strncmp(c->device, "net_tap", 7) == 0;
}

bool dp_port_is_pci(const struct sh_config_port *c)
{
	return strchr(c->device, ':') != NULL;
}

int dp_port_node(const struct sh_config_port *c)
{
	uint16_t id;
	int node;

	/* A virtual device reports the node of the thread that created it, which means nothing. */
	if (!dp_port_is_pci(c) || rte_eth_dev_get_port_by_name(c->device, &id) != 0)
		return SOCKET_ID_ANY;
	node = rte_eth_dev_socket_id(id);
	return node < 0 ? SOCKET_ID_ANY : node;
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

/* Whether the address is within the prefix. The families are not compared. */
static bool on_link(const struct sh_prefix *prefix, const struct sh_addr *a)
{
	unsigned bytes = prefix->bits / 8, bits = prefix->bits % 8;

	return memcmp(prefix->addr.ip, a->ip, bytes) == 0 &&
	       (bits == 0 || (prefix->addr.ip[bytes] ^ a->ip[bytes]) >> (8 - bits) == 0);
}

bool dp_ports_toward(const struct dp_ports *p, const struct sh_addr *remote, struct sh_addr *local,
	uint16_t *port_id)
{
	bool found = false;

	for (unsigned i = 0; i < p->count; i++) {
		const struct sh_config_port *c = p->port[i].config;

		for (uint32_t k = 0; k < c->address_count; k++) {
			bool near = on_link(&c->address[k], remote);

			if (c->address[k].addr.family != remote->family || (found && !near))
				continue;
			*local = c->address[k].addr;
			*port_id = p->port[i].id;
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
 * Sets our MAC address. For a TAP, DPDK reports the address of the kernel's interface, which is the
 * other end of the link. Ours is derived from it: locally administered and with one bit changed.
 * Every other device has an address of its own.
 */
static int set_mac(struct dp_port *p)
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
 * Chooses the offloads. A TAP uses none: its driver offers checksums but computes them on the CPU,
 * which gains nothing.
 */
static void choose_offloads(struct dp_port *p, const struct rte_eth_dev_info *info, struct rte_eth_conf *conf,
	bool one_pool)
{
	struct dp_offloads o = dp_offloads_choose(info->rx_offload_capa, info->tx_offload_capa,
		dp_port_is_tap(p->config), one_pool);

	memset(conf, 0, sizeof(*conf));
	conf->rxmode.offloads = o.rx;
	conf->txmode.offloads = o.tx;
	p->offloads = o;
	p->rx_ip_sum = o.shown & SH_OFFLOAD_RX_IPV4_SUM;
	p->rx_udp_sum = o.shown & SH_OFFLOAD_RX_UDP_SUM;
	p->tx_ip_sum = o.shown & SH_OFFLOAD_TX_IPV4_SUM;
	p->tx_udp_sum = o.shown & SH_OFFLOAD_TX_UDP_SUM;
}

/*
 * Lets the device distribute packets over several queues by RSS over addresses and ports, if it
 * supports that. Not for a TAP: its RSS works only in flow rules, and the kernel chooses the queue.
 */
static void choose_rss(struct dp_port *p, const struct rte_eth_dev_info *info, struct rte_eth_conf *conf)
{
	uint64_t hash = info->flow_type_rss_offloads & (RTE_ETH_RSS_IP | RTE_ETH_RSS_UDP);

	if (p->queues < 2 || !hash || dp_port_is_tap(p->config))
		return;
	p->rss = true;
	conf->rxmode.mq_mode = RTE_ETH_MQ_RX_RSS;
	conf->rx_adv_conf.rss_conf.rss_hf = hash;
}

/*
 * Sets up the queues. Their descriptors are on the device's NUMA node, because the device reads
 * them.
 */
static int make_queues(struct dp_port *p, struct rte_mempool *const *pool)
{
	unsigned socket = p->node < 0 ? (unsigned)SOCKET_ID_ANY : (unsigned)p->node;
	int error;

	p->rx_descriptors = p->tx_descriptors = DP_DESCRIPTORS;
	error = rte_eth_dev_adjust_nb_rx_tx_desc(p->id, &p->rx_descriptors, &p->tx_descriptors);
	for (uint16_t q = 0; !error && q < p->queues; q++) {
		error = rte_eth_rx_queue_setup(p->id, q, p->rx_descriptors, socket, NULL, pool[q]);
		if (!error)
			error = rte_eth_tx_queue_setup(p->id, q, p->tx_descriptors, socket, NULL);
	}
	return error;
}

/* Whether packets to this driver's devices are read by another core. */
static bool read_by_cpu(const char *driver)
{
	static const char *const such[] = {
		"net_virtio", "net_virtio_user", "net_vhost", "net_memif", "net_tap"};

	for (unsigned i = 0; i < RTE_DIM(such); i++)
		if (strcmp(driver, such[i]) == 0)
			return true;
	return false;
}

static int configure_port(struct dp_port *p, const struct rte_eth_dev_info *info,
	struct rte_mempool *const *pool)
{
	struct rte_eth_conf conf;
	bool one_pool = true;
	int error;

	for (unsigned i = 1; i < p->queues; i++)
		one_pool &= pool[i] == pool[0];
	choose_offloads(p, info, &conf, one_pool);
	choose_rss(p, info, &conf);
	p->mtu = p->config->mtu;
	error = rte_eth_dev_configure(p->id, p->queues, p->queues, &conf);
	if (!error)
		error = set_mac(p);
	/*
	 * A driver without this call keeps its default, which is enough for Ethernet's 1500 bytes.
	 */
	if (!error && rte_eth_dev_set_mtu(p->id, p->mtu) && p->mtu > RTE_ETHER_MTU)
		error = -ENOTSUP;
	if (!error)
		error = make_queues(p, pool);
	return error ? error : rte_eth_dev_start(p->id);
}

static int start_port(struct dp_port *p, struct rte_mempool *const *pool, unsigned workers, char *err,
	size_t err_size)
{
	const char *device = p->config->device;
	struct rte_eth_dev_info info;
	int error = rte_eth_dev_get_port_by_name(device, &p->id);

	if (!error)
		error = rte_eth_dev_info_get(p->id, &info);
	if (error) {
		snprintf(err, err_size, "port %s: no such device, or no driver took it (%s)", device,
			rte_strerror(-error));
		return -error;
	}
	snprintf(p->driver, sizeof(p->driver), "%s", info.driver_name);
	p->read_by_cpu = read_by_cpu(p->driver);
	if (workers > info.max_rx_queues || workers > info.max_tx_queues) {
		snprintf(err, err_size,
			"port %s: its driver %s has %u RX and %u TX queues, and every one of %u workers "
			"needs one of each",
			device, p->driver, info.max_rx_queues, info.max_tx_queues, workers);
		return ENOTSUP;
	}
	p->node = dp_port_node(p->config);
	p->queues = (uint16_t)workers;
	error = configure_port(p, &info, pool);
	if (error) {
		snprintf(err, err_size, "port %s (%s) does not start: %s", device, p->driver,
			rte_strerror(-error));
		return -error;
	}
	/*
	 * Neighbour solicitations are multicast. A device without multicast filters may refuse
	 * this.
	 */
	(void)rte_eth_allmulticast_enable(p->id);
	return 0;
}

static void start_steering(struct dp_port *p, const struct sh_config *c)
{
	struct dp_steering_want want = {
		.workers = p->queues,
		.udp_base = c->network.udp_port_base,
		.udp_ports = (uint32_t)c->network.udp_port_last - c->network.udp_port_base + 1,
		.rss = p->rss,
	};

	for (uint32_t i = 0; i < p->config->address_count; i++) {
		want.ip4 |= p->config->address[i].addr.family == 4;
		want.ip6 |= p->config->address[i].addr.family == 6;
	}
	dp_steering_start(&p->steering, p->id, &want);
}

int dp_ports_start(struct dp_ports *p, const struct sh_config *c, struct rte_mempool *const *pool,
	unsigned workers, char *err, size_t err_size)
{
	for (uint32_t i = 0; i < c->network.port_count; i++) {
		struct dp_port *port = &p->port[i];
		int error;

		port->config = &c->network.port[i];
		port->no_udp_sum = !c->dataplane.udp_checksum;
		error = start_port(port, pool, workers, err, err_size);
		if (error)
			return error;
		p->by_id[port->id] = port;
		p->count++;
		start_steering(port, c);
	}
	return 0;
}

void dp_ports_stop(struct dp_ports *p)
{
	for (unsigned i = 0; i < p->count; i++) {
		dp_steering_stop(&p->port[i].steering, p->port[i].id);
		rte_eth_dev_stop(p->port[i].id);
		rte_eth_dev_close(p->port[i].id);
	}
	p->count = 0;
}

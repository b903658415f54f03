/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_DATAPLANE_DEVICE_PORTS_H
#define SPATE_DATAPLANE_DEVICE_PORTS_H

/* The DPDK ports of the configuration: opened at start, read only from then on. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <rte_ethdev.h>
#include <rte_mempool.h>

#include "shared/config.h"
#include "dataplane/device/offloads.h"
#include "dataplane/device/steering.h"

enum { DP_DESCRIPTORS = 512 };

struct dp_port {
	uint16_t id; /* DPDK's */
	const struct sh_config_port *config;
	char driver[32];
	uint8_t mac[6]; /* ours */
	uint16_t mtu; /* longest IP packet */
	bool rx_ip_sum, rx_udp_sum; /* the device checks them */
	bool tx_ip_sum, tx_udp_sum; /* the device fills them in */
	int node; /* NUMA; -1: none */
	uint16_t queues, rx_descriptors, tx_descriptors;
	bool rss; /* it spreads packets over its queues */
	struct dp_offloads offloads;
	struct dp_steering steering;
	uint64_t counter_id[SH_PORT_COUNTERS]; /* the driver's, of those in the statistics */
};

struct dp_ports {
	unsigned count;
	struct dp_port port[SH_MAX_PORTS];
	const struct dp_port *by_id[RTE_MAX_ETHPORTS]; /* NULL: not ours */
};

/*
 * Configures and starts every port with one RX and one TX queue for each of `workers`;
 * `pool[i]` is worker i's; then chooses how packets get to their workers. 0, or errno with an operator's message in `err`.
 */
int dp_ports_start(struct dp_ports *p, const struct sh_config *c, struct rte_mempool *const *pool,
	unsigned workers, char *err, size_t err_size);
void dp_ports_stop(struct dp_ports *p);

/* The NUMA node of a PCI device that has been probed; SOCKET_ID_ANY (-1): none, or no such device. */
int dp_port_node(const struct sh_config_port *c);
/* Whether the device is named by its PCI address. */
bool dp_port_is_pci(const struct sh_config_port *c);
/* Whether the device is a TAP interface that the PMD makes. */
bool dp_port_is_tap(const struct sh_config_port *c);
/* The kernel's name of a TAP, from "iface=" in the device arguments. */
void dp_port_tap_name(const struct sh_config_port *c, char *out, size_t size);

/* Whether `ip` (network order, 4 or 16 bytes by family) is one of the port's addresses. */
bool dp_port_has(const struct dp_port *p, uint8_t family, const uint8_t *ip);

/* A port's place in `p`, by DPDK's id; of one that is not ours 0, so that a transport without a path has a place. */
static inline unsigned dp_port_index(const struct dp_ports *p, uint16_t id)
{
	return p->by_id[id] ? (unsigned)(p->by_id[id] - p->port) : 0;
}

/*
 * From which of our addresses, and by which port, packets go to `remote`: where it is on the
 * link, else the first address of its family. False: there is none.
 */
bool dp_ports_toward(const struct dp_ports *p, const struct sh_addr *remote, struct sh_addr *local,
	uint16_t *port_id);

/*
 * Whether packets may be sent along a path that the control plane names: a port and an
 * address of ours, the UDP port of the worker, a neighbour and an address to send to.
 */
bool dp_ports_path_valid(const struct dp_ports *p, const struct sh_path *path, uint16_t udp_port);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_DATAPLANE_DEVICE_PORTS_H
#define SPATE_DATAPLANE_DEVICE_PORTS_H

/* Starts and stops the DPDK ports of the configuration. Between the two, workers only read this. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <rte_ethdev.h>
#include <rte_mempool.h>

#include "dataplane/device/offloads.h"
#include "dataplane/device/steering.h"
#include "shared/config.h"

enum { DP_DESCRIPTORS = 512 }; /* of each queue, unless the driver wants another number */

struct dp_exception;

struct dp_port {
	uint16_t id; /* DPDK's port_id */
	const struct sh_config_port *config;
	char driver[32];
	uint8_t mac[6]; /* our MAC address */
	uint16_t mtu; /* longest IP packet */
	bool rx_ip_sum, rx_udp_sum; /* the device checks these checksums */
	bool tx_ip_sum, tx_udp_sum; /* the device fills in these checksums */
	bool no_udp_sum; /* nobody fills in UDP's over IPv4: dataplane.udp_checksum is off */
	bool read_by_cpu; /* another core reads what is sent, not a device by DMA */
	int node; /* NUMA node; -1: none */
	uint16_t queues; /* RX and TX queues, one of each per worker */
	uint16_t rx_descriptors, tx_descriptors; /* per queue */
	bool rss; /* the device distributes packets over its queues by a hash */
	struct dp_offloads offloads;
	struct dp_steering steering;
	struct dp_exception *exception; /* device/exception.h; NULL: what is not Spate's is dropped */
	uint64_t counter_id[SH_PORT_COUNTERS]; /* the driver's ids of the counters in the statistics */
};

struct dp_ports {
	unsigned count;
	struct dp_port port[SH_MAX_PORTS];
	const struct dp_port *by_id[RTE_MAX_ETHPORTS]; /* by port_id; NULL: not configured */
};

/*
 * Configures and starts every port with one RX and one TX queue for each of `workers`; `pool[i]` is
 * worker i's packet pool. Then chooses the steering method. 0, or errno with an operator's message
 * in `err`; dp_ports_stop() then stops the ports that have started.
 */
int dp_ports_start(struct dp_ports *p, const struct sh_config *c, struct rte_mempool *const *pool,
	unsigned workers, char *err, size_t err_size);
void dp_ports_stop(struct dp_ports *p);

/*
 * Returns the NUMA node of a PCI device that has been probed; SOCKET_ID_ANY (-1): none, or no such
 * device.
 */
int dp_port_node(const struct sh_config_port *c);
/* Whether the device is named by its PCI address. */
bool dp_port_is_pci(const struct sh_config_port *c);
/* Whether the device is a TAP, whose interface DPDK's driver creates. */
bool dp_port_is_tap(const struct sh_config_port *c);
/* Writes the kernel's name of a TAP, from "iface=" in the device arguments or DPDK's default. */
void dp_port_tap_name(const struct sh_config_port *c, char *out, size_t size);

/* Whether `ip` (network byte order, 4 or 16 bytes by family) is one of the port's addresses. */
bool dp_port_has(const struct dp_port *p, uint8_t family, const uint8_t *ip);

/*
 * Returns the port_index of a port_id. It is 0 for a port that is not configured, so that a
 * transport without a path has an index too.
 */
static inline unsigned dp_port_index(const struct dp_ports *p, uint16_t id)
{
	return p->by_id[id] ? (unsigned)(p->by_id[id] - p->port) : 0;
}

/*
 * Chooses the local address and the port (DPDK's port_id) for packets to `remote`: an address whose
 * prefix contains it, otherwise the first address of its family. False: we have none of that
 * family.
 */
bool dp_ports_toward(const struct dp_ports *p, const struct sh_addr *remote, struct sh_addr *local,
	uint16_t *port_id);

/*
 * Whether packets may be sent along a path that the control plane names: it must have a port and an
 * address of ours, the worker's UDP port, a neighbour's unicast MAC address, a valid VLAN, and a
 * remote address of the same family with a UDP port.
 */
bool dp_ports_path_valid(const struct dp_ports *p, const struct sh_path *path, uint16_t udp_port);

#endif

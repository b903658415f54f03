/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_DATAPLANE_DEVICE_STEERING_H
#define SPATE_DATAPLANE_DEVICE_STEERING_H

/*
 * Steers packets to the RX queue of the worker that owns their UDP port: by flow rules if the
 * device accepts them, otherwise by RSS or by the device's own distribution. A packet that arrives
 * in another worker's queue is handed off (path/steer.c), so a missing rule only costs time.
 */

#include <stdbool.h>
#include <stdint.h>

#include <rte_flow.h>

#include "shared/port_stats.h"

/* The input of the choice for one port. */
struct dp_steering_want {
	uint16_t workers;
	uint16_t udp_base; /* worker i's port is udp_base + i */
	/*
	 * size of the range from udp_base on; the ports after the workers' are for plain transports
	 */
	uint32_t udp_ports;
	bool ip4, ip6; /* the port has an address of this family */
	bool rss; /* the device distributes packets by RSS */
};

/* The chosen method of one port, and its flow rules. */
struct dp_steering {
	enum sh_steering method;
	unsigned rules; /* entries of rule[] */
	struct rte_flow *rule[2 * SH_MAX_WORKERS];
	char reason[SH_PORT_REASON]; /* why flow rules do not cover all UDP ports; "": they do */
};

/*
 * Chooses a method for a port (DPDK's port_id) that has been started, and creates its flow rules.
 */
void dp_steering_start(struct dp_steering *s, uint16_t port, const struct dp_steering_want *want);
/* Removes the flow rules. Must be called before the port is stopped. */
void dp_steering_stop(struct dp_steering *s, uint16_t port);

#endif
